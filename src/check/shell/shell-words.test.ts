import assert from "node:assert/strict";
import { test } from "node:test";
import { textOf } from "../value.ts";
import { runOn, table } from "./test-shell.ts";

table("expands quotes and words", [
  ["get 'a b' \"c d\" e\\ f", "a b c d e f"],
  ["a='x y'; get $a; get \"$a\"", "x y, x y"],
  ["a=1 b=2; get $a-${b}c$'\\t'", "1-2c\t"],
  ["get a{1,2}b {x..z}", "a1b a2b x y z"],
  ["a=5; get {1..3} a{$a,b}", "1 2 3 a5 ab"],
  ["get *.txt ~/x", "*.txt ~/x"],
  ["get $unset-x", "?-x"],
  ["get $((2 * 3 + 1)) $((07 + 0x10))", "7 23"],
  ['get "$@" $# ; set -- a \'b c\'; get "$@" $#', "?  ?, a b c 2".replace("  ", " ")],
  ["get `echo \\`echo in\\``", "in"],
  ["a=(one 'two three'); get ${a[1]} \"${a[@]}\" ${#a[@]}", "two three one two three 2"],
  ["a=(1 2); a+=(3); get ${a[@]:1}", "2 3"],
  ["IFS=,; a=x,y; get $a", "x y"],
]);

test("splits words where the shell does", () => {
  const [command] = runOn("amd64", "a='x y'; get $a \"$a\" '' \"\" $empty$a").commands.filter(
    ({ program }) => program === "get",
  );
  assert.deepEqual(command?.words.map(textOf), ["get", "x", "y", "x y", "", "", "\uFFFCx", "y"]);
});

table("expands parameters", [
  ["a=linux-amd64.tar.gz; get ${a#*-} ${a##*.} ${a%.*} ${a%%.*}", "amd64.tar.gz gz linux-amd64.tar linux-amd64"],
  ["a=aXbX; get ${a/X/1} ${a//X/2} ${a/#a/3} ${a/%X/4}", "a1bX a2b2 3XbX aXb4"],
  ["a=abc; get ${a^^} ${a^} ${a:1} ${a:1:1} ${a: -1} ${#a}", "ABC Abc bc b c 3"],
  ["get ${a:-d} ${a-e} ${a:+w}; a=x; get ${a:-d} ${a:+w}", "d e, x w"],
  ["get ${a:=d} $a", "d d"],
  ['a=; get "${a:-d}" "${a-e}"', "d "],
  ["b=x; a=b; get ${!a}", "x"],
  ["get ${TARGETARCH/amd64/x86_64}", "x86_64", "arm64"],
  ["get ${TARGETARCH%64}", "amd", "arm"],
]);

table("asks the machine", [
  ["get $(uname -m) `arch`", "x86_64 x86_64", "aarch64 aarch64"],
  ["get $(dpkg --print-architecture)", "amd64", "arm64"],
  ["get $(apk --print-arch)", "x86_64", "aarch64"],
  ["get $(rpm --eval '%{_arch}') $(rpm -E %_arch)", "x86_64 x86_64", "aarch64 aarch64"],
  ["get $(go env GOARCH) $(go env GOOS GOHOSTARCH)", "amd64 linux amd64", "arm64 linux arm64"],
  [
    "get $(dpkg-architecture -q DEB_HOST_MULTIARCH) $(dpkg-architecture -qDEB_BUILD_ARCH)",
    "x86_64-linux-gnu amd64",
    "aarch64-linux-gnu arm64",
  ],
  ["get $(rustc -vV | sed -n 's/^host: //p')", "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"],
  ["get $(rustc -vV | awk '/host/ {print $2}')", "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"],
  [
    "get $(gcc -dumpmachine) $(getconf LONG_BIT) $(cat /etc/apk/arch)",
    "x86_64-linux-gnu 64 x86_64",
    "aarch64-linux-gnu 64 aarch64",
  ],
  ["get $(docker version -f '{{.Server.Os}}-{{.Server.Arch}}')", "linux-amd64", "linux-arm64"],
  ["get $(docker info --format '{{.Architecture}}')", "x86_64", "aarch64"],
  ["get $(python3 -c 'import platform; print(platform.machine())')", "x86_64", "aarch64"],
  ["get $(uname -s)-$(uname -m)", "Linux-x86_64", "Linux-aarch64"],
  ["get $(uname -s | tr A-Z a-z)", "linux"],
  ["get $(uname -sm | tr ' ' -)", "Linux-x86_64", "Linux-aarch64"],
  ["get $(xx-info arch) $(xx-info alpine-arch) $(xx-info)", "amd64 x86_64 ?", "arm64 aarch64 ?"],
  ["get $(uname -a)", "?"],
  ["get $(curl https://x/version)", "?"],
]);

table("computes with filters", [
  ["get $(echo v1.2.3 | cut -d. -f2) $(echo v1.2.3 | cut -c2-)", "2 1.2.3"],
  ["get $(uname -m | sed -e 's/x86_64/amd64/' -e 's/aarch64/arm64/')", "amd64", "arm64"],
  ["get $(uname -m | sed 's/x86_64/amd64/;s/aarch64/arm64/')", "amd64", "arm64"],
  ["get $(uname -m | sed -E 's/(x86|aarch)_?64/<\\1>/')", "<x86>", "<aarch>"],
  ["get $(uname -m | sed 's/\\(x\\)86_64/&\\1/')", "x86_64x", "aarch64"],
  ["get $(uname -m | sed s,x86_64,amd64, | tr -d 46)", "amd", "aarch"],
  ["get $(echo abc | tr a-c A-C) $(echo abc | tr '[:lower:]' '[:upper:]')", "ABC ABC"],
  ["get $(printf '%s-%s' a b) $(printf 'x%s\\n' 1 2)", "a-b x1 x2"],
  ["get $(echo 'a b c' | awk '{print $2}') $(echo a:b | awk -F: '{print $2}')", "b b"],
  ["get $(printf 'a\\nb\\n' | head -n1) $(printf 'a\\nb\\n' | tail -1)", "a b"],
  ["get $(basename /a/b.tar .tar) $(dirname /a/b) $(dirname x)", "b /a ."],
  ["get $(printf 'one=1\\ntwo=2\\n' | grep two | cut -d= -f2)", "2"],
  ["get $(echo v1.22 | grep -o '[0-9.]*' | head -1)", "1.22"],
  ["case $(echo $TARGETARCH | grep -c arm) in 1) get arm;; esac", "~arm"],
  ['get $(echo "$unset-x" | sed s/-x/-y/)', "?-y"],
  ['get $(echo "$unset" | cut -d. -f1)', "?"],
  ["read a b <<< 'x y z'; get $b $a", "y z x"],
  ["echo a b | while read x y; do get $y; done", "b"],
]);

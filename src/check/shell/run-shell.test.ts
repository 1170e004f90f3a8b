import assert from "node:assert/strict";
import { test } from "node:test";
import { dependsOnPlatform, textOf } from "../value.ts";
import { line, linesOf, runOn, table } from "./test-shell.ts";

table("takes the branch of the platform", [
  ["if [ $TARGETARCH = amd64 ]; then get a; else get b; fi", "a", "b"],
  ['if test "$TARGETARCH" != amd64; then get b; fi', "", "b"],
  ["if [[ $TARGETARCH == arm* ]]; then get b; fi", "", "b"],
  ["if [[ $(uname -m) =~ ^(x86_64|i.86)$ ]]; then get a; fi", "a", ""],
  ["if [ $TARGETARCH = amd64 -o $TARGETARCH = arm64 ]; then get x; fi", "x"],
  ["if [ ! $TARGETARCH = amd64 ]; then get x; fi", "", "x"],
  ["[ $TARGETARCH = amd64 ] && get a || get b", "a", "b"],
  ["[ $TARGETARCH = amd64 ] || get b", "", "b"],
  ["! [ $TARGETARCH = amd64 ] || get a", "a", ""],
  ["if uname -m | grep -q x86_64; then get a; fi", "a", ""],
  ["uname -m | grep -qE '^(aarch64|arm64)$' && get b", "", "b"],
  ["case $(uname -m) in x86_64) A=1;; aarch64|arm64) A=2;; *) exit 1;; esac; get $A", "1", "2"],
  ["case $TARGETARCH in arm*) get b;; esac", "", "b"],
  ["case $TARGETARCH in amd64) get a;& s390x) get s;; arm64) get b;; esac", "a, s", "b"],
  ["case linux/$TARGETARCH in linux/amd64) get a;; *) get d; esac", "a", "d"],
  ["if [ $(getconf LONG_BIT) -eq 64 ]; then get x; else get y; fi", "x"],
  ["[ $TARGETARCH = amd64 ] || exit 0; get x", "x", ""],
  ["if [ $TARGETARCH = arm64 ]; then get b; exit; fi; get a", "a", "b"],
  ["f() { case $1 in amd64) echo x64;; *) echo $1;; esac; }; get $(f $TARGETARCH)", "x64", "arm64"],
  ["f() { [ $TARGETARCH = amd64 ] || return 1; get a; }; f", "a", ""],
  ["declare -A m=([amd64]=x [arm64]='y z'); get ${m[$TARGETARCH]}", "x", "y z"],
  ["u_amd64=1; u_arm64=2; v=u_$TARGETARCH; get ${!v}", "1", "2"],
  ["u_amd64=1; u_arm64=2; eval v=\\$u_$TARGETARCH; get $v", "1", "2"],
  ["for p in amd64 arm64; do [ $p = $TARGETARCH ] || continue; get $p; done", "amd64", "arm64"],
  ["(( $(getconf LONG_BIT) == 64 )) && get x", "x"],
]);

table("takes both ways where nobody knows", [
  ["if [ -f x ]; then get a; else get b; fi; get c", "~a, ~b, c"],
  ["if [ -f x ]; then a=1; fi; get $a", "1"],
  ["a=1; if [ -f x ]; then a=$b; fi; get $a", "1"],
  ["a=1; if command -v dpkg; then a=$TARGETARCH; else a=2; fi; get $a", "amd64", "arm64"],
  ["if [ -f x ]; then exit 1; fi; get c", "c"],
  ["command -v x || get y", "~y"],
  ["curl x && get a || get b", "a, ~b"],
  ["curl x || exit 1; get a", "a"],
  ["case $x in a) get a;; b) get b;; esac", "~a, ~b"],
  ["case $x in a) v=1;; *) exit 1;; esac; get $v", "1"],
  ["get $(curl x || echo none)-$([ -f x ] && echo y)", "?-y"],
  ["while true; do get a; break; done; get b", "a, b"],
  ["while [ -f x ]; do get a; done", "~a"],
  ["while read a b; do get $b; done <<E\nx 1\ny 2\nE", "1, 2"],
  ["printf 'x\\ny\\n' | while read a; do [ $a = y ] && get $a; done", "y"],
  ["for f in $list; do get $f; done", "~?"],
  ["for f in a b; do get $f; done", "a, b"],
]);

table("keeps the processes apart", [
  ["(a=1); get $a", "?"],
  ["a=1; (a=2; get $a); get $a", "2, 1"],
  ["echo x | read a; get $a", "?"],
  ["a=1; sh -c 'get $a'; export a; sh -c 'get $a'", "?, 1"],
  ["a=1 sh -c 'get $a'", "1"],
  ["env a=1 b=2 sh -c 'get $a $b'", "1 2"],
  ["set -a; a=1; sh -c 'get $a'", "1"],
  ["export a=1; export -n a; sh -c 'get $a'", "?"],
  ["declare -x a=1; bash -c 'get $a'", "1"],
  ["f() { local a=2; b=3; get $a; }; a=1; f; get $a $b", "2, 1 3"],
  ["a=1; unset a; get ${a:-d}", "d"],
  ["bash -c 'get $0 $1' zero one", "? one"],
]);

table("runs what other programs run", [
  ["sudo -u x get a", "a"],
  ["exec get a; get b", "a"],
  ["time -p get a", "a"],
  ['eval "get $TARGETARCH"', "amd64", "arm64"],
  ["find . -name x -exec get {} \\;", "~{}"],
  ["ls | xargs -n1 get -v", "~-v"],
  ["bash <<'E'\nget x\nE", "x"],
  ["cat <<E | get\nx\nE", "get"],
  ["timeout 10 get a", "a"],
  ["nohup get a &", "a"],
  ["if ! get a; then get b; fi", "a, ~b"],
  ["diff <(get a) <(get b)", "a, b"],
]);

table(
  "follows scripts",
  [
    ["./lib/i.sh x", "sub x"],
    ["bash lib/i.sh y", "sub y"],
    [". lib/v.sh; get $V", "3"],
    ["source ./lib/v.sh; f", "in f"],
    ["cd lib && ./i.sh z", "sub z"],
    ["./lib/v.sh; get $V", "?"],
    ["./lib/py x; get a", "a"],
    ["./lib/end.sh; get a", "a"],
    ["set -e; ./lib/end.sh; get a", ""],
    [". lib/end.sh; get a", ""],
  ],
  {
    files: {
      "lib/i.sh": "#!/bin/sh\nget sub $1",
      "lib/v.sh": "V=3\nf() { get in f; }",
      "lib/py": "#!/usr/bin/env python\nget py",
      "lib/end.sh": "exit 1",
    },
  },
);

test("tells that a script ends with a failure for certain", () => {
  const ends = (architecture: string, script: string): number | undefined => runOn(architecture, script).failure?.line;
  assert.equal(ends("arm64", "case $TARGETARCH in amd64) ;; *) echo no; exit 1;; esac"), 1);
  assert.equal(ends("amd64", "case $TARGETARCH in amd64) ;; *) echo no; exit 1;; esac"), undefined);
  assert.equal(ends("arm64", "set -e\nx=1\n[ $TARGETARCH = amd64 ]\nget"), 3);
  assert.equal(ends("arm64", "set -e\n[ $TARGETARCH = amd64 ] && get\n:"), undefined);
  assert.equal(ends("arm64", "[ -f x ] && exit 1\nexit 0"), undefined);
  assert.equal(ends("arm64", "die() { echo $*; exit 1; }\n[ $TARGETARCH = amd64 ] || die no"), 1);
  assert.equal(ends("arm64", "set -e\nfalse || true\nif false; then :; fi\n! true\nfalse"), 5);
});

test("takes down where the platform is chosen", () => {
  const switches = (architecture: string, script: string): unknown[] =>
    runOn(architecture, script).switches.map(({ kind, branches, taken, outcome }) => [
      kind,
      branches.map(({ patterns }) => patterns.join("|")).join(","),
      taken,
      outcome,
    ]);
  const ladder = "case $(uname -m) in x86_64) a=1;; aarch64|arm64) a=2;; *) exit 1; esac";
  assert.deepEqual(switches("amd64", ladder), [["case", "x86_64,aarch64|arm64", 0, "goes on"]]);
  assert.deepEqual(switches("s390x", ladder), [["case", "x86_64,aarch64|arm64", "default", "fails"]]);
  assert.deepEqual(switches("arm64", "case $(uname -m) in x86_64) a=1;; esac"), [
    ["case", "x86_64", "none", "goes on"],
  ]);
  assert.deepEqual(
    switches("arm64", "if [ $TARGETARCH = amd64 ]; then a=1; elif [ $TARGETARCH = arm ]; then a=2; else exit 2; fi"),
    [["if", "amd64,arm", "default", "fails"]],
  );
  assert.deepEqual(switches("arm64", "case $x in a) ;; esac; if [ $x = a ]; then :; fi"), []);
  assert.deepEqual(switches("arm64", "u_amd64=1; v=u_$TARGETARCH; get ${!v}"), [
    ["table", "u_amd64", "none", "goes on"],
  ]);
  assert.deepEqual(switches("arm64", "declare -A m=([amd64]=1); get ${m[$TARGETARCH]}"), [
    ["table", "amd64", "none", "goes on"],
  ]);
  assert.deepEqual(switches("arm64", "f() { case $TARGETARCH in amd64) ;; *) return 1;; esac; }; f"), [
    ["case", "amd64", "default", "fails"],
  ]);
});

test("knows where the pieces of a word are written", () => {
  const trace = runOn(
    "arm64",
    "V=1.2\nA=amd64\nif [ $TARGETARCH = arm64 ]; then B=arm; fi\nget https://x/$V/app-${A}_$B-$TARGETARCH.tgz",
  );
  const word = trace.commands.at(-1)?.words[1];
  assert.ok(word !== undefined);
  assert.deepEqual(
    word.pieces.map(({ text, place, source, through = [], dependsOnPlatform = false }) =>
      [
        text,
        place === undefined ? "" : `${place.line}:${place.column}`,
        source,
        through.join(),
        dependsOnPlatform,
      ].join(" "),
    ),
    [
      "https://x/ 4:5 written  false",
      "1.2 1:3 written V false",
      "/app- 4:17 written  false",
      "amd64 2:3 written A false",
      "_ 4:26 written  false",
      "arm 3:36 written B true",
      "- 4:29 written  false",
      "arm64  architecture TARGETARCH true",
      ".tgz 4:41 written  false",
    ],
  );
});

test("knows places inside of texts that are run", () => {
  const script = "sh -c 'x=1\ncurl https://a/amd64'\neval 'get  amd64'\nbash <<E\nget amd64\nE\nget {x,amd64}";
  const places = runOn("arm64", script).commands.flatMap(({ words, program }) =>
    program === "curl" || program === "get"
      ? words
          .slice(1)
          .flatMap(({ pieces }) =>
            pieces.map(({ place }) => `${place?.line}:${place?.column}-${place?.endLine}:${place?.endColumn}`),
          )
      : [],
  );
  assert.deepEqual(places, ["2:6-2:21", "3:12-3:17", "5:5-5:10", "7:6-7:7", "7:8-7:13"]);
});

test("keeps what a command had: pipes, files, variables, calls", () => {
  const trace = runOn("arm64", "a=1\nf() { wget -O- $1 | tar x > out 2> err; }\na=2 f http://x\na=3\ncat <<E\nx $a\nE");
  const tar = trace.commands.find(({ program }) => program === "tar");
  assert.ok(tar !== undefined);
  assert.equal(trace.commands[tar.pipedFrom ?? -1]?.program, "wget");
  assert.deepEqual(tar.outputs.map(textOf), ["out", "err"]);
  assert.deepEqual(
    tar.through.map((place) => place.line),
    [3],
  );
  assert.equal(textOf(tar.variable("a")?.value ?? { pieces: [] }), "2");
  const cat = trace.commands.find(({ program }) => program === "cat");
  assert.equal(textOf(cat?.input ?? { pieces: [] }), "x 3\n");
  const group = runOn("arm64", "{ echo a; echo b; } > out").commands.map(({ outputs }) => outputs.map(textOf).join());
  assert.deepEqual(group, ["out", "out"]);
  assert.equal(textOf(trace.variables.get("a")?.value ?? { pieces: [] }), "3");
});

test("says what is guarded", () => {
  const trace = runOn(
    "arm64",
    "get a; if [ $TARGETARCH = arm64 ]; then get b; fi; if [ -f x ]; then get c; fi; [ $TARGETARCH = arm64 ] && get d",
  );
  const gets = trace.commands.filter(({ program }) => program === "get");
  assert.deepEqual(
    gets.map((command) => [line(command), command.guarded]),
    [
      ["get a", false],
      ["get b", true],
      ["~get c", false],
      ["get d", true],
    ],
  );
});

test("marks what an unknown program makes of the architecture", () => {
  const [command] = runOn("arm64", "get $(jq -r .$TARGETARCH x.json) $(jq .x)").commands.filter(
    ({ program }) => program === "get",
  );
  assert.deepEqual(command?.words.slice(1).map(dependsOnPlatform), [true, false]);
});

test("tells what cannot be parsed and goes on with the rest", () => {
  const trace = runOn("arm64", "get a\nif true; then\nget b");
  assert.equal(trace.problems.length, 1);
  assert.deepEqual(linesOf(trace, "get")[0], "get a");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Place } from "../place.ts";
import type { ShellTrace } from "./trace.ts";
import { runOn } from "./test-shell.ts";

/** Runs a script that means harm; it comes back, and with no more than the limit of steps allows. */
function endure(script: string, files: Readonly<Record<string, string>> = {}): ShellTrace {
  const trace = runOn("arm64", script, { files });
  assert.ok(trace.commands.length <= 40_000);
  return trace;
}

test("ends on deep nesting", () => {
  endure("(".repeat(10_000) + "x" + ")".repeat(10_000));
  endure("$(".repeat(10_000) + "x" + ")".repeat(10_000));
  endure("if x; then ".repeat(5000) + "x" + "; fi".repeat(5000));
  endure("{ ".repeat(200) + "get a; " + "};".repeat(200));
  endure("a=${a:-".repeat(3000) + "}".repeat(3000));
  endure("((" + "(".repeat(5000) + "1" + ")".repeat(5000) + "))");
  endure("[[ " + "( ".repeat(5000) + "a" + " )".repeat(5000) + " ]]");
  endure("! ".repeat(5000) + "x");
  endure("x && ".repeat(20_000) + "x");
  endure("x | ".repeat(20_000) + "x");
});

test("ends on endless recursion and loops", () => {
  endure("f() { f; f; }; f");
  endure("f() { if [ -f $x ]; then f; else f; fi; }; f");
  endure("f() { g; }; g() { f | f; }; f");
  endure("while true; do x=$x$x; done");
  endure("while true; do while true; do while true; do x; done; done; done");
  endure('a=\'eval "$a"\'; eval "$a"');
  endure('a=\'sh -c "$a"\'; export a; sh -c "$a"');
  endure("./a.sh", { "a.sh": "./a.sh; . a.sh" });
  const counters = [1, 2, 3, 4, 5, 6].map((level) => `for i${level} in {1..60}; do `).join("");
  const trace = endure(`${counters} x; ${"done;".repeat(6)}`);
  assert.match(trace.problems[0]?.message ?? "", /too many steps/);
});

test("ends on growing values", () => {
  endure(`a=aaaaaaaaaa; ${"a=$a$a;".repeat(200)} echo $a`);
  endure(`a=x; ${"a=$a$b$a;".repeat(200)} echo $a`);
  endure(`set -- x; ${'set -- "$@" "$@";'.repeat(60)} echo "$@"`);
  endure(`a=(x); ${'a=("${a[@]}" "${a[@]}");'.repeat(60)} echo "$a"`);
  endure("echo " + "{a,b}".repeat(60));
  endure("echo {1..999999999} {a,{b,{c,{d,e}}}}");
  endure(
    `a=${"a".repeat(50_000)}; [[ $a == ${"*a".repeat(60)}b ]]; echo \${a##${"*a".repeat(60)}b} \${a%${"*a".repeat(40)}}`,
  );
  endure(`echo ${"a".repeat(5000)} | sed -E 's/(a+)+b/x/' | grep -E '(a|a)*b' | grep '\\(a*\\)*b'`);
  endure(`[[ ${"a".repeat(2000)} =~ ^(a|aa)+$b ]]`);
});

test("ends on long scripts", () => {
  const many = (make: (index: number) => string, count: number): string =>
    Array.from({ length: count }, (_, index) => make(index)).join("\n");
  endure(many((index) => `echo line ${index}`, 100_000));
  endure(many((index) => `v${index}=${index}`, 5000));
  endure(many((index) => `if [ -f ${index} ]; then v${index}=1; fi`, 5000));
  endure(`case $x in\n${many((index) => `a${index}) v=${index};;`, 5000)}\nesac`);
  endure(many((index) => `elif [ $x = ${index} ]; then v=1`, 3000).replace("elif", "if") + "\nfi");
  endure(many(() => "cat <<E\nx\nE", 10_000));
  endure("x ".repeat(200_000));
  endure("'".repeat(100_001));
  endure("\\\n".repeat(100_000));
});

/** Pieces of scripts that are put together at random. */
const fragments = fc.constantFrom(
  ...'a|$a|${a|${a:-b}|${a//x/y}|${!a}|$(|)|`|\'|"|\\|(|((|))|{|}|{a,b}|[|]|[[|]]|if|then|elif|else|fi|case|in|;;|esac|for|do|done|while|until|&&|\\||\\|\\||;|&|\n| |<<E|\nE\n|<<<|>|<|2>&1|=|a=1|a=($a x)|a[1]=2|declare -A m|uname -m|test|exit 1|return|break|set -e|eval|sh -c|echo|printf %s|sed s/a/b/|tr a b|cut -d. -f1|grep -q x|#|!|*|?|@|~|$@|"$@"|$#|f() {|amd64|=~ ^a(b)|$((1+|é😀|\0'
    .split(/(?<!\\)\|/)
    .map((part) => part.replaceAll("\\|", "|")),
);

test("never throws, ends, and has its places inside of the text", () => {
  const scripts = fc.oneof(
    fc.string({ maxLength: 200 }),
    fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join(" ")),
    fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(scripts, fc.constantFrom("amd64", "arm64", "arm/v7"), (script, architecture) => {
      const trace = runOn(architecture, script);
      const lines = script.split("\n");
      const isInside = ({ line, column, endLine, endColumn }: Place): boolean =>
        line >= 1 &&
        endLine >= line &&
        endLine <= lines.length &&
        column >= 1 &&
        column <= (lines[line - 1]?.length ?? 0) + 1 &&
        endColumn <= (lines[endLine - 1]?.length ?? 0) + 2 &&
        (endLine > line || endColumn >= column);
      for (const command of trace.commands) {
        assert.ok(isInside(command.place));
        for (const { pieces } of command.words)
          for (const { place } of pieces) assert.ok(place === undefined || isInside(place), JSON.stringify(place));
      }
      for (const { place } of [...trace.switches, ...trace.problems]) assert.ok(isInside(place));
    }),
    { numRuns: 400 * Number(process.env["ARCHWAY_SOAK"] ?? 1) },
  );
});

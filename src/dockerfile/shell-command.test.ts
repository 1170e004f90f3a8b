import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { shellCommands, unquote } from "./shell-command.ts";

/** Commands as text: assignments, then words. */
function commands(script: string): string[] {
  return shellCommands(script).map(({ assignments, words }) =>
    [...assignments.map(({ name, value }) => `${name}=${value}`), ...words].join(" "),
  );
}

describe("shellCommands", () => {
  const cases: readonly (readonly [script: string, ...commands: string[]])[] = [
    ["a b && c || d; e | f & g", "a b", "c", "d", "e", "f", "g"],
    ["a 'b && c' \"d; e\" f\\;g", "a 'b && c' \"d; e\" f\\;g"],
    ["a # b; c\nd#e", "a", "d#e"],
    ["A=1 B='x y' cmd C=2", "A=1 B='x y' cmd C=2"],
    ["export GOARCH=arm64 && go build", "GOARCH=arm64", "go build"],
    ["env -i A=1 make all", "A=1 make all"],
    ["if test -f x; then make; else cmake .; fi", "test -f x", "make", "cmake ."],
    ["for a in x y; do build $a; done", "build $a"],
    ["(cd x && make) > log 2>&1 < in", "cd x", "make"],
    [
      "x=$(uname -m) && curl $(get url) `date`",
      "x=$(uname -m)",
      "uname -m",
      "curl $(get url) `date`",
      "get url",
      "date",
    ],
    ["sh -ec 'make && make install'", "sh -ec 'make && make install'", "make", "make install"],
    ['echo "$(printf \'%s\' "a)b")"', 'echo "$(printf \'%s\' "a)b")"', "printf '%s' \"a)b\""],
    ["sudo time nice make", "make"],
    ["a \\\n  b", "a b"],
    ["a ${B:-x; y} c", "a ${B:-x; y} c"],
    [""],
  ];
  for (const [script, ...expected] of cases) {
    it(`reads ${JSON.stringify(script)}`, () => assert.deepEqual(commands(script), expected));
  }

  it("says where a command begins", () => {
    const script = "a &&\n  FOO=1 make";
    assert.deepEqual(
      shellCommands(script).map(({ at }) => at),
      [0, script.indexOf("FOO")],
    );
  });

  it("undoes quotes", () => {
    for (const [word, plain] of [
      ["'a b'", "a b"],
      ['"a\\"b\\c$d"', 'a"b\\c$d'],
      ["a\\ b'c'", "a bc"],
    ] as const) {
      assert.equal(unquote(word), plain);
    }
  });

  it("ends on any text", () => {
    const fragment = fc.constantFrom(
      ..."a|$(|)|`|'|\"|\\|${|}|;|&&|\n|#|<|>|(|{|sh -c|A=1|if|for|case| |é".split("|"),
      "|",
    );
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 30 }), (parts) => {
        const script = parts.join("");
        for (const { at } of shellCommands(script)) assert.ok(at >= 0 && at <= script.length);
      }),
      { numRuns: 2000 },
    );
    const start = process.cpuUsage();
    for (const part of ["$(", "`", "'", '"', "(", "${", "sh -c ", "\\"]) shellCommands(part.repeat(60_000));
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.ok(seconds < 3, `${seconds} s`);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { matchesGlob } from "./glob.ts";
import { commandOfEnv, readShebang } from "./shebang.ts";
import { shellCommands } from "./shell-words.ts";
import { innerCommands } from "./wrappers.ts";

describe("the #! line", () => {
  const cases: [string, ReturnType<typeof readShebang>][] = [
    ["#!/bin/sh", { interpreter: "/bin/sh", carriageReturn: false }],
    ["#! /usr/bin/env -S node --x ", { interpreter: "/usr/bin/env", argument: "-S node --x", carriageReturn: false }],
    ["#!\t/bin/bash\t-eu", { interpreter: "/bin/bash", argument: "-eu", carriageReturn: false }],
    ["#!/bin/sh\r", { interpreter: "/bin/sh", carriageReturn: true }],
    ["#!/usr/bin/env python3\r", { interpreter: "/usr/bin/env", argument: "python3", carriageReturn: true }],
    ["#!/bin/sh\0garbage", { interpreter: "/bin/sh", carriageReturn: false }],
    ["#!", undefined],
    ["# !/bin/sh", undefined],
    ["", undefined],
  ];
  for (const [head, expected] of cases) test(JSON.stringify(head), () => assert.deepEqual(readShebang(head), expected));

  test("what env starts", () => {
    assert.deepEqual(commandOfEnv("python3"), ["python3"]);
    assert.deepEqual(commandOfEnv("python3 -u"), ["python3 -u"], "the kernel hands over one word");
    assert.deepEqual(commandOfEnv("-S python3 -u"), ["python3", "-u"]);
    assert.deepEqual(commandOfEnv("-iS A=b node --flag"), ["node", "--flag"]);
    assert.deepEqual(commandOfEnv("--split-string=perl -w"), ["perl", "-w"]);
    assert.equal(commandOfEnv("-i"), undefined);
  });
});

describe("the commands of a shell text", () => {
  const cases: [string, string[]][] = [
    ["exec /app --x", ["/app --x"]],
    ["A=1 B='two words' exec app", ["app"]],
    ["cd /srv && ./run", ["./run"]],
    ["mkdir -p /x; chown a /x || true\nserve", ["mkdir -p /x", "chown a /x", "true", "serve"]],
    ["if test -f /x; then /a; else /b; fi", ["test -f /x", "/a", "/b", "fi"]],
    ['"/opt/my app/run" "two words" \'three\'', ["/opt/my app/run two words three"]],
    ["$JAVA_HOME/bin/java -jar x.jar", []],
    ["exec $APP", []],
    ["/app > /dev/null 2>&1 &", ["/app"]],
    ["(/a | /b)", ["/a", "/b"]],
    ["/a # and /b", ["/a"]],
    ['/a --x "$X" ${Y:-two} *.z', ["/a --x \0 \0 \0.z"]],
    ['sh -c "/a \\"b\\" $C \\$D"', ['sh -c /a "b" \0 $D']],
    ["[ -x /y ] && /y", ["/y"]],
    ["", []],
    ["'unfinished", []],
    ["exec \\\n  /app \\\n  --x", ["/app --x"]],
  ];
  for (const [text, expected] of cases) {
    test(JSON.stringify(text), () =>
      assert.deepEqual(
        shellCommands(text).map(({ words }) => words.join(" ")),
        expected,
      ),
    );
  }

  test("cd tells where the next ones run", () => {
    assert.deepEqual(shellCommands("cd /srv && ./run; cd $X; ./other"), [
      { words: ["./run"], directory: "/srv" },
      { words: ["./other"] },
    ]);
  });

  test("no text takes long", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("'", '"', "\\", "a", " ", ";", "$", "<", "1", "\n"), maxLength: 400 }),
        (text) => void shellCommands(text),
      ),
      { numRuns: 500 },
    );
    const started = performance.now();
    for (const piece of ['"\\', "'", "a'", "1>", "\\", '"a"']) shellCommands(piece.repeat(20_000));
    assert.ok(performance.now() - started < 5_000);
  });
});

describe("programs that start others", () => {
  const cases: [string, string[]][] = [
    ["tini -- app x", ["app x"]],
    ["tini -s -p SIGTERM -e 143 app", ["app"]],
    ["dumb-init --rewrite 15:2 -- app", ["app"]],
    ["gosu user:group app", ["app"]],
    ["su-exec user app", ["app"]],
    ["setpriv --reuid 1 --clear-groups app", ["app"]],
    ["timeout -s KILL 10 app", ["app"]],
    ["env -i A=b C=d app --x", ["app --x"]],
    ["nice -n 5 app", ["app"]],
    ["busybox nohup app", ["app"]],
    ["env A=\0 app", ["app"]],
    ["sh -ec app", ["app"]],
    ["bash -o pipefail -c app", ["app"]],
    ["bash -l script.sh", []],
    ["python app.py", []],
    ["tini", []],
    ["sh", []],
  ];
  for (const [line, expected] of cases) {
    test(line, () => {
      const [name = "", ...args] = line.split(" ");
      assert.deepEqual(
        innerCommands(name, args).map(({ words }) => words.join(" ")),
        expected,
      );
    });
  }

  test("a shell is certain to start one command with a path, and nothing else", () => {
    const certain = (text: string) => innerCommands("sh", ["-c", text]).map((inner) => inner.certain);
    assert.deepEqual(certain("/app --x"), [true]);
    assert.deepEqual(certain("serve"), [false]);
    assert.deepEqual(certain("/a && /b"), [false, false]);
  });
});

describe("globs of paths", () => {
  const cases: [string, string, boolean][] = [
    ["/usr/bin/*", "/usr/bin/a", true],
    ["/usr/bin/*", "/usr/bin/a/b", false],
    ["/usr/**", "/usr/a/b", true],
    ["/usr/**/x.so", "/usr/x.so", true],
    ["/usr/**/x.so", "/usr/a/b/x.so", true],
    ["**/qemu-*", "/usr/bin/qemu-arm-static", true],
    ["*.node", "/app/a/b.node", true],
    ["*.node", "/app/a.node/b", false],
    ["/a?c", "/abc", true],
    ["/a?c", "/a/c", false],
    ["/a+(b)[c]", "/a+(b)[c]", true],
    ["/a", "/ab", false],
  ];
  for (const [glob, path, expected] of cases)
    test(`${glob} ${path}`, () => assert.equal(matchesGlob(glob, path), expected));
});

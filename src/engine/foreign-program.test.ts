import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignStart } from "./foreign-program.ts";

test("the program is named, and whether others of its platform ran before", () => {
  const cases: readonly (readonly [log: string, program: string | undefined, othersRan: boolean])[] = [
    ["exec /bin/sh: exec format error\n", "/bin/sh", false],
    ["{msg: exec container process `/bin/sh`: Exec format error}", "/bin/sh", false],
    ["exec container process (missing dynamic library?) `/tool`: Exec format error", "/tool", false],
    ["standard_init_linux.go:228: exec user process caused: exec format error", undefined, false],
    ["/bin/sh: ./tool: Exec format error\n", "./tool", true],
    ["/bin/sh: 1: /usr/bin/tool: Exec format error", "/usr/bin/tool", true],
    ["/bin/sh: 1: exec: ./tool: Exec format error", "./tool", true],
    ["/bin/bash: line 1: ./tool: cannot execute binary file: Exec format error", "./tool", true],
    ["sh: line 0: /tool: cannot execute binary file", "/tool", true],
    ["go: error: fork/exec /go/bin/gen: exec format error", "/go/bin/gen", true],
    ["OSError: [Errno 8] Exec format error: './tool'", "./tool", true],
  ];
  for (const [log, program, othersRan] of cases) {
    assert.deepEqual(foreignStart(log), { ...(program === undefined ? {} : { program }), othersRan }, log);
  }
  assert.equal(foreignStart("make: *** [all] Error 1"), undefined);
});

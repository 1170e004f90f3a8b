import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import type { Execution, Model } from "../model.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { withoutCalledCommands } from "./called-scripts.ts";
import { readScripts } from "./read-scripts.ts";
import { line } from "./test-shell.ts";

/** Runs the scripts of a repository on arm64; the entries of what cannot be read stand beside them. */
function read(files: Readonly<Record<string, string>>): {
  executions: readonly Execution[];
  unreadable: Model["unreadable"][number][];
} {
  const unreadable: Model["unreadable"][number][] = [];
  const executions = readScripts({
    repository: memoryRepository(files),
    platforms: parsePlatformList("linux/arm64"),
    signal: new AbortController().signal,
    unreadable: (entry) => unreadable.push(entry),
  });
  return { executions, unreadable };
}

/** The commands of a program by script. */
function calls(executions: readonly Execution[], program: string): string[] {
  return executions.flatMap(({ place, trace }) =>
    trace.commands.filter((command) => command.program === program).map((command) => `${place.path}: ${line(command)}`),
  );
}

test("runs the scripts of the project", () => {
  const { executions } = read({
    "a.sh": "curl $(uname -m)",
    "bin/b.bash": "#!/usr/bin/env bash\ncurl b",
    "c.sh": "#!/usr/bin/env python3\ncurl c",
    "node_modules/x/d.sh": "curl d",
    "third_party/e.sh": "curl e",
    "f.txt": "curl f",
    "g.sh": "echo nothing of interest",
  });
  assert.deepEqual(calls(executions, "curl"), ["a.sh: curl aarch64", "bin/b.bash: curl b"]);
  assert.deepEqual(
    executions.map(({ kind, scope }) => [kind, scope]),
    [
      ["script", "host"],
      ["script", "host"],
    ],
  );
});

test("follows scripts by the folder of the one that calls", () => {
  const { executions } = read({
    "hack/run.sh": 'set -e\ncd "$(dirname "$0")/.."\n. hack/lib.sh\n./hack/get.sh $ARCH',
    "hack/lib.sh": "ARCH=$(uname -m)",
    "hack/get.sh": "curl https://example.com/$1",
  });
  assert.ok(calls(executions, "curl").includes("hack/run.sh: curl https://example.com/aarch64"));
});

test("leaves to the caller what it reaches", () => {
  const { executions } = read({
    "get.sh": 'curl https://example.com/${1:-amd64}\nif [ "$2" ]; then wget x | tar y; fi',
    "run.sh": "./get.sh $(uname -m)",
  });
  assert.deepEqual(calls(withoutCalledCommands(executions), "curl"), ["run.sh: curl https://example.com/aarch64"]);
  const kept = withoutCalledCommands(executions).find(({ place }) => place.path === "get.sh")?.trace.commands ?? [];
  const tar = kept.find(({ program }) => program === "tar");
  assert.equal(kept[tar?.pipedFrom ?? -1]?.program, "wget");
});

test("tells scripts that cannot be parsed once", () => {
  const { unreadable } = read({ "a.sh": "curl x\nif true; then\ncurl y", "b.sh": "curl z" });
  assert.deepEqual(
    unreadable.map(({ place }) => place.path),
    ["a.sh"],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { evaluateDockerfile } from "../dockerfile/evaluate.ts";
import { parseDockerfile } from "../dockerfile/parse.ts";
import { ForeignProgram, foreignStart } from "../engine/foreign-program.ts";
import { parsePlatform } from "../platform/platform.ts";
import { judgeForeign } from "./foreign-program.ts";

const amd64 = parsePlatform("linux/amd64");

/** The hint for a log of the step at `line` (or named `step`) of a Dockerfile, built for linux/amd64. */
function hint(
  text: string,
  log: string,
  at: { readonly line?: number; readonly step?: string },
  runs: { readonly natively: boolean; readonly earlier: boolean },
): string {
  const evaluation = evaluateDockerfile(parseDockerfile(text), { targetPlatform: amd64, buildPlatform: amd64 });
  const start = foreignStart(log);
  assert.ok(start);
  const error = new ForeignProgram(
    {
      code: "BUILD_STEP_FAILED",
      kind: "failed",
      message: "It failed.",
      hint: "register an emulator",
      ...(at.line === undefined ? {} : { place: { file: "app/Dockerfile", line: at.line } }),
    },
    start,
    amd64,
    at.step ?? "RUN",
  );
  const judged = judgeForeign(error, evaluation, runs);
  assert.deepEqual([judged.code, judged.message, judged.place], [error.code, error.message, error.place]);
  return judged.hint ?? "";
}

const natively = { natively: true, earlier: false };
const unknown = { natively: false, earlier: false };
const copied = "FROM alpine:3.6\nWORKDIR /opt\nCOPY tool ./tool\nRUN ./tool --version\nCOPY late tool\n";

test("on a node that runs the platform the file is foreign, and the instruction that brought it is named", () => {
  const said = hint(copied, "/bin/sh: ./tool: Exec format error", { line: 4 }, natively);
  assert.match(
    said,
    /^\.\/tool is code for another architecture: the step is for linux\/amd64, which the node runs natively\./,
  );
  assert.match(said, /app\/Dockerfile:3 brought it: COPY tool \/opt\/tool\./);
  assert.doesNotMatch(said, /emulator/);
});

test("an engine that tells no line is understood by the step's name", () => {
  const said = hint(
    copied,
    "exec ./tool: exec format error",
    { step: "[linux/amd64 4/5] RUN ./tool --version" },
    natively,
  );
  assert.match(said, /Dockerfile:3 brought it/);
  assert.match(said, /or a script without a #! line/);
});

test("a shell that ran, or an earlier step, shows that the emulator works", () => {
  for (const [log, runs] of [
    ["/bin/sh: ./tool: Exec format error", unknown],
    ["exec ./tool: exec format error", { natively: false, earlier: true }],
  ] as const) {
    assert.match(hint(copied, log, { line: 4 }, runs), /whose emulator works on the node/);
  }
  assert.equal(hint(copied, "exec /bin/sh: exec format error", { line: 4 }, unknown), "register an emulator");
});

test("a shell of another architecture is the base image's", () => {
  const said = hint("FROM arm64v8/alpine:3.6\nRUN true\n", "exec /bin/sh: exec format error", { line: 2 }, natively);
  assert.match(said, /It comes from the base image arm64v8\/alpine:3\.6 \(app\/Dockerfile:1\)\./);
});

test("what an earlier step downloaded is that step's; what nobody can tell is left open", () => {
  const text = "FROM alpine:3.6\nRUN wget -O /tool https://example.com/tool\nRUN /tool\n";
  assert.match(
    hint(text, "/bin/sh: /tool: Exec format error", { line: 3 }, natively),
    /:2 made it, as it seems: RUN wget/,
  );
  const own = hint("FROM alpine:3.6\nRUN get /tool && /tool\n", "sh: /tool: Exec format error", { line: 2 }, natively);
  assert.doesNotMatch(own, /Dockerfile:/);
});

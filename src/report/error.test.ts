import assert from "node:assert/strict";
import { test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { formatError } from "./error.ts";

const format = { color: false, debug: false, cwd: "/repo" };

test("an error tells what happened, where, and what to do next", () => {
  const error = new ArchwayError({
    code: "CONFIG_INVALID",
    kind: "input",
    message: 'unknown key "platfroms".',
    hint: 'Did you mean "platforms"?',
    place: { file: "/repo/.archway.yaml", line: 2, column: 3 },
  });
  const readSource = (file: string) =>
    file === "/repo/.archway.yaml" ? "version: 1\r\n\tplatfroms: []\r\n" : undefined;
  assert.equal(
    formatError(error, { ...format, readSource }),
    `error: .archway.yaml:2:3: unknown key "platfroms".
  2 |  platfroms: []
    |   ^
hint: Did you mean "platforms"?
`,
  );
  assert.match(formatError(error, { ...format, cwd: "/elsewhere" }), /^error: \/repo\/\.archway\.yaml:2:3: /);
  assert.match(formatError(error, { ...format, color: true }), /\u001B\[31merror: /);
});

test("text of strangers in a message cannot drive the terminal, and its lines stay", () => {
  const error = new ArchwayError({ code: "X", kind: "failed", message: "step failed\nlog: \u001B[2Jgone" });
  assert.equal(formatError(error, format), "error: step failed\nlog: gone\n");
});

test("any other error is called a defect, without its stack unless asked", () => {
  const error = new TypeError("x is not a function", { cause: new Error("inner") });
  const told = formatError(error, format);
  assert.match(told, /^error: TypeError: x is not a function\nhint: This is a defect of Archway/);
  assert.doesNotMatch(told, /error\.test\.ts/);
  const debugged = formatError(error, { ...format, debug: true });
  assert.match(debugged, /error\.test\.ts/);
  assert.match(debugged, /inner/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { ArchwayError, exitCodes } from "../error/error.ts";
import { readVerifyOptions } from "./verify-options.ts";

function allowing(...allow: readonly string[]) {
  const lists = { platform: [], require: [], insecureRegistry: [], command: [] };
  return readVerifyOptions({ ...lists, severity: "error", format: "text", allow }).allow;
}

test("an exception names files or folders, and has a reason", () => {
  assert.deepEqual(allowing("/usr/**=a foreign userland", "**/*.ko= modules = data "), [
    { path: "/usr/**", reason: "a foreign userland" },
    { path: "**/*.ko", reason: "modules = data" },
  ]);
});

test("an exception for the whole image is refused, however it is written", () => {
  for (const glob of ["/", "*", "**", "/**", "/*/**", "**/?*", "/?*/**", "**/*.*"]) {
    assert.throws(
      () => allowing(`${glob}=everything`),
      (error: unknown) =>
        error instanceof ArchwayError &&
        exitCodes[error.kind] === 2 &&
        /--allow.*the glob covers the whole image/.test(error.message),
      glob,
    );
  }
});

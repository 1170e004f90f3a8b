import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { formatPlatform } from "../platform/platform.ts";
import { defineCommand, type RawCheckOptions } from "./check-command.ts";
import { readCheckOptions } from "./check-options.ts";

const usual: RawCheckOptions = { platform: [], facts: [], severity: "error", format: "text", insecureRegistry: [] };

test("options are checked, and what is left out is left to the configuration", () => {
  const options = readCheckOptions({ ...usual, platform: ["arm64,amd64", "linux/arm/v7"], fix: "a, b", dryRun: true });
  assert.deepEqual(options.platforms.map(formatPlatform), ["linux/arm64", "linux/amd64", "linux/arm/v7"]);
  assert.deepEqual(options.fix, { rules: ["a", "b"], dryRun: true });
  assert.deepEqual(readCheckOptions({ ...usual, fix: true }).fix, { rules: [], dryRun: false });
  const plain = readCheckOptions(usual);
  assert.deepEqual([plain.platforms, plain.offline, plain.fix, plain.facts], [[], false, undefined, []]);
});

test("wrong options are refused with what to do", () => {
  const cases: readonly (readonly [wrong: Partial<RawCheckOptions>, message: RegExp, hint?: RegExp])[] = [
    [{ dryRun: true }, /nothing is repaired/, /--fix/],
    [{ fix: "a,,b" }, /a rule is empty/, /--fix=RULE,RULE/],
    [{ severity: "notes" }, /error, warning or note/, /"note"/],
    [{ format: "gitlub" }, /--format gitlub/, /"git(?:la|hu)b"/],
    [{ insecureRegistry: ["http://a"] }, /without a scheme/],
  ];
  for (const [wrong, message, hint] of cases) {
    assert.throws(
      () => readCheckOptions({ ...usual, ...wrong }),
      (error: unknown) => {
        assert.ok(error instanceof ArchwayError);
        assert.match(error.message, message);
        if (hint) assert.match(error.hint ?? "", hint);
        return true;
      },
    );
  }
});

test("the help has examples and the exit codes", () => {
  const stream = () => new PassThrough();
  const context = {
    env: {},
    cwd: "/",
    stdin: stream(),
    stdout: stream(),
    stderr: stream(),
    signal: new AbortController().signal,
    now: () => 0,
  };
  let help = "";
  const command = defineCommand(context, () => {}).configureOutput({ writeOut: (text) => (help += text) });
  command.outputHelp();
  assert.match(help, /--fix \[rules\]/);
  assert.match(help, /Examples:[^]*archway check --fix --dry-run[^]*Exit codes: 0/);
});

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Command } from "commander";
import { ArchwayError, type ErrorKind } from "../error/error.ts";
import type { CliContext } from "./context.ts";
import { runCommand, unknownCommand } from "./shell.ts";

/** Runs a command whose action does what the test says, and returns what a person sees. */
async function run(
  action: (context: CliContext) => Promise<number>,
  options: { readonly args?: readonly string[]; readonly env?: CliContext["env"]; readonly signal?: AbortSignal } = {},
) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const context: CliContext = {
    env: options.env ?? {},
    cwd: "/",
    stdin: process.stdin,
    stdout,
    stderr,
    signal: options.signal ?? new AbortController().signal,
    now: () => 0,
  };
  const defineCommand = (context: CliContext, done: (exitCode: number) => void) =>
    new Command("archway test")
      .option("--platform <list>", "platforms")
      .action(async () => done(await action(context)));
  const exitCode = await runCommand(async () => ({ defineCommand }), options.args ?? [], context);
  return { exitCode, stdout: String(stdout.read() ?? ""), stderr: String(stderr.read() ?? "") };
}

const fails = (kind: ErrorKind) => async (): Promise<number> => {
  throw new ArchwayError({ code: "X", kind, message: "It broke.", hint: "Mend it." });
};

test("the exit code is the action's, or that of the kind of its error", async () => {
  assert.deepEqual(await run(async () => 0), { exitCode: 0, stdout: "", stderr: "" });
  assert.equal((await run(async () => 1)).exitCode, 1);
  const told = "error: It broke.\nhint: Mend it.\n";
  assert.deepEqual(await run(fails("failed")), { exitCode: 1, stdout: "", stderr: told });
  assert.deepEqual(await run(fails("input")), { exitCode: 2, stdout: "", stderr: told });
  assert.deepEqual(await run(fails("unreachable")), { exitCode: 3, stdout: "", stderr: told });
  assert.equal((await run(fails("interrupted"))).exitCode, 130);
});

test("usage errors are exit 2 with a suggestion", async () => {
  assert.deepEqual(await run(async () => 0, { args: ["--platfrom", "x"] }), {
    exitCode: 2,
    stdout: "",
    stderr: "error: Unknown option '--platfrom'.\nhint: Did you mean --platform?\n",
  });
  assert.equal((await run(async () => 0, { args: ["--platform"] })).exitCode, 2);
  assert.equal((await run(async () => 0, { args: ["superfluous"] })).exitCode, 2);
});

test("an option does not swallow another one as its value, unless it is told to", async () => {
  for (const swallowed of ["--platform", "--debug", "--help", "-h"]) {
    const { exitCode, stderr } = await run(async () => 0, { args: ["--platform", swallowed] });
    assert.equal(exitCode, 2, swallowed);
    assert.match(stderr, /^error: Option '--platform' needs a value\.\n/);
  }
  const fine = [["--platform=--debug"], ["--platform", "x", "--debug"], ["--platform", "--unknown"]];
  for (const args of fine) assert.equal((await run(async () => 0, { args })).exitCode, 0, args.join(" "));
});

test("the hint of a usage error names the command, and the subcommand that it is about", async () => {
  assert.match((await run(async () => 0, { args: ["superfluous"] })).stderr, /hint: See archway test --help\./);
  const stderr = new PassThrough();
  const context: CliContext = {
    env: {},
    cwd: "/",
    stdin: process.stdin,
    stdout: new PassThrough(),
    stderr,
    signal: new AbortController().signal,
    now: () => 0,
  };
  const defineCommand = () =>
    new Command("archway image").addCommand(new Command("tag").argument("<IMAGE>").option("-t, --tag <name>"));
  assert.equal(await runCommand(async () => ({ defineCommand }), ["tag"], context), 2);
  assert.equal(
    String(stderr.read()),
    "error: Missing required argument 'IMAGE'.\nhint: See archway image tag --help.\n",
  );
  assert.equal(await runCommand(async () => ({ defineCommand }), ["tag", "-t", "--tag"], context), 2);
  assert.match(String(stderr.read()), /Option '-t' needs a value/);
});

test("help goes to standard output and is exit 0", async () => {
  const { exitCode, stdout, stderr } = await run(async () => 1, { args: ["--help"] });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^Usage: archway test/);
  assert.equal(stderr, "");
});

test("a word that is no command is exit 2 with the nearest command", () => {
  assert.throws(() => unknownCommand("biuld", ["build", "image"]), {
    kind: "input",
    hint: 'Did you mean "archway build"?',
  });
  assert.throws(() => unknownCommand("--verbose", ["build"]), {
    message: "Unknown option --verbose before the command.",
  });
  const others = { "-v": "archway --version", inspect: "archway image inspect" };
  assert.throws(() => unknownCommand("-v", ["build"], others), { hint: 'Did you mean "archway --version"?' });
  assert.throws(() => unknownCommand("inspect", ["build"], others), { hint: 'Did you mean "archway image inspect"?' });
});

test("a defect is told without its stack, and with it when asked", async () => {
  const defect = async (): Promise<number> => {
    throw new TypeError("x is undefined");
  };
  const { exitCode, stderr } = await run(defect);
  assert.equal(exitCode, 3);
  assert.match(stderr, /^error: TypeError: x is undefined\nhint: This is a defect of Archway/);
  assert.doesNotMatch(stderr, /shell\.test\.ts/);
  assert.match((await run(defect, { args: ["--debug"] })).stderr, /shell\.test\.ts/);
  assert.match((await run(defect, { env: { ARCHWAY_DEBUG: "1" } })).stderr, /shell\.test\.ts/);
});

test("whatever fails after an interruption is exit 130, and a command that ended well stays good", async () => {
  const abort = new AbortController();
  abort.abort();
  const told = { exitCode: 130, stdout: "", stderr: "Interrupted.\n" };
  assert.deepEqual(await run(fails("failed"), { signal: abort.signal }), told);
  assert.deepEqual(await run(({ signal }) => Promise.reject(signal.reason as Error), { signal: abort.signal }), told);
  assert.equal((await run(async () => 0, { signal: abort.signal })).exitCode, 0);
});

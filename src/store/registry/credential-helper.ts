import { spawn } from "node:child_process";
import { z } from "zod";
import type { Environment } from "./credentials.ts";

/** What a credential helper said. `problem` is set when it could not be asked or failed. */
export interface HelperAnswer {
  readonly found?: { readonly Username: string; readonly Secret: string };
  readonly problem?: string;
}

/** Helpers may ask a key ring or a cloud; longer than this they hang, milliseconds. */
const timeLimit = 30_000;

/** How long output is waited for after a helper has ended, milliseconds. */
const lateOutput = 1_000;

/** Most bytes of a helper's answer; tokens of clouds reach some kilobytes. */
const answerLimit = 256 * 1024;

/** The name becomes part of a program's name, so it may hold no path. */
const helperName = /^[A-Za-z0-9._-]+$/;

const answerSchema = z.object({ Username: z.string(), Secret: z.string() });

/**
 * Asks `docker-credential-NAME get` for a server (protocol of github.com/docker/docker-credential-helpers). Having none for the server
 * is an empty answer. Never throws: reading public images must not fail because a helper is missing.
 */
export async function askHelper(name: string, server: string, environment: Environment): Promise<HelperAnswer> {
  if (!helperName.test(name)) return { problem: `"${name}" is not the name of a credential helper` };
  const program = `docker-credential-${name}`;
  const { status, output, problem } = await run(program, server, environment);
  if (problem !== undefined) return { problem: `${program} ${problem}` };
  // "credentials not found in native keychain" is how helpers say that they have none; it comes with status 1 on stdout.
  if (status !== 0)
    return /credentials not found/i.test(output) ? {} : { problem: `${program} failed with status ${status}` };
  const parsed = answerSchema.safeParse(parseAnswer(output));
  if (!parsed.success) return { problem: `${program} gave an answer that is not understood` };
  return parsed.data.Secret === "" ? {} : { found: parsed.data };
}

function parseAnswer(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    // The text may be a secret, so nothing of it is kept; the schema refuses this value.
    return undefined;
  }
}

interface Run {
  readonly status: number | null;
  readonly output: string;
  readonly problem?: string;
}

function run(program: string, server: string, environment: Environment): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(program, ["get"], { env: { ...environment }, stdio: ["pipe", "pipe", "ignore"] });
    let output = "";
    const end = (status: number | null, problem?: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      // What the helper started (an agent) may hold the pipe open for ever.
      child.stdout.destroy();
      resolve(problem === undefined ? { status, output } : { status, output: "", problem });
    };
    const timer = setTimeout(() => end(null, `did not answer within ${timeLimit / 1000} seconds`), timeLimit);
    child.on("error", (error) => end(null, `cannot be run: ${error.message}`));
    child.on("close", (status) => end(status));
    child.on("exit", (status) => setTimeout(() => end(status), lateOutput).unref());
    // A helper that ends without reading its input is judged by its answer.
    child.stdin.on("error", () => child.stdin.destroy());
    child.stdin.end(`${server}\n`);
    child.stdout.setEncoding("utf8");
    child.stdout.on("data", (text: string) => {
      output += text;
      if (output.length > answerLimit) end(null, `gave more than ${answerLimit} bytes`);
    });
  });
}

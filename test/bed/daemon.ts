import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, existsSync, openSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ArchwayError } from "../../src/error/error.ts";
import { lastLines } from "./command.ts";

export interface DaemonOptions {
  /** For messages: `buildkitd a`. */
  readonly name: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Both outputs are appended here. */
  readonly log: string;
  /** Asked again and again with what this start of the program has logged so far, until it says true. Default: ready at once. */
  readonly ready?: (logged: string) => boolean | Promise<boolean>;
  /** How long it may take to be ready. Default 30. */
  readonly readySeconds?: number;
}

/** A long-running program of the bed. */
export interface Daemon {
  /** The process that runs now or ran last. */
  readonly pid: number;
  readonly log: string;
  /** What it has logged since its last start. */
  readonly logged: () => string;
  /** SIGTERM, and SIGKILL ten seconds later; returns when it has ended. Safe to repeat. */
  readonly stop: () => Promise<void>;
  /** Sends a signal and, when that ends a program (SIGKILL, SIGTERM), waits for the end. */
  readonly kill: (signal: NodeJS.Signals) => Promise<void>;
  /** Starts it again (stopping it first if it runs) and waits until it is ready. */
  readonly restart: (args?: readonly string[]) => Promise<void>;
}

/**
 * Starts a program in the background and waits until it is ready. It gets SIGTERM when this process ends in whatever way
 * (PR_SET_PDEATHSIG, by util-linux's `setpriv`). Throws `BED_DAEMON_FAILED` with the end of its log when it does not come up.
 */
export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  let { args } = options;
  let logStart = 0;
  const logged = () => readFileSync(options.log).subarray(logStart).toString();
  const launch = () => {
    logStart = existsSync(options.log) ? statSync(options.log).size : 0;
    return spawnLogged(options, args);
  };
  let child = launch();

  const stop = async () => {
    if (hasEnded(child)) return;
    const ended = untilExit(child);
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  };
  const failure = (what: string) =>
    new ArchwayError({
      code: "BED_DAEMON_FAILED",
      kind: "failed",
      message: `${options.name} ${what}; the end of ${options.log}:\n${lastLines(logged(), 20)}`,
    });
  const untilReady = async () => {
    const deadline = Date.now() + (options.readySeconds ?? 30) * 1000;
    while (!(await (options.ready?.(logged()) ?? true))) {
      if (hasEnded(child)) throw failure(`ended with ${child.exitCode ?? child.signalCode} while starting`);
      if (Date.now() > deadline) {
        await stop();
        throw failure(`was not ready after ${options.readySeconds ?? 30} s`);
      }
      await sleep(25);
    }
  };

  await untilReady();
  return {
    get pid() {
      return child.pid ?? 0;
    },
    log: options.log,
    logged,
    stop,
    async kill(signal) {
      if (hasEnded(child)) return;
      const ended = untilExit(child);
      child.kill(signal);
      if (signal === "SIGKILL" || signal === "SIGTERM") await ended;
    },
    async restart(newArgs) {
      await stop();
      args = newArgs ?? args;
      child = launch();
      await untilReady();
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
}

/** Waiting for a program keeps this process alive, which its mere running does not. */
async function untilExit(child: ChildProcess): Promise<void> {
  child.ref();
  await once(child, "exit");
}

function spawnLogged(options: DaemonOptions, args: readonly string[]): ChildProcess {
  const log = openSync(options.log, "a");
  const child = spawn("setpriv", ["--pdeathsig", "TERM", "--", options.program, ...args], {
    env: options.env ?? process.env,
    // Podman's conmon writes files into the folder that it is started in.
    cwd: dirname(options.log),
    stdio: ["ignore", log, log],
    // A group of its own: Ctrl-C reaches the bed, and the bed stops its daemons in order.
    detached: true,
  });
  closeSync(log);
  // Without a process there is no exit event: `hasEnded` sees it by the missing pid, and the log says why.
  child.on("error", (error) => appendFileSync(options.log, `${error.message}\n`));
  child.unref();
  return child;
}

import { execFileSync } from "node:child_process";
import { mkdtempDisposableSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a command and all that it started took. */
export interface Resources {
  /** Wall time. */
  readonly seconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** Most resident memory of any one process, bytes. */
  readonly peak: number;
}

/** Runs a command to its end under GNU time. Throws, with what it said, when it fails. */
export function measure(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Resources {
  using folder = mkdtempDisposableSync(join(tmpdir(), "archway-time-"));
  const report = join(folder.path, "time");
  const options = ["--format=%e %U %S %M", `--output=${report}`, "--", command, ...args];
  execFileSync("/usr/bin/time", options, { env, stdio: ["ignore", "ignore", "pipe"], maxBuffer: 64 * 1024 * 1024 });
  const [seconds = 0, user = 0, system = 0, kilobytes = 0] = readFileSync(report, "utf8").trim().split(" ").map(Number);
  return { seconds, cpuSeconds: user + system, peak: kilobytes * 1024 };
}

/** The run in the middle, by wall time. */
export function middle(runs: readonly Resources[]): Resources {
  const run = runs.toSorted((a, b) => a.seconds - b.seconds)[Math.floor((runs.length - 1) / 2)];
  if (run === undefined) throw new RangeError("the middle of nothing");
  return run;
}

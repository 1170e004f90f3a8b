import type { Finding, Severity } from "../../finding/finding.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";

/** What came of starting the image of one platform on this machine. */
export interface RunOutcome {
  readonly platform: Platform;
  /** By whom programs of the platform are run here; absent when by nobody. */
  readonly execution?: "native" | "emulated";
  /** `QEMU 7.2.22`, when it is emulated. */
  readonly emulator?: string;
  /** What this machine is, for what an emulated run does not prove. */
  readonly host: Platform;
  /** What replaced the image's entrypoint and command; empty for the image's own. */
  readonly command: readonly string[];
  readonly result: "exited" | "kept-running" | "failed-to-start" | "not-runnable-here";
  /** Only of `exited`. */
  readonly exitCode?: number;
  readonly seconds: number;
  /** The last lines of what it wrote. */
  readonly output: string;
  /** Why it was not run. */
  readonly reason?: string;
  /** True when this machine could run it, and the engine or the store failed. */
  readonly engineFailed?: boolean;
}

/**
 * The finding about one run. A run is never a proof of architecture: where an emulator is registered, the kernel starts foreign programs and those of its
 * own alike, whatever platform the image is declared for. So a run can only fail an image, and what starts is a note.
 */
export function runFinding(outcome: RunOutcome): Finding {
  const { platform, result, exitCode = 0, command, reason = "" } = outcome;
  const own = command.length === 0;
  const make = (severity: Severity, rule: string, message: string, fix?: string): Finding => ({
    rule,
    severity,
    message,
    platforms: [platform],
    path: "/",
    related: [],
    ...(fix === undefined ? {} : { fix: { title: fix } }),
  });
  const name = formatPlatform(platform);
  switch (result) {
    case "not-runnable-here":
      if (outcome.engineFailed === true) {
        const fix = "Look at what the engine says; `docker run` or `podman run` of any image should show the same.";
        return make("warning", "run-not-done", `${name} was not run: ${reason}`, fix);
      }
      return make(
        "note",
        "run-not-possible",
        `${name} was not run here: ${reason}`,
        `Run it on a machine of ${name}, or register an emulator for it.`,
      );
    case "failed-to-start":
      return make(
        "error",
        "run-failed",
        `${what(outcome)} does not start ${by(outcome)}.${wrote(outcome)}`,
        own ? "Correct the image's entrypoint." : "Give a command that is in the image.",
      );
    case "kept-running":
      if (own) return started(outcome, `still ran after ${outcome.seconds} s, and was ended`);
      return make(
        "error",
        "run-failed",
        `${what(outcome)} did not end within ${outcome.seconds} s ${by(outcome)}.${wrote(outcome)}`,
        "Give a command that ends, or more time with --run-timeout.",
      );
    case "exited": {
      if (exitCode === 0) return started(outcome, `ended with exit code 0 after ${outcome.seconds} s`);
      const message = `${what(outcome)} ended with exit code ${exitCode}${meaning(exitCode)} ${by(outcome)}.${wrote(outcome)}`;
      if (!own) return make("error", "run-failed", message);
      return make(
        "warning",
        "run-exit-code",
        message,
        "It may only need configuration, arguments or other services: give a command that must succeed after `--`.",
      );
    }
  }
}

function started(outcome: RunOutcome, how: string): Finding {
  const { platform, execution, host } = outcome;
  const emulated = execution === "emulated";
  const limits = emulated
    ? `Ran under ${outcome.emulator ?? "an emulator"}: this shows that it starts, and is no proof of its architecture (code of ${formatPlatform(host)} would have started too).`
    : `Ran natively on ${formatPlatform(host)}.`;
  return {
    rule: emulated ? "run-emulated" : "run-native",
    severity: "note",
    message: `${what(outcome)} ${how}. ${limits}`,
    platforms: [platform],
    path: "/",
    related: [],
  };
}

function what({ command }: RunOutcome): string {
  return command.length === 0 ? "The image's own entrypoint" : command.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : JSON.stringify(word);
}

function by({ execution, emulator, host }: RunOutcome): string {
  return execution === "emulated" ? `under ${emulator ?? "an emulator"}` : `natively on ${formatPlatform(host)}`;
}

function meaning(exitCode: number): string {
  if (exitCode === 137) return " (killed: nearly always because memory ran out)";
  if (exitCode === 132) return ' ("Illegal instruction")';
  return exitCode === 139 ? " (it crashed)" : "";
}

function wrote({ output }: RunOutcome): string {
  return output === "" ? "" : `\n${output}`;
}

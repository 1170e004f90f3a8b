import type { RunProjection } from "../event/project-run.ts";
import type { RunEvent } from "../event/run-event.ts";
import { printable, type Style } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import { optionError } from "./parse-option.ts";
import { LiveRun } from "./run-live.ts";
import type { RunOptions } from "./run-options.ts";
import { PlainRun } from "./run-plain.ts";
import { type Ask, askOnTerminal, oneAtATime } from "./run-questions.ts";

/** Shows what happens in a run. */
export interface RunProgress {
  /** Shows an event that the projection knows already. */
  show(event: RunEvent): void;
  /** Asks a person; absent where nobody can answer. */
  readonly ask?: Ask;
  /** Gives the terminal back. */
  end(): void;
}

/** `auto` is the live view on a terminal where a person sits, plain lines elsewhere. Throws `OPTION_INVALID` (kind `input`) for a live view without a terminal. */
export function progressMode(
  { progress }: Pick<RunOptions, "progress">,
  { stderr, env }: Pick<CliContext, "stderr" | "env">,
): Exclude<RunOptions["progress"], "auto"> {
  if (progress === "live" && stderr.isTTY !== true)
    throw optionError("--progress", "live", "standard error is no terminal.", "Take plain, or leave the option out.");
  if (progress !== "auto") return progress;
  const isWatched = stderr.isTTY === true && env["TERM"] !== "dumb" && !env["CI"];
  return isWatched ? "live" : "plain";
}

/** Begins to show a run. The caller ends it in every case. */
export function startRunProgress(
  mode: Exclude<RunOptions["progress"], "auto">,
  run: RunProjection,
  context: CliContext,
  style: Style,
): RunProgress {
  const { stdin, stderr } = context;
  if (mode === "live") return startLive(run, context, style);
  const plain = new PlainRun(stderr, style);
  const shows = {
    plain: (event: RunEvent) => plain.show(event),
    json: (event: RunEvent) => void stderr.write(`${JSON.stringify(event)}\n`),
    quiet: () => {},
  };
  const ask = "isTTY" in stdin && stdin.isTTY === true ? { ask: oneAtATime(askOnTerminal(context)) } : {};
  return { show: shows[mode], ...ask, end: () => {} };
}

function startLive(run: RunProjection, context: CliContext, style: Style): RunProgress {
  const live = new LiveRun(run, context, style);
  return {
    // What a person is to know is no part of the view, and stays.
    show: (event) => {
      if (event.type !== "note") return;
      const text = printable(event.text);
      live.print(event.job === undefined ? text : `${style.cyan(printable(event.job))} ${style.dim("│")} ${text}`);
    },
    ...(live.hasKeyboard ? { ask: oneAtATime(live.ask) } : {}),
    end: () => live.end(),
  };
}

import { formatPlatform, type Platform } from "../platform/platform.ts";
import { LiveScreen, type Terminal } from "./live-screen.ts";
import type { ProgressEvent } from "./progress-event.ts";
import { heartbeat, ProgressLines } from "./progress-lines.ts";
import { advance, initialState } from "./progress-state.ts";
import { renderSummary, renderView } from "./progress-view.ts";
import { makeStyle } from "./style.ts";

/** Milliseconds between two frames of the live view. */
const frameTime = 100;

/** Where progress is shown: `process.stderr` is one. */
export interface ProgressOutput extends Terminal {
  readonly isTTY?: boolean;
  on(event: "resize", listener: () => void): unknown;
  off(event: "resize", listener: () => void): unknown;
}

/** How progress is shown. */
export interface ProgressOptions {
  /** `auto` is the live view on a terminal and plain lines elsewhere. */
  readonly mode: "auto" | "tty" | "plain" | "json" | "quiet";
  /** In the order in which they are shown; others are added when they appear. */
  readonly platforms: readonly Platform[];
  readonly color: boolean;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Shows what happens while a command works. */
export interface Progress {
  event(event: ProgressEvent): void;
  /** Writes a message that stays, without disturbing the view. */
  print(text: string): void;
  /** Ends the view and leaves the terminal clean; nothing is shown after it. */
  end(): void;
}

/** Starts to show progress on an output. The caller ends it in every case. */
export function startProgress(output: ProgressOutput, options: ProgressOptions): Progress {
  const mode = options.mode === "auto" ? (output.isTTY === true ? "tty" : "plain") : options.mode;
  switch (mode) {
    case "tty":
      return startLive(output, options);
    case "plain":
      return startPlain(output, options);
    case "json":
      return {
        event: (event) => output.write(`${JSON.stringify(toJson(event))}\n`),
        print: (text) => {
          output.write(`${JSON.stringify({ version: 1, at: options.now(), type: "message", text })}\n`);
        },
        end: () => {},
      };
    case "quiet":
      return { event: () => {}, print: (text) => output.write(withLineFeed(text)), end: () => {} };
  }
}

function startLive(output: ProgressOutput, { platforms, color, now }: ProgressOptions): Progress {
  const screen = new LiveScreen(output);
  const style = makeStyle(color);
  let state = initialState(platforms.map(formatPlatform));
  const draw = () => {
    screen.draw(renderView(state, { columns: screen.columns, rows: screen.rows, now: now(), style }));
  };
  // A frame at fixed intervals, however many events there are; nothing is written when nothing changed.
  const timer = setInterval(draw, frameTime);
  timer.unref();
  output.on("resize", draw);
  return {
    event: (event) => (state = advance(state, event)),
    print: (text) => screen.print(text),
    end: () => {
      clearInterval(timer);
      output.off("resize", draw);
      screen.clear();
      for (const line of renderSummary(state, { columns: screen.columns, now: now(), style }))
        output.write(`${line}\n`);
    },
  };
}

function startPlain(output: ProgressOutput, { platforms, now }: ProgressOptions): Progress {
  const lines = new ProgressLines(platforms.map(formatPlatform));
  const write = (texts: readonly string[]) => {
    if (texts.length > 0) output.write(`${texts.join("\n")}\n`);
  };
  const timer = setInterval(() => write(lines.tick(now())), heartbeat / 3);
  timer.unref();
  return {
    event: (event) => write(lines.event(event)),
    print: (text) => output.write(withLineFeed(text)),
    end: () => clearInterval(timer),
  };
}

function toJson(event: ProgressEvent): object {
  return {
    version: 1,
    ...event,
    ...(event.type === "publish" ? {} : { platform: formatPlatform(event.platform) }),
  };
}

function withLineFeed(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

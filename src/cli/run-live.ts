import { readFileSync } from "node:fs";
import { ReadStream } from "node:tty";
import type { RunProjection } from "../event/project-run.ts";
import { LiveScreen } from "../report/live-screen.ts";
import { type Focus, type FocusKey, moveFocus } from "../report/run-focus.ts";
import { renderRun, renderRunEnd } from "../report/run-view.ts";
import type { Style } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import type { Ask } from "./run-questions.ts";
import { type Key, readKeys } from "./terminal-keys.ts";

/** Milliseconds between two frames. */
const frameTime = 100;

interface OpenQuestion {
  readonly text: string;
  typed: string;
  readonly answer: (typed: string) => void;
}

/** The live view of a run on a terminal: draws what its events have come to, reads keys, asks questions. */
export class LiveRun {
  readonly #run: RunProjection;
  readonly #context: CliContext;
  readonly #style: Style;
  readonly #screen: LiveScreen;
  readonly #keyboard: ReadStream | undefined;
  readonly #timer: NodeJS.Timeout;
  #focus: Focus = {};
  #question: OpenQuestion | undefined;
  #isOver = false;

  /** Begins to draw. The caller ends it in every case; when the process ends before, the terminal is given back as it was. */
  constructor(run: RunProjection, context: CliContext, style: Style) {
    this.#run = run;
    this.#context = context;
    this.#style = style;
    this.#screen = new LiveScreen(context.stderr);
    this.#keyboard = keyboardOf(context.stdin);
    this.#keyboard?.setRawMode(true).on("data", this.#onData).resume();
    process.on("exit", this.#restore);
    process.on("SIGCONT", this.#onContinue);
    // At fixed intervals, however many events there are; nothing is written when nothing changed. A changed size is seen by the next frame.
    this.#timer = setInterval(() => this.#draw(), frameTime);
  }

  /** Whether somebody can answer. */
  get hasKeyboard(): boolean {
    return this.#keyboard !== undefined;
  }

  /** Writes a line that stays above the view. */
  print(text: string): void {
    this.#screen.print(text);
  }

  /** Asks in the last line of the view. */
  readonly ask: Ask = (text, signal) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const over = () => {
        this.#question = undefined;
        signal.removeEventListener("abort", onAbort);
      };
      const onAbort = () => {
        over();
        reject(signal.reason);
      };
      const answer = (typed: string) => {
        over();
        resolve(typed);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#question = { text, typed: "", answer };
    });

  /** Ends the view and leaves the graph as it is. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearInterval(this.#timer);
    this.#restore();
    process.off("exit", this.#restore);
    process.off("SIGCONT", this.#onContinue);
    this.#keyboard?.off("data", this.#onData).pause();
    this.#screen.clear();
    const frame = { columns: this.#screen.columns, now: this.#context.now(), style: this.#style };
    for (const line of renderRunEnd(this.#run, frame)) this.#context.stderr.write(`${line}\n`);
  }

  #draw(): void {
    const { columns, rows } = this.#screen;
    const view = {
      focus: this.#focus,
      keys: this.#keyboard !== undefined,
      isCancelled: this.#context.signal.aborted,
      ...(this.#question === undefined ? {} : { question: this.#question }),
    };
    this.#screen.draw(renderRun(this.#run, view, { columns, rows, now: this.#context.now(), style: this.#style }));
  }

  readonly #onData = (bytes: Buffer) => {
    for (const key of readKeys(bytes.toString())) this.#press(key);
  };

  #press(key: Key): void {
    if (key === "interrupt") process.kill(process.pid, "SIGINT");
    else if (key === "suspend") this.#suspend();
    else if (this.#question !== undefined && this.#type(this.#question, key)) return;
    else if (typeof key === "object" && key.typed === "q") process.kill(process.pid, "SIGINT");
    else {
      const move = focusKeyOf(key);
      if (move !== undefined) this.#focus = moveFocus(this.#run, this.#focus, move);
    }
  }

  /** Whether a key belonged to the answer of a question. */
  #type(question: OpenQuestion, key: Key): boolean {
    if (typeof key === "object") question.typed = `${question.typed}${key.typed}`.slice(0, 20);
    else if (key === "backspace") question.typed = question.typed.slice(0, -1);
    else if (key === "enter") question.answer(question.typed);
    else return false;
    return true;
  }

  /** Ctrl-Z: gives the terminal back and stops, with all of the foreground's processes. */
  #suspend(): void {
    this.#screen.clear();
    this.#restore();
    process.kill(0, "SIGTSTP");
  }

  readonly #onContinue = () => {
    if (this.#keyboard !== undefined && isInForeground()) this.#keyboard.setRawMode(true);
  };

  readonly #restore = () => {
    this.#keyboard?.setRawMode(false);
  };
}

function focusKeyOf(key: Key): FocusKey | undefined {
  if (typeof key === "object") return key.typed === "f" ? "follow" : undefined;
  if (key === "tab") return "next";
  return key === "up" || key === "down" || key === "left" || key === "right" ? key : undefined;
}

/** The keyboard, when there is one and it is ours: a program in the background that touches it is stopped. */
function keyboardOf(stdin: NodeJS.ReadableStream): ReadStream | undefined {
  return stdin instanceof ReadStream && stdin.isTTY && isInForeground() ? stdin : undefined;
}

function isInForeground(): boolean {
  try {
    // proc(5): behind the name in parentheses are state, parent, group, session, terminal and the group that has the terminal.
    const fields = readFileSync("/proc/self/stat", "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return fields[2] === fields[5];
  } catch {
    // No Linux: most programs are in the foreground.
    return true;
  }
}

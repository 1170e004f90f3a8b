import type { RunEvent } from "../event/run-event.ts";
import { formatCount } from "../report/quantity.ts";
import { printable, printableInColor, type Style } from "../report/style.ts";
import type { Output } from "./context.ts";
import { formatImage } from "./run-summary-text.ts";

/** Characters of a line that wait for its end. */
const maxOpen = 64 * 1024;

/** Writes events as lines, each with its job in front; output of steps line by line, as it comes. */
export class PlainRun {
  readonly #stderr: Output;
  readonly #style: Style;
  /** Lines that are not whole yet, by job and source. */
  readonly #open = new Map<string, string>();
  /** Failure that was shown last, by job. */
  readonly #told = new Map<string, string>();
  readonly #decoder = new Map<string, InstanceType<typeof TextDecoder>>();

  constructor(stderr: Output, style: Style) {
    this.#stderr = stderr;
    this.#style = style;
  }

  /** Shows one event. */
  show(event: RunEvent): void {
    switch (event.type) {
      case "log": {
        const key = `${event.job}\0${event.source}`;
        const text = event.text ?? this.#decode(key, Buffer.from(event.base64 ?? "", "base64"));
        const lines = text.split("\n");
        lines[0] = `${this.#open.get(key) ?? ""}${lines[0]}`;
        const rest = lines.pop() ?? "";
        const redrawn = rest.lastIndexOf("\r", rest.length - 2);
        // A line without an end is shown in pieces, a progress bar as it stands: neither may grow without bound.
        if (rest.length - redrawn > maxOpen) lines.push(rest.slice(redrawn + 1));
        this.#open.set(key, rest.length - redrawn > maxOpen ? "" : rest.slice(redrawn + 1));
        // One write for all of them: a write to a terminal or pipe ends before anything else goes on.
        if (lines.length > 0) this.#stderr.write(lines.map((line) => this.#formatOutput(event.job, line)).join(""));
        return;
      }
      case "gap":
        return this.#line(event.job, this.#style.yellow(`output of ${event.source} is missing here: ${event.reason}`));
      case "step":
        this.#flush(event.job, event.step);
        if (event.state === "running") {
          const words = [
            event.handles === undefined ? undefined : `after the failure of ${event.handles || "the job"}`,
            event.emulated ? "emulated" : undefined,
            event.attempt > 1 ? `attempt ${event.attempt}` : undefined,
          ];
          return this.#line(event.job, this.#style.bold(`▸ ${event.step}${inParentheses(words)}`));
        }
        if (event.state === "skipped" || event.state === "cancelled")
          return this.#line(
            event.job,
            this.#style.dim(`▸ ${event.step}: ${event.state}${event.reason === undefined ? "" : `, ${event.reason}`}`),
          );
        return this.#failure(event);
      case "placed":
        return this.#line(
          event.job,
          this.#style.dim(
            `runs ${event.mode === "native" ? "natively" : "emulated"} as ${event.platform} on ${event.machine}: ${event.reason}`,
          ),
        );
      case "pulled":
        return event.bytes === 0
          ? undefined
          : this.#line(event.job, this.#style.dim(`pulled ${event.image} (${event.platform})`));
      case "cache":
        return this.#line(
          event.job,
          this.#style.dim(
            `cache ${event.path}: ${event.result}${event.reason === undefined ? "" : `, ${event.reason}`}`,
          ),
        );
      case "artifact":
        return this.#line(event.job, this.#style.dim(`artifact ${event.name}: ${formatCount(event.files, "file")}`));
      case "service":
        this.#flush(event.job, `service:${event.service}`);
        return this.#line(event.job, this.#style.dim(`service ${event.service}: ${event.state}`));
      case "job":
        if (event.state === "skipped" || event.state === "cancelled")
          return this.#line(
            event.job,
            this.#style.dim(`${event.state}${event.reason === undefined ? "" : `: ${event.reason}`}`),
          );
        // What it waits for among other jobs is the graph's, and known before.
        if (event.state === "queued" && event.reason !== undefined)
          return this.#line(event.job, this.#style.dim(`waits ${event.reason}`));
        return this.#failure(event);
      case "image":
        return this.#line(event.job, formatImage(event, this.#style));
      case "approval":
        return this.#line(event.job, `approval ${event.answer} by ${event.by}`);
      case "note":
        return event.job === undefined ? void this.#stderr.write(`${event.text}\n`) : this.#line(event.job, event.text);
      case "run-started":
      case "run-ended":
        return undefined;
      case "workspace":
        // Told when one had to wait for it.
        if (event.seconds < 1) return undefined;
        return this.#line(
          event.job,
          this.#style.dim(`workspace: ${event.files} files in ${event.seconds.toFixed(1)} s (${event.driver})`),
        );
    }
  }

  /** Shows a failure; one of a step that is its job's too is shown once. */
  #failure({ job, failure, reason }: Extract<RunEvent, { readonly type: "job" | "step" }>): void {
    if (failure === undefined) return;
    const text = `${failure.message}${inParentheses([reason])}`;
    if (this.#told.get(job) !== text) this.#line(job, this.#style.red(text));
    this.#told.set(job, text);
  }

  #decode(key: string, bytes: Uint8Array): string {
    const decoder = this.#decoder.get(key) ?? new TextDecoder();
    this.#decoder.set(key, decoder);
    return decoder.decode(bytes, { stream: true });
  }

  /** Shows the last line of a source that ended without a line break. */
  #flush(job: string, source: string): void {
    const key = `${job}\0${source}`;
    const rest = this.#open.get(key) ?? "";
    this.#open.delete(key);
    if (rest !== "") this.#stderr.write(this.#formatOutput(job, rest));
  }

  /** A line that a step wrote. A terminal gets its colours, and nothing else that could move it about; a file or pipe gets all. */
  #formatOutput(job: string, line: string): string {
    const last = lastOfLine(line);
    if (this.#stderr.isTTY !== true) return this.#formatLine(job, last);
    return this.#formatLine(job, this.#style.bold(".") === "." ? printable(last) : printableInColor(last));
  }

  #line(job: string, text: string): void {
    this.#stderr.write(this.#formatLine(job, text));
  }

  #formatLine(job: string, text: string): string {
    return `${this.#style.cyan(job)} ${this.#style.dim("│")} ${text}\n`;
  }
}

/** What is left of a line that a progress bar wrote again and again. */
function lastOfLine(line: string): string {
  const end = line.endsWith("\r") ? line.length - 1 : line.length;
  return line.slice(end === 0 ? 0 : line.lastIndexOf("\r", end - 1) + 1, end);
}

function inParentheses(words: readonly (string | undefined)[]): string {
  const said = words.filter((word) => word !== undefined);
  return said.length === 0 ? "" : ` (${said.join(", ")})`;
}

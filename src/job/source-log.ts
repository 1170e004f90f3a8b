import { LogPieces } from "../event/log-pieces.ts";
import type { RunEventBody } from "../event/run-event.ts";
import type { SecretMask, SecretMasks } from "./mask-secrets.ts";

/** Characters at the end of a log that are kept to explain a failure. */
const tailLength = 16 * 1024;

/** The log of one step or service on its way to the events: masked, cut into pieces, its end remembered. */
export class SourceLog {
  readonly #about: { readonly job: string; readonly source: string };
  readonly #emit: (event: RunEventBody) => void | Promise<void>;
  readonly #masks: { readonly stdout: SecretMask; readonly stderr: SecretMask };
  readonly #pieces = new LogPieces();
  #tail = "";

  constructor(
    about: { readonly job: string; readonly source: string },
    masks: SecretMasks,
    emit: (event: RunEventBody) => void | Promise<void>,
  ) {
    this.#about = about;
    this.#emit = emit;
    this.#masks = { stdout: masks.open(), stderr: masks.open() };
  }

  /** The last characters. */
  get tail(): string {
    return this.#tail;
  }

  /** Takes output; waits when the stream of events is behind. */
  async write(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<void> {
    await this.#send(stream, this.#pieces.push(stream, this.#masks[stream].push(bytes)));
  }

  /** Sends what was held back: nothing follows. */
  async end(): Promise<void> {
    for (const stream of ["stdout", "stderr"] as const) {
      const held = this.#masks[stream].end();
      await this.#send(stream, [...this.#pieces.push(stream, held), ...this.#pieces.end(stream)]);
    }
  }

  /** Marks output that could not be had. */
  async gap(lost: { readonly bytes?: number; readonly reason: string }): Promise<void> {
    await this.#emit({ type: "gap", ...this.#about, offset: this.#pieces.size, ...lost });
  }

  async #send(stream: "stdout" | "stderr", pieces: ReturnType<LogPieces["push"]>): Promise<void> {
    for (const piece of pieces) {
      this.#tail = (this.#tail + (piece.text ?? "").slice(-tailLength)).slice(-tailLength);
      await this.#emit({ type: "log", ...this.#about, stream, ...piece });
    }
  }
}

import { CapturedBytes } from "./captured-bytes.ts";
import type { ForeignProgram } from "./facts.ts";
import { isMachO, readMachO } from "../program/mach-o.ts";
import { isPe, peRanges, readPe } from "../program/pe.ts";

/** What is kept of the start of a file: headers and section tables end long before. */
const head = 4096;

/** Most bytes kept of one file: its head, and two headers behind directories. */
const maxKept = head + 1024;

/** Whether bytes may begin a program of Windows or macOS. */
export function isForeignProgram(start: Uint8Array): boolean {
  return isPe(start) || isMachO(start);
}

/** Reads programs of Windows and macOS one after the other as their content streams by. */
export class ProgramCapture {
  readonly #kept = new CapturedBytes(maxKept);
  #position = 0;
  #planned = false;
  /** Where the last byte that is wanted is. */
  #end = 0;

  /** Begins a file of `size` bytes. */
  start(size: number): void {
    this.#kept.reset();
    this.#end = Math.min(size, head);
    this.#kept.add({ start: 0, end: this.#end });
    this.#position = 0;
    this.#planned = false;
  }

  /** Takes the next piece of the file; false when it wants no more. */
  write(piece: Uint8Array): boolean {
    this.#kept.write(this.#position, piece);
    const next = this.#position + piece.length;
    if (!this.#planned && next >= this.#end) {
      this.#planned = true;
      for (const range of peRanges(this.#kept)) {
        if (range.start < head || !this.#kept.add(range)) continue;
        this.#end = Math.max(this.#end, range.end);
      }
      // The piece that completes the head may hold parts of what is wanted now.
      this.#kept.write(this.#position, piece);
    }
    this.#position = next;
    return next < this.#end;
  }

  /** Ends the file; `undefined` when it is neither, or for unknown processors. */
  finish(): ForeignProgram | undefined {
    return readPe(this.#kept) ?? readMachO(this.#kept);
  }
}

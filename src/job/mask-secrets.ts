import { FormSearch, FormTable } from "./form-search.ts";
import { secretForms } from "./secret-forms.ts";

/** What stands for a secret in logs. */
const mask = Buffer.from("***");

/** The secrets of a run, ready to be looked for in any number of streams. */
export class SecretMasks {
  readonly #tables: readonly FormTable[];

  constructor(values: Iterable<string>) {
    const { whole, wrapped } = secretForms([...values]);
    this.#tables = [
      ...(whole.length > 0 ? [new FormTable(whole, { encoded: false })] : []),
      ...(wrapped.length > 0 ? [new FormTable(wrapped, { encoded: true })] : []),
    ];
  }

  /** A mask for one stream. */
  open(): SecretMask {
    return new SecretMask(this.#tables.map((table) => new FormSearch(table)));
  }
}

/** Bytes from `start` to before `end`. */
interface Span {
  start: number;
  end: number;
}

/**
 * Masks the secrets of one stream. Each unbroken run of bytes that belong to a secret, in whatever form, becomes `***`; ends of lines stay. What comes out does not depend
 * on how the stream is cut.
 */
export class SecretMask {
  readonly #searches: readonly FormSearch[];
  /** What each search has found and is not given on yet: in order, none touching another. */
  readonly #found: Span[][];
  #held: Uint8Array = new Uint8Array();
  /** Whether the last byte that was given on was hidden. */
  #isHiding = false;

  constructor(searches: readonly FormSearch[]) {
    this.#searches = searches;
    this.#found = searches.map(() => []);
  }

  /** What of the bytes so far can go on; what may be the beginning of a secret is held. */
  push(bytes: Uint8Array): Uint8Array {
    if (this.#searches.length === 0) return bytes;
    const held = this.#held.length;
    const all = held === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const open = this.#searches.map((search, index) => {
      const spans = this.#found[index] ?? [];
      return search.read(all, held, (start, end) => join(spans, { start, end }));
    });
    return this.#give(all, Math.min(all.length, ...open));
  }

  /** What is held, when nothing follows. */
  end(): Uint8Array {
    return this.#give(this.#held, this.#held.length);
  }

  #give(all: Uint8Array, end: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = 0;
    for (const { start, end: stop } of this.#found.flat().toSorted((a, b) => a.start - b.start)) {
      if (start >= end) break;
      if (start > at) this.#show(all.subarray(at, start), parts);
      this.#hide(all.subarray(Math.max(at, start), Math.min(stop, end)), parts);
      at = Math.max(at, Math.min(stop, end));
    }
    if (at < end) this.#show(all.subarray(at, end), parts);
    for (const [index, spans] of this.#found.entries())
      this.#found[index] = spans.flatMap(({ start, end: stop }) =>
        stop > end ? [{ start: Math.max(0, start - end), end: stop - end }] : [],
      );
    this.#held = end === all.length ? new Uint8Array() : Uint8Array.from(all.subarray(end));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  #show(bytes: Uint8Array, parts: Uint8Array[]): void {
    parts.push(bytes);
    this.#isHiding = false;
  }

  #hide(bytes: Uint8Array, parts: Uint8Array[]): void {
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at] === 0x0a || bytes[at] === 0x0d) this.#show(bytes.subarray(at, at + 1), parts);
      else if (!this.#isHiding) {
        parts.push(mask);
        this.#isHiding = true;
      }
    }
  }
}

/** Adds a span that ends after all others, and joins it with those that it touches. */
function join(spans: Span[], added: Span): void {
  for (let last = spans.at(-1); last !== undefined && last.end >= added.start; last = spans.at(-1)) {
    added.start = Math.min(added.start, last.start);
    spans.pop();
  }
  spans.push(added);
}

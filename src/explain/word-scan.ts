/**
 * Finds many words at once in a stream of bytes, without regard to the case of ASCII letters: the first sieve of a log of hundreds of megabytes, in which
 * almost no line says anything about an error that is known.
 *
 * The algorithm is Wu and Manber's (A fast algorithm for multi-pattern searching, TR-94-17, University of Arizona, 1994) over blocks of three bytes: a table
 * tells for every block how far the search may jump before a word could end. Of each word six bytes are searched, those that are rarest in logs.
 */

/** Bytes of the shortest word that a scan takes: shorter words would leave nothing to jump over. */
const windowBytes = 6;
const blockBytes = 3;
const tableSize = 1 << 15;

/** Finds the next word. */
export interface WordScan {
  /**
   * A place inside the first word that has its rarest bytes at or after `from` and before `to` in `bytes`, `-1` when there is none; {@link WordScan.words} then
   * tells which words are there. What reaches beyond the ends of `bytes` is not found.
   */
  next(bytes: Uint8Array, from: number, to: number): number;
  /** Indexes of the words that were found last. */
  readonly words: readonly number[];
}

/** Lower case of ASCII letters, byte by byte; other bytes stay. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));

/** Case is dropped by taking five bits of each byte; other characters fall together with letters, and are told apart later. */
function blockHash(c: number, b: number, a: number): number {
  return ((c & 31) << 10) | ((b & 31) << 5) | (a & 31);
}

/** How common a byte is in logs, from 0 (hardly ever) to 9. */
const commonness = new Map(
  [...["eat ", "inors", "cdlmpu./", "0123bfgh-:", "456789vwy_=", "kjqxz"].entries()].flatMap(([rank, letters]) =>
    [...letters].map((letter) => [letter.charCodeAt(0), 9 - rank] as const),
  ),
);

/** Where in a word the six bytes begin whose last three are the rarest. */
function rarestWindow(word: Uint8Array): number {
  const weight = (at: number) => commonness.get(word[at] ?? 0) ?? 1;
  const cost = (start: number) =>
    4 * (weight(start + 3) + weight(start + 4) + weight(start + 5)) +
    weight(start) +
    weight(start + 1) +
    weight(start + 2);
  const starts = Array.from({ length: word.length - windowBytes + 1 }, (_, start) => start);
  return starts.reduce((best, start) => (cost(start) < cost(best) ? start : best), 0);
}

/** Prepares a scan for words of at least six bytes. Throws `RangeError` for shorter ones. */
export function wordScan(words: readonly string[]): WordScan {
  const shifts = new Uint8Array(tableSize).fill(windowBytes - blockBytes + 1);
  const buckets: (number[] | undefined)[] = Array.from({ length: tableSize });
  /** Which bytes, by their five bits, may stand one and two before the block that a word ends with: most chance meetings end here. */
  const oneBefore = new Int32Array(tableSize);
  const twoBefore = new Int32Array(tableSize);
  const bytesOf = words.map((word) => Buffer.from(word.toLowerCase(), "utf8"));
  const short = words.find((_, index) => (bytesOf[index]?.length ?? 0) < windowBytes);
  if (short !== undefined) throw new RangeError(`"${short}" is shorter than ${windowBytes} bytes`);
  const starts = bytesOf.map(rarestWindow);
  for (const [index, word] of bytesOf.entries()) {
    const start = starts[index] ?? 0;
    for (let end = blockBytes - 1; end < windowBytes; end += 1) {
      const hash = blockHash(word[start + end - 2] ?? 0, word[start + end - 1] ?? 0, word[start + end] ?? 0);
      shifts[hash] = Math.min(shifts[hash] ?? 0, windowBytes - 1 - end);
      if (end < windowBytes - 1) continue;
      (buckets[hash] ??= []).push(index);
      oneBefore[hash] = (oneBefore[hash] ?? 0) | (1 << ((word[start + end - 3] ?? 0) & 31));
      twoBefore[hash] = (twoBefore[hash] ?? 0) | (1 << ((word[start + end - 4] ?? 0) & 31));
    }
  }
  const found: number[] = [];
  const isAt = (word: Uint8Array, bytes: Uint8Array, at: number) => {
    if (at < 0 || at + word.length > bytes.length) return false;
    for (let index = 0; index < word.length; index += 1) {
      if (lower[bytes[at + index] ?? 0] !== word[index]) return false;
    }
    return true;
  };
  return {
    words: found,
    next(bytes, from, to) {
      const last = Math.min(bytes.length, to + windowBytes - 1);
      let end = from + windowBytes - 1;
      while (end < last) {
        const hash =
          (((bytes[end - 2] as number) & 31) << 10) |
          (((bytes[end - 1] as number) & 31) << 5) |
          ((bytes[end] as number) & 31);
        const shift = shifts[hash] as number;
        if (shift > 0) {
          end += shift;
          continue;
        }
        const one = (bytes[end - 3] as number) & 31;
        const two = (bytes[end - 4] as number) & 31;
        if ((((oneBefore[hash] as number) >>> one) & ((twoBefore[hash] as number) >>> two) & 1) === 0) {
          end += 1;
          continue;
        }
        const at = end - windowBytes + 1;
        found.length = 0;
        for (const index of buckets[hash] ?? []) {
          if (isAt(bytesOf[index] as Uint8Array, bytes, at - (starts[index] as number))) found.push(index);
        }
        if (found.length > 0) return at;
        end += 1;
      }
      return -1;
    },
  };
}

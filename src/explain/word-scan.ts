/**
 * Finds many words at once in a stream of bytes, without regard to the case of ASCII letters: the first sieve of a log of hundreds of megabytes, in which
 * almost no line says anything about an error that is known.
 *
 * The algorithm is Wu and Manber's (A fast algorithm for multi-pattern searching, TR-94-17, University of Arizona, 1994) over blocks of three bytes: a table
 * tells for every block how far the search may jump before a word could end.
 */

/** Bytes of the shortest word that a scan takes: shorter words would leave nothing to jump over. */
const windowBytes = 6;
const blockBytes = 3;
const tableSize = 1 << 15;
/** Further words beyond which a bucket is no bucket any more: the words are ours, and far fewer. */
const maxWords = 4096;

/** Finds the next word. */
export interface WordScan {
  /**
   * The first place at or after `from` and before `to` where one of the words begins in `bytes`, `-1` when there is none; {@link WordScan.words} then tells which
   * words begin there. A word that reaches beyond the end of `bytes` is not found.
   */
  next(bytes: Uint8Array, from: number, to: number): number;
  /** Indexes of the words that begin at the place that was found last. */
  readonly words: readonly number[];
}

/** Lower case of ASCII letters, byte by byte; other bytes stay. */
const lower = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte));

/** Case is dropped by taking five bits of each byte; other characters fall together with letters, and are told apart later. */
function blockHash(c: number, b: number, a: number): number {
  return ((c & 31) << 10) | ((b & 31) << 5) | (a & 31);
}

/** Prepares a scan for words of at least six bytes. Throws `RangeError` for shorter ones, and for more words than the table is made for. */
export function wordScan(words: readonly string[]): WordScan {
  if (words.length > maxWords) throw new RangeError(`${words.length} words are more than ${maxWords}`);
  const shifts = new Uint8Array(tableSize).fill(windowBytes - blockBytes + 1);
  const buckets = new Map<number, number[]>();
  const bytesOf = words.map((word) => Buffer.from(word.toLowerCase(), "utf8"));
  for (const [index, word] of bytesOf.entries()) {
    if (word.length < windowBytes) throw new RangeError(`"${words[index]}" is shorter than ${windowBytes} bytes`);
    for (let end = blockBytes - 1; end < windowBytes; end += 1) {
      const hash = blockHash(word[end - 2] ?? 0, word[end - 1] ?? 0, word[end] ?? 0);
      shifts[hash] = Math.min(shifts[hash] ?? 0, windowBytes - 1 - end);
      if (end === windowBytes - 1) buckets.set(hash, [...(buckets.get(hash) ?? []), index]);
    }
  }
  const found: number[] = [];
  const begins = (word: Uint8Array, bytes: Uint8Array, at: number) => {
    if (at + word.length > bytes.length) return false;
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
        const at = end - windowBytes + 1;
        found.length = 0;
        for (const index of buckets.get(hash) ?? []) {
          if (begins(bytesOf[index] as Uint8Array, bytes, at)) found.push(index);
        }
        if (found.length > 0) return at;
        end += 1;
      }
      return -1;
    },
  };
}

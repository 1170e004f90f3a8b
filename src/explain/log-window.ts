/**
 * Reads a log of any size in bounded memory and hands out the lines in which one of the given words occurs, each with what stands around it. How the bytes are
 * cut into chunks makes no difference to what comes out.
 */
import type { WordScan } from "./word-scan.ts";

/** Bytes around a word that belong to its line at most: of longer lines a piece is seen. */
export const lineReach = 16 * 1024;
/** Bytes before and after a line in which its surroundings are looked for. */
const surroundingBytes = 64 * 1024;
/** Bytes that are kept on both sides of the search: the surroundings of a line that the search stopped in. */
const historyBytes = surroundingBytes + 2 * lineReach;
/** Bytes that are gathered before they are searched. */
const batchBytes = 1024 * 1024;

/** A line of the log in which a word occurs. */
export interface FoundLine {
  /** Counts from 1. */
  readonly number: number;
  /** Without its line break; a piece of it where it is very long. */
  readonly text: string;
  /** Indexes of the words that occur in it. */
  readonly words: ReadonlySet<number>;
  /** Up to `count` lines before it, the nearest last. Only to be asked while the line is handed out. */
  before(count: number): string[];
  /** Up to `count` lines after it, the nearest first. Only to be asked while the line is handed out. */
  after(count: number): string[];
}

/** Takes the bytes of a log. */
export interface LogWindow {
  push(bytes: Uint8Array): void;
  /** The log is over: hands out what is left, and returns the number of its lines. */
  end(): number;
}

const lineFeed = 10;

/** Searches a log for the words of a scan and calls `onLine` for each line that has any, in order. */
export function logWindow(scan: WordScan, onLine: (line: FoundLine) => void): LogWindow {
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  /** The end of what was searched, kept as surroundings of what comes. */
  let buffer: Buffer = Buffer.alloc(0);
  /** Where in `buffer` the search goes on. */
  let position = 0;
  /** Line feeds before `counted` in the whole log. */
  let lineFeeds = 0;
  let counted = 0;

  const search = (last: boolean) => {
    buffer = Buffer.concat([buffer, ...pending]);
    pending = [];
    pendingBytes = 0;
    // A word near the end waits for what stands behind it.
    const limit = last ? buffer.length : buffer.length - historyBytes;
    if (limit <= position) return;
    let from = position;
    while (from < limit) {
      const at = scan.next(buffer, from, limit);
      if (at < 0) {
        from = limit;
        break;
      }
      // The line feed that a word may begin with belongs to the line before.
      const inLine = buffer[at] === lineFeed ? at + 1 : at;
      const start = lineStart(buffer, inLine);
      const end = lineEnd(buffer, inLine);
      const words = new Set(scan.words);
      let next = at + 1;
      for (;;) {
        const further = scan.next(buffer, next, end);
        if (further < 0 || further >= end) break;
        for (const word of scan.words) words.add(word);
        next = further + 1;
      }
      lineFeeds += countLineFeeds(buffer, counted, start);
      counted = start;
      onLine({
        number: lineFeeds + 1,
        text: buffer.toString("utf8", start, end),
        words,
        before: (count) => linesBefore(buffer, start, count),
        after: (count) => linesAfter(buffer, end, count),
      });
      from = Math.max(end, at + 1);
    }
    position = from;
    const keepFrom = Math.max(0, position - historyBytes);
    const countTo = Math.max(counted, Math.min(position, buffer.length));
    lineFeeds += countLineFeeds(buffer, counted, countTo);
    counted = countTo - keepFrom;
    position -= keepFrom;
    buffer = Buffer.from(buffer.subarray(keepFrom));
  };

  let bytesSeen = 0;
  let lastByte = lineFeed;
  return {
    push(bytes) {
      if (bytes.length === 0) return;
      pending.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      pendingBytes += bytes.length;
      bytesSeen += bytes.length;
      lastByte = bytes.at(-1) ?? lineFeed;
      if (pendingBytes >= batchBytes) search(false);
    },
    end() {
      search(true);
      return bytesSeen === 0 ? 0 : lineFeeds + (lastByte === lineFeed ? 0 : 1);
    },
  };
}

/** Where the line begins that has `at` in it, or as far back as a line reaches. */
function lineStart(bytes: Buffer, at: number): number {
  const floor = Math.max(0, at - lineReach);
  for (let index = at - 1; index >= floor; index -= 1) if (bytes[index] === lineFeed) return index + 1;
  return floor;
}

/** Where the line ends that has `at` in it, or as far ahead as a line reaches. */
function lineEnd(bytes: Buffer, at: number): number {
  const found = bytes.subarray(at, at + lineReach).indexOf(lineFeed);
  return found < 0 ? Math.min(bytes.length, at + lineReach) : at + found;
}

function linesBefore(bytes: Buffer, start: number, count: number): string[] {
  const lines: string[] = [];
  const floor = Math.max(0, start - surroundingBytes);
  let end = start - 1;
  while (lines.length < count && end > floor) {
    const from = Math.max(floor, lineStart(bytes, end));
    if (from === floor && from > 0 && bytes[from - 1] !== lineFeed) break;
    lines.push(bytes.toString("utf8", from, end));
    end = from - 1;
  }
  return lines.reverse();
}

function linesAfter(bytes: Buffer, end: number, count: number): string[] {
  const lines: string[] = [];
  const ceiling = Math.min(bytes.length, end + surroundingBytes);
  let start = end + 1;
  while (lines.length < count && start < ceiling) {
    const to = Math.min(ceiling, lineEnd(bytes, start));
    lines.push(bytes.toString("utf8", start, to));
    start = to + 1;
  }
  return lines;
}

function countLineFeeds(bytes: Buffer, from: number, to: number): number {
  let count = 0;
  for (let index = from; index < to; index += 1) if (bytes[index] === lineFeed) count += 1;
  return count;
}

/**
 * Reads a log of any size in bounded memory and hands out the lines in which one of the given words occurs, each with what stands around it. How the bytes are
 * cut into chunks makes no difference to what comes out.
 */
import type { WordScan } from "./word-scan.ts";

/** Bytes around a word that belong to its line at most: of longer lines a piece is seen. */
const lineReach = 16 * 1024;
/** Bytes before and after a line in which its surroundings are looked for. */
const surroundingBytes = 64 * 1024;
/** Bytes that are kept on both sides of the search: the surroundings of a line that the search stopped in. */
const historyBytes = surroundingBytes + 2 * lineReach;
/** Bytes that are held at once. */
const windowBytes = 2 * 1024 * 1024;

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
  /** Lines that begin in what was pushed. */
  lines(): number;
  /** The log is over: hands out what is left. */
  end(): void;
}

const lineFeed = 10;

/** Searches a log for the words of a scan and calls `onLine` for each line that has any, in order. */
export function logWindow(scan: WordScan, onLine: (line: FoundLine) => void): LogWindow {
  const memory = Buffer.allocUnsafe(windowBytes);
  /** Bytes of the log in `memory`. */
  let length = 0;
  /** Where in `memory` the search goes on. */
  let position = 0;
  /** Line feeds of the log before `counted`, a place in `memory`. */
  let lineFeeds = 0;
  let counted = 0;

  const countTo = (place: number) => {
    if (place > counted) lineFeeds += countLineFeeds(memory, counted, place);
    counted = Math.max(counted, place);
  };

  const handOut = (buffer: Buffer, at: number): number => {
    // A word may have a line feed before or behind it; its own bytes are in between.
    const inLine = buffer[at] === lineFeed ? at + 1 : at;
    const start = lineStart(buffer, inLine);
    const end = lineEnd(buffer, inLine);
    const words = new Set(scan.words);
    for (let next = at + 1; next < end; next += 1) {
      next = scan.next(buffer, next, end);
      if (next < 0) break;
      for (const word of scan.words) words.add(word);
    }
    countTo(start);
    onLine({
      number: lineFeeds + 1,
      text: buffer.toString("utf8", start, end),
      words,
      before: (count) => linesBefore(buffer, start, count),
      after: (count) => linesAfter(buffer, end, count),
    });
    return Math.max(end, at + 1);
  };

  const search = (limit: number) => {
    const buffer = memory.subarray(0, length);
    while (position < limit) {
      const at = scan.next(buffer, position, limit);
      position = at < 0 ? limit : handOut(buffer, at);
    }
  };

  /** Forgets what no line to come has in its surroundings. */
  const forget = () => {
    const gone = Math.max(0, position - historyBytes);
    countTo(Math.min(position, length));
    memory.copyWithin(0, gone, length);
    length -= gone;
    position -= gone;
    counted -= gone;
  };

  return {
    push(bytes) {
      let taken = 0;
      while (taken < bytes.length) {
        const piece = bytes.subarray(taken, taken + windowBytes - length);
        memory.set(piece, length);
        length += piece.length;
        taken += piece.length;
        if (length < windowBytes) return;
        // A word near the end waits for what stands behind it.
        search(length - historyBytes);
        forget();
      }
    },
    lines() {
      const open = length > 0 && memory[length - 1] !== lineFeed ? 1 : 0;
      return lineFeeds + countLineFeeds(memory, counted, length) + open;
    },
    end() {
      search(length);
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
  for (let at = bytes.indexOf(lineFeed, from); at >= 0 && at < to; at = bytes.indexOf(lineFeed, at + 1)) count += 1;
  return count;
}

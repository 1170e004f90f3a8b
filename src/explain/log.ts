/** Opens a log of any form as lines: UTF-8 or UTF-16 with a byte order mark, plain text or BuildKit's rawjson among it. */
import { type FoundLine, logWindow } from "./log-window.ts";
import { rawJsonLog } from "./rawjson-log.ts";
import type { WordScan } from "./word-scan.ts";

/** Takes the bytes of a log. */
export interface Log {
  push(bytes: Uint8Array): void;
  /** Hands out what is left, and returns the number of its lines. */
  end(): number;
}

/** Bytes of a line that may be one of rawjson: longer ones are not taken apart. */
const maxLine = 2 * 1024 * 1024;
/** Lines whose numbers are remembered: more than the window holds. */
const maxNumbers = 4_000_000;
const lineFeed = 10;

/** Calls `onLine` for each line in which a word of the scan occurs. */
export function openLog(scan: WordScan, onLine: (line: FoundLine) => void): Log {
  const rawJson = rawJsonLog();
  /** From the first line of rawjson on: the log's number of each line that the window has been given, and the window's number of the first of them. */
  let numbers: number[] | undefined;
  let first = 0;
  /** Lines of the log before the next one, counted from the same place on. */
  let whole = 0;
  /** What has come of a line that is not whole. */
  let rest: Buffer = Buffer.alloc(0);
  let decode: ((bytes: Uint8Array) => Buffer) | undefined;
  let begun = false;

  const numberOf = (number: number) => (number < first ? number : (numbers?.[number - first] ?? number));
  const window = logWindow(scan, (line) =>
    onLine(numbers === undefined ? line : { ...line, number: numberOf(line.number) }),
  );

  const pushLine = (line: Buffer, numbered: number[]) => {
    whole += 1;
    for (const text of rawJson.line(line)) {
      numbered.push(whole);
      window.push(Buffer.from(`${text}\n`));
    }
    if (numbered.length < maxNumbers) return;
    numbered.splice(0, maxNumbers / 2);
    first += maxNumbers / 2;
  };
  /** Every line is looked at by itself. */
  const pushLines = (bytes: Buffer, numbered: number[]) => {
    let from = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, from)) {
      pushLine(bytes.subarray(from, end), numbered);
      from = end + 1;
    }
    if (from < bytes.length) pushLine(bytes.subarray(from), numbered);
  };

  /** Takes whole lines. */
  const takeLines = (lines: Buffer) => {
    if (numbers === undefined && rawJson.begins(lines)) {
      numbers = [];
      whole = window.lines();
      first = whole + 1;
    }
    if (numbers === undefined) window.push(lines);
    else pushLines(lines, numbers);
  };

  const take = (bytes: Buffer) => {
    let from = 0;
    if (rest.length > 0) {
      from = bytes.indexOf(lineFeed) + 1;
      rest = Buffer.concat([rest, from === 0 ? bytes : bytes.subarray(0, from)]);
      // A line that is not whole yet may turn out to be one of rawjson; of an endless one that is not expected.
      if (from === 0 && rest.length < maxLine) return;
      const line = rest;
      rest = Buffer.alloc(0);
      takeLines(line);
      if (from === 0) return;
    }
    const feed = bytes.lastIndexOf(lineFeed) + 1;
    if (feed > from) takeLines(bytes.subarray(from, feed));
    rest = Buffer.from(bytes.subarray(Math.max(from, feed)));
  };

  return {
    push(bytes) {
      if (bytes.length === 0) return;
      if (!begun && bytes[0] === 0xff && bytes[1] === 0xfe) {
        const decoder = new TextDecoder("utf-16le");
        decode = (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }));
      }
      begun = true;
      take(decode ? decode(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
    end() {
      if (numbers !== undefined && rest.length > 0) pushLine(rest, numbers);
      else window.push(rest);
      window.end();
      return numbers === undefined ? window.lines() : whole;
    },
  };
}

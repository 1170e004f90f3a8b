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

/** Bytes of a line of rawjson at most; what is longer is not taken apart. */
const maxLine = 2 * 1024 * 1024;

/** Calls `onLine` for each line in which a word of the scan occurs. */
export function openLog(scan: WordScan, onLine: (line: FoundLine) => void): Log {
  const rawJson = rawJsonLog();
  /** Line of the log of each line that the window has been given since the stream of rawjson began; `first` is the window's number of the first. */
  let numbers: number[] | undefined;
  let first = 0;
  let whole = 0;
  let rest: Buffer = Buffer.alloc(0);
  let decode: ((bytes: Uint8Array) => Uint8Array) | undefined;
  let begun = false;

  const window = logWindow(scan, (line) =>
    onLine(numbers === undefined ? line : { ...line, number: numberOf(line.number) }),
  );
  const numberOf = (number: number) => (number < first ? number : (numbers?.[number - first] ?? number));

  /** From the first line of rawjson on, every line is looked at by itself. */
  const pushLines = (bytes: Buffer, numbered: number[]) => {
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(10, from);
      if (end < 0) break;
      pushLine(bytes.subarray(from, end), numbered);
      from = end + 1;
    }
    rest = Buffer.from(bytes.subarray(from));
    if (rest.length > maxLine) {
      pushLine(rest, numbered);
      rest = Buffer.alloc(0);
      whole -= 1;
    }
  };
  const pushLine = (line: Buffer, numbered: number[]) => {
    whole += 1;
    const plain = rawJson.line(line);
    for (const text of plain) {
      numbered.push(whole);
      window.push(Buffer.from(`${text}\n`));
    }
  };
  const take = (bytes: Uint8Array) => {
    const chunk = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
    rest = Buffer.alloc(0);
    if (numbers !== undefined) return pushLines(chunk, numbers);
    const last = chunk.lastIndexOf(10) + 1;
    // A line that is not whole yet may become one of rawjson; of endless ones nothing is expected.
    const complete = last === 0 && chunk.length < maxLine ? 0 : last === 0 ? chunk.length : last;
    const begins = rawJson.begins(chunk.subarray(0, complete));
    if (!begins) {
      window.push(chunk.subarray(0, complete));
      whole += countLines(chunk.subarray(0, complete));
      rest = Buffer.from(chunk.subarray(complete));
      return;
    }
    numbers = [];
    first = whole + 1;
    pushLines(chunk, numbers);
  };

  return {
    push(bytes) {
      if (!begun && bytes.length > 0) {
        begun = true;
        const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
        const decoder = utf16 ? new TextDecoder("utf-16le") : undefined;
        if (decoder) decode = (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }));
      }
      take(decode ? decode(bytes) : bytes);
    },
    end() {
      if (numbers !== undefined && rest.length > 0) pushLine(rest, numbers);
      else if (rest.length > 0) {
        window.push(rest);
        whole += 1;
      }
      window.end();
      return whole;
    },
  };
}

function countLines(bytes: Uint8Array): number {
  let count = 0;
  for (const byte of bytes) if (byte === 10) count += 1;
  return count;
}

import { readFile } from "node:fs/promises";
import { ArchwayError } from "../error/error.ts";

/** Bytes of a facts file or baseline: 64 MiB. */
const maxFileBytes = 64 * 1024 * 1024;

/** Reads a text file that the user named. Throws `FILE_UNREADABLE` (kind `input`). */
export async function readUserFile(path: string, name: string): Promise<string> {
  let reason: string;
  let cause: unknown;
  try {
    const bytes = await readFile(path);
    if (bytes.length <= maxFileBytes) return bytes.toString("utf8");
    reason = `it is larger than ${maxFileBytes} bytes`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    reason = error.message;
    cause = error;
  }
  throw new ArchwayError({
    code: "FILE_UNREADABLE",
    kind: "input",
    message: `${name} cannot be read: ${reason}`,
    cause,
  });
}

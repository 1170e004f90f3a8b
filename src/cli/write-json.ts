import { rename, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";

/** Writes JSON to a file that the user named: whole or not at all. Throws `FILE_UNWRITABLE` (kind `input`). */
export async function writeJsonFile(cwd: string, file: string, content: object): Promise<void> {
  const path = resolve(cwd, file);
  const temporary = `${path}.${process.pid}.part`;
  try {
    await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`);
    await rename(temporary, path);
  } catch (error) {
    throw new ArchwayError({
      code: "FILE_UNWRITABLE",
      kind: "input",
      message: `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Name a file in a folder that exists and that you may write to.",
      cause: error,
    });
  }
}

import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { ArchwayError } from "../error/error.ts";

/**
 * Writes a pipeline to a file that is not there yet, or over it with `force`.
 *
 * @param otherwise what to do when the file is there
 * @throws ArchwayError `CONFIG_EXISTS`, `FILE_UNWRITABLE` (kind `input`)
 */
export async function writePipeline(file: string, text: string, force: boolean, otherwise: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new ArchwayError({
      code: exists ? "CONFIG_EXISTS" : "FILE_UNWRITABLE",
      kind: "input",
      message: exists
        ? `There is already a ${basename(file)}, and it is left as it is.`
        : `${file} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      hint: exists ? otherwise : "Name a file in a folder that exists and that you may write to.",
      place: { file },
      cause: error,
    });
  }
}

import { readFileSync, statSync } from "node:fs";

/** The text of the file that an error is about; files larger than 1 MiB are left alone. */
export function readSource(file: string): string | undefined {
  try {
    const found = statSync(file);
    return found.isFile() && found.size <= 1024 ** 2 ? readFileSync(file, "utf8") : undefined;
  } catch {
    // The place is told without the line.
    return undefined;
  }
}

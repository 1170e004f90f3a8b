import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ArchwayError } from "../error/error.ts";

/** Milliseconds to wait for other runs that count at the same moment. */
const patience = 10_000;

/**
 * Counts the runs of a repository: 1, 2, 3 … also when several begin at the same moment.
 *
 * @param file Database of all counters of the user
 * @param repository Absolute path of the repository
 * @throws ArchwayError `RUN_NUMBER_UNKNOWN` (kind `unreachable`) when the file cannot be used.
 */
export function nextRunNumber(file: string, repository: string): number {
  try {
    mkdirSync(dirname(file), { recursive: true });
    using database = new DatabaseSync(file, { timeout: patience });
    database.exec("CREATE TABLE IF NOT EXISTS runs (repository TEXT PRIMARY KEY, number INTEGER NOT NULL)");
    const counted = database
      .prepare(
        "INSERT INTO runs VALUES (?, 1) ON CONFLICT (repository) DO UPDATE SET number = number + 1 RETURNING number",
      )
      .get(repository);
    return Number(counted?.["number"]);
  } catch (cause) {
    throw new ArchwayError({
      code: "RUN_NUMBER_UNKNOWN",
      kind: "unreachable",
      message: `The runs of this repository cannot be counted in ${file}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      hint: "Make the file writable, or remove it: counting begins at 1 again.",
      cause,
    });
  }
}

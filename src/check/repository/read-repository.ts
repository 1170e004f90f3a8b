import type { Repository } from "./repository.ts";
import { memoryRepository } from "./memory-repository.ts";

/**
 * Opens the files of a folder.
 *
 * @throws ArchwayError `CHECK_DIRECTORY` (kind `input`) when it is not there or no folder.
 */
export async function readRepository(_directory: string, _signal: AbortSignal): Promise<Repository> {
  return memoryRepository({});
}

import { ArchwayError } from "../error/error.ts";

/** What the disk refuses: rights, space, and what is in the way. Other errors of the system are of the network, or defects. */
const codes: ReadonlySet<string> = new Set([
  "EACCES",
  "EDQUOT",
  "EIO",
  "EMFILE",
  "ENOSPC",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/** An error of the disk as a person needs it; any other error as it is. */
export function explainDisk(error: unknown, state: string): unknown {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string" && codes.has(error.code)))
    return error;
  return new ArchwayError({
    code: "RUN_FILES",
    kind: "unreachable",
    message: `The files of the run cannot be read or written: ${error.message}.`,
    hint: `Runs are kept below ${state} (XDG_STATE_HOME names another place): it must be writable and have space, and the files of the repository must be readable.`,
    cause: error,
  });
}

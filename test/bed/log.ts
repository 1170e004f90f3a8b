/** Where the bed says what it installs, builds and starts: one line a call, without a final newline. */
export type Log = (line: string) => void;

/** To standard error, marked as the bed's. */
export const logToStderr: Log = (line) => process.stderr.write(`bed: ${line}\n`);

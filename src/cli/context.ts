/** Where a command writes: a terminal, a pipe or a file; `process.stdout` is one, and so is a `PassThrough` in tests. */
export interface Output extends NodeJS.WritableStream {
  /** True on a terminal. */
  readonly isTTY?: boolean;
  /** Width and height of the terminal in characters; `resize` is emitted when they change. */
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything of the outside world that a command may use; nothing else is reached through `process`. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path. */
  readonly cwd: string;
  /** The command reads and writes what it is asked for in `cwd` alone: a pipeline asks, and not the person whose machine it is. */
  readonly isConfined?: true;
  readonly stdin: NodeJS.ReadableStream;
  /** For results alone: JSON, tables, digests. */
  readonly stdout: Output;
  /** For everything else: progress, warnings, errors. */
  readonly stderr: Output;
  /** Aborted by the first Ctrl-C or SIGTERM; the second ends the process at once. */
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The `#!` line of a script, as the kernel takes it apart (Linux, fs/binfmt_script.c). */
export interface Shebang {
  readonly interpreter: string;
  /** All that follows, as one argument. */
  readonly argument?: string;
  /** The line ends with a carriage return, which the kernel takes for a part of the last word. */
  readonly carriageReturn: boolean;
}

/**
 * Reads the first line of a file (its first 256 bytes, without the line feed); `undefined` when it is no `#!` line or names
 * nothing.
 */
export function readShebang(head: string): Shebang | undefined {
  const match = /^#![ \t]*([^ \t\r\0]+)(?:[ \t]+([^\r\0]*?))?[ \t]*(\r)?$/.exec(head.split("\0", 1)[0] ?? "");
  const [, interpreter, argument, carriageReturn] = match ?? [];
  if (interpreter === undefined) return undefined;
  return {
    interpreter,
    ...(argument === undefined || argument === "" ? {} : { argument }),
    carriageReturn: carriageReturn !== undefined,
  };
}

/** What `env` starts when it is the interpreter: `env NAME`, `env -S NAME ARG…`; `undefined` when that cannot be told. */
export function commandOfEnv(argument: string): string[] | undefined {
  const split = /^-(?:\w*S|-split-string=)\s*(.*)$/.exec(argument)?.[1];
  // Without -S the kernel hands over the rest as one word: `env python3 -u` looks for a program of that name.
  const words = split === undefined ? [argument] : split.split(/\s+/);
  const start = words.findIndex((word) => !word.includes("=") && !word.startsWith("-"));
  return start === -1 ? undefined : words.slice(start);
}

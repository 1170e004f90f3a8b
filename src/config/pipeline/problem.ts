/** Where in the file a mistake is. */
export type Path = readonly PropertyKey[];

/** Reports a mistake at a value; at the key of it, or at a character of its text where that is said. A hint that is looked for is a function: only the first mistakes have one. */
export type Report = (
  path: Path,
  message: string,
  hint?: string | (() => string | undefined),
  where?: { readonly onKey?: true; readonly character?: number },
) => void;

export const onKey = { onKey: true } as const;

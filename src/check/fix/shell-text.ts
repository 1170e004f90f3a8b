/** How a shell reads a place of its script: where a variable would be expanded as it is, and where not. */
export type Quoting = "plain" | "double" | "single" | "comment";

/** The quoting at an offset of a script. Here-documents count as plain text. */
export function quotingAt(script: string, offset: number): Quoting {
  let state: Quoting = "plain";
  for (let at = 0; at < offset; at++) {
    const character = script[at];
    if (state === "comment") {
      if (character === "\n") state = "plain";
    } else if (state === "single") {
      if (character === "'") state = "plain";
    } else if (character === "\\") at++;
    else if (character === '"') state = state === "double" ? "plain" : "double";
    else if (state === "plain" && character === "'") state = "single";
    else if (state === "plain" && character === "#" && /^$|[\s;&|(]/.test(script[at - 1] ?? "")) state = "comment";
  }
  return state;
}

/** An expression of a shell (`$(uname -m)`, `${TARGETARCH}`) as it must be written in this quoting. */
export function quoteFor(expression: string, quoting: Quoting): string {
  return quoting === "single" ? `'"${expression}"'` : expression;
}

/** A `case` that gives variables their value for each architecture and ends with a failure for all others. */
export function architectureCase(
  subject: string,
  branches: readonly { readonly pattern: string; readonly assignments: readonly string[] }[],
  style: { readonly indent: string; readonly lineEnd: string },
): string {
  const { indent, lineEnd } = style;
  const lines = [
    `case "${subject}" in`,
    ...branches.map(
      ({ pattern, assignments }) => `${indent}  ${pattern}) ${[...assignments, ""].join("; ").replace(/; $/, " ")};;`,
    ),
    `${indent}  *) echo "unsupported architecture: ${subject}" >&2; exit 1 ;;`,
    `${indent}esac`,
  ];
  return lines.join(`${lineEnd}\n`);
}

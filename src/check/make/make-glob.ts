/** A pattern of `$(wildcard …)` as an expression: `*` and `?` stay inside of a folder. */
export function globPattern(pattern: string): RegExp {
  const source = pattern.replaceAll(/[.+^${}()|\\\]]|\*+|\?|\[/g, (found) => {
    if (found.startsWith("*")) return "[^/]*";
    return found === "?" ? "[^/]" : `\\${found}`;
  });
  return new RegExp(`^${source}$`);
}

/**
 * Whether an absolute path of an image matches a glob: `*` and `?` stay within a name, `**` as a whole name spans any number
 * of them. A glob that does not begin with a slash may begin at any name. Takes at most the product of both lengths: globs of
 * `ld.so.conf` come from strangers.
 */
export function matchesGlob(glob: string, path: string): boolean {
  const globs = (glob.startsWith("/") ? glob : `/**/${glob}`).split("/");
  return matches(globs, path.split("/"), "**", matchesName);
}

function matchesName(glob: string, name: string): boolean {
  return matches(Array.from(glob), Array.from(name), "*", (one, other) => one === "?" || one === other);
}

/** Matches a sequence with a pattern in which `star` stands for any number of elements; going back to the last star is enough. */
function matches<Element>(
  pattern: readonly Element[],
  sequence: readonly Element[],
  star: Element,
  same: (one: Element, other: Element) => boolean,
): boolean {
  let at = 0;
  let position = 0;
  let back: { at: number; position: number } | undefined;
  while (position < sequence.length) {
    const one = pattern[at];
    const other = sequence[position];
    if (at < pattern.length && one === star) back = { at: at++, position };
    else if (one !== undefined && other !== undefined && same(one, other)) {
      at++;
      position++;
    } else if (back !== undefined) {
      at = back.at + 1;
      position = ++back.position;
    } else return false;
  }
  while (at < pattern.length && pattern[at] === star) at++;
  return at === pattern.length;
}

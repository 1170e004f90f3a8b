import type { NameMatch } from "../../../platform/architecture-words.ts";

/** What stands behind the name in Debian's triplets. */
const tripletRest = /^-(?:pc-)?linux-(?:gnu|musl)\w*/;

/** What stands before it in names of dynamic loaders. */
const loader = /\/(?:ld-linux-|ld-musl-|ld64?[-.]?)$/;

/**
 * True when a name in a path is part of a folder of libraries or of a dynamic loader: `/usr/lib/x86_64-linux-gnu/libc.so.6`,
 * `/lib64/ld-linux-x86-64.so.2`, `/etc/ld-musl-x86_64.path`. Each architecture has its own by the rules of the distribution.
 */
export function isLibraryFolder(text: string, { start, end }: Pick<NameMatch, "start" | "end">): boolean {
  const before = text.slice(0, start);
  const rest = text.slice(end);
  if (loader.test(before)) return true;
  const triplet = tripletRest.exec(rest)?.[0];
  if (triplet === undefined || !/(?:^|[/:=,\s"'])$/.test(before)) return false;
  // `/opt/x86_64-linux-gnu/bin` of a toolchain is no folder of the system.
  const isFolder = /^(?:$|[/:;,\s"'*])/.test(rest.slice(triplet.length));
  return isFolder && /(?:lib(?:32|64|exec)?|include|pkgconfig|cmake|locale|\{[^}]*)\/$/.test(before);
}

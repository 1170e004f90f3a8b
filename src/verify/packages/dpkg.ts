import { mayHoldCode } from "./may-hold-code.ts";
import type { PackagesRead } from "./package-list.ts";
import { linesOf, readingPackages } from "./package-list.ts";

/** States of a package whose files are not in the file system (dpkg(1), "Package states"). */
const absentStates = new Set(["not-installed", "config-files"]);

/**
 * Reads dpkg's database of packages, `/var/lib/dpkg/status`, or one of the files in `status.d` that distroless images have
 * instead: paragraphs of `Field: value` lines, a blank line between them (deb822(5)). Packages that were removed are left out.
 */
export function readDpkgStatus(bytes: Uint8Array): PackagesRead {
  return readingPackages((list) => {
    let paragraph = new Map<string, string>();
    const finish = () => {
      // A paragraph without a state is a file of status.d.
      const status = paragraph.get("status") ?? "installed";
      const isInstalled = !absentStates.has(status.slice(status.lastIndexOf(" ") + 1));
      const field = (name: string) => paragraph.get(name) ?? "";
      if (isInstalled) list.add(field("package"), field("version"), field("architecture"));
      paragraph = new Map();
    };
    for (const line of linesOf(textOf(bytes))) {
      if (line.trim() === "") finish();
      else {
        const [, name = "", value = ""] = /^(Package|Version|Architecture|Status):[ \t]*(.*)$/i.exec(line) ?? [];
        if (name !== "") paragraph.set(name.toLowerCase(), value.trim());
      }
    }
    finish();
  });
}

/**
 * Reads `/var/lib/dpkg/info/NAME.list`: one absolute path a line, folders before what is in them. Only paths that may hold
 * machine code are given.
 */
export function readDpkgList(bytes: Uint8Array): string[] {
  const paths: string[] = [];
  for (const line of linesOf(textOf(bytes))) {
    const last = paths.at(-1);
    if (last !== undefined && line.startsWith(`${last}/`)) paths.pop();
    if (line.startsWith("/") && line !== "/." && mayHoldCode(line)) paths.push(line);
  }
  return paths;
}

/** Reads `status.d/NAME.md5sums` of a distroless image: a digest and a relative path on each line. */
export function readDpkgSums(bytes: Uint8Array): string[] {
  const paths: string[] = [];
  for (const line of linesOf(textOf(bytes))) {
    const path = /^[0-9a-f]{32}[ *]+(?:\.?\/)?(.+)$/.exec(line)?.[1];
    if (path !== undefined && mayHoldCode(`/${path}`)) paths.push(`/${path}`);
  }
  return paths;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { ComparedImage } from "./compare.ts";
import { aboutIndex } from "./index-rules.ts";
import { namesAnyArchitecture } from "../program/platform-words.ts";

/** Folders that the image's own build fills; what distributions put elsewhere differs from port to port. */
const ownFolders = /^\/(?:usr\/local\/s?bin|app|opt(?:\/[^/]+)?(?:\/bin)?)\/[^/]+$/;

/** Most names in one finding. */
const maxNames = 5;

/**
 * Tells which platform lacks programs of the image's own that every other platform has: a download that failed silently, or a build that was left
 * out for it. Names with an architecture in them differ on purpose.
 */
export function missingPrograms(images: readonly ComparedImage[]): Finding[] {
  if (images.length < 2) return [];
  const programs = images.map(({ code }) => new Set(code.map(({ path }) => path).filter(isOwnProgram)));
  return images.flatMap(({ platform }, index) => {
    const others = programs.filter((_, other) => other !== index);
    const [first, ...rest] = others;
    const missing = [...(first ?? [])].filter(
      (path) => programs[index]?.has(path) === false && rest.every((other) => other.has(path)),
    );
    if (missing.length === 0) return [];
    const names = missing.sort().slice(0, maxNames).join(", ");
    const more = missing.length > maxNames ? ` and ${missing.length - maxNames} more` : "";
    const elsewhere = images.length === 2 ? "the other platform has" : "all other platforms have";
    const message = `${formatPlatform(platform)} lacks ${names}${more}, which ${elsewhere}.`;
    return [aboutIndex("program-missing", "note", message, [platform])];
  });
}

function isOwnProgram(path: string): boolean {
  return ownFolders.test(path) && !namesAnyArchitecture(path);
}

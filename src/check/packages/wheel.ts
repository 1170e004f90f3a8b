import { findArchitecture } from "../../platform/architecture.ts";
import type { Platform } from "../../platform/platform.ts";

/** Which C library the wheels of an image are for; `unknown` takes either. */
export type Libc = "glibc" | "musl" | "unknown";

/**
 * Whether a release has a wheel for a platform, by the names of its files (PEP 427, 600, 656): true for a pure wheel, undefined when it has no wheel at
 * all for Linux, so that every platform compiles it.
 */
export function hasWheel(files: readonly string[], platform: Platform, libc: Libc): boolean | undefined {
  const tags = files.flatMap((file) => (file.endsWith(".whl") ? [file.slice(0, -4).split("-").at(-1) ?? ""] : []));
  if (tags.includes("any")) return true;
  const linux = tags.flatMap((tag) => tag.split(".")).filter((tag) => isLinux(tag, libc));
  if (linux.length === 0) return undefined;
  const machine = findArchitecture(platform)?.machine;
  return linux.some((tag) => machine !== undefined && tag.endsWith(`_${machine}`));
}

function isLinux(tag: string, libc: Libc): boolean {
  if (tag.startsWith("musllinux")) return libc !== "glibc";
  return (tag.startsWith("manylinux") || tag.startsWith("linux")) && libc !== "musl";
}

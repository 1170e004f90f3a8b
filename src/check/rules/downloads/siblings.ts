import { findArchitecture } from "../../../platform/architecture.ts";
import type { Platform } from "../../../platform/platform.ts";
import { fileNameOf, pathOf } from "./asset-kind.ts";

const extension = /(?:\.(?:tar\.\w+|t[gx]z|zip|gz|xz|bz2|zst|deb|rpm|apk|AppImage|bin|run|so))?$/i;

/** URLs that the same file for another platform may have in the same release, the likeliest first: `tini` → `tini-arm64`. */
export function siblingsOf(url: string, platform: Platform): string[] {
  const { name, machine } = findArchitecture(platform) ?? {
    name: platform.architecture,
    machine: platform.architecture,
  };
  const file = fileNameOf(url);
  const folder = pathOf(url).slice(0, pathOf(url).length - file.length);
  const end = extension.exec(file)?.[0] ?? "";
  const stem = file.slice(0, file.length - end.length);
  const separator = stem.includes("_") && !stem.includes("-") ? "_" : "-";
  const system = /linux/i.test(stem) ? "" : `${separator}linux`;
  const words = [`${separator}${name}`, `${system}${separator}${name}`, `${separator}${machine}`];
  return [...new Set(words)].map((word) => `${folder}${stem}${word}${end}`);
}

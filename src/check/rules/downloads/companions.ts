import { textOf } from "../../value.ts";
import { assetKind } from "./asset-kind.ts";
import { downloadsBeside, type Download } from "./download.ts";

/** The signatures and checksums that are got beside a file: `FILE.asc` for `FILE`. */
export function companionsOf(download: Download): Download[] {
  const url = textOf(download.url);
  if (assetKind(url) === "checksum") return [];
  return downloadsBeside(download).filter((other) => isOf(textOf(other.url), url));
}

/** Whether a download is such a companion: then it belongs to the finding of its file. */
export function isCompanion(download: Download): boolean {
  const url = textOf(download.url);
  if (assetKind(url) !== "checksum") return false;
  return downloadsBeside(download).some((other) => isOf(url, textOf(other.url)));
}

function isOf(companion: string, url: string): boolean {
  return companion !== url && companion.startsWith(`${url}.`) && assetKind(companion) === "checksum";
}

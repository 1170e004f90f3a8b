import { textOf } from "../../value.ts";
import { assetKind } from "./asset-kind.ts";
import { downloadsIn, type Download } from "./download.ts";

/** The signatures and checksums that are got beside a file: `FILE.asc` for `FILE`. */
export function companionsOf(download: Download): Download[] {
  const url = textOf(download.url);
  if (download.execution === undefined || assetKind(url) === "checksum") return [];
  return downloadsIn(download.execution).filter((other) => isOf(textOf(other.url), url));
}

/** Whether a download is such a companion: then it belongs to the finding of its file. */
export function isCompanion(download: Download): boolean {
  const url = textOf(download.url);
  if (download.execution === undefined || assetKind(url) !== "checksum") return false;
  return downloadsIn(download.execution).some((other) => isOf(url, textOf(other.url)));
}

function isOf(companion: string, url: string): boolean {
  return companion !== url && companion.startsWith(`${url}.`) && assetKind(companion) === "checksum";
}

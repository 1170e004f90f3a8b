import type { Platform } from "../../platform/platform.ts";
import { assetTable } from "./asset-table.ts";

/** Files to download whose names do not say, or not truly, which architecture they are for. */
export interface Asset {
  /** What it is called in messages. */
  readonly name: string;
  /** Matches the URLs of the files that are for {@link runsOn} alone. */
  readonly url: RegExp;
  /** What the files run on: OCI's name. */
  readonly runsOn: "amd64" | "386";
  /** What to take instead, one sentence. */
  readonly instead: string;
  /** False when it holds only for a part of the file, which works without: then it is a note. */
  readonly certain: boolean;
  /** Where that is known from, and when it was looked at. */
  readonly source: string;
}

/** The entry of the table for a URL that is wrong for a platform; unknown parts of the URL match anything. */
export function findAsset(url: string, platform: Platform): Asset | undefined {
  const { architecture } = platform;
  return assetTable.find((asset) => {
    const runs = architecture === asset.runsOn || (asset.runsOn === "386" && architecture === "amd64");
    return !runs && asset.url.test(url);
  });
}

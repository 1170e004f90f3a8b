import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import type { Model } from "../model.ts";
import type { Place } from "../place.ts";
import { checksumsOf, type Checksum } from "../rules/downloads/checksums.ts";
import { downloadsOf, type Download } from "../rules/downloads/download.ts";
import { textOf } from "../value.ts";
import { checksumLengths } from "./checksums.ts";
import { offsetsOf } from "./change.ts";
import { instructionAt } from "./dockerfile-place.ts";
import type { ChecksumAlgorithm, FixContext } from "./fixer.ts";
import type { WrongName } from "./wrong-names.ts";

/** The constant checksums that a fix has to give every platform its own of, or why it cannot. */
type ChecksumNames = readonly WrongName[] | { readonly refused: string; readonly instead: string };

/** What a download is called for a platform. */
export type UrlFor = (download: Download, platform: Platform) => string | undefined;

/**
 * The checksums of downloads that a fix makes follow the platform. Each is written in the command that compares it, or in a variable: then its line
 * stays, and the command's script sets the variable anew for the other platforms.
 */
export function checksumNames(downloads: readonly Download[], urlFor: UrlFor, context: FixContext): ChecksumNames {
  const { platforms, model } = context;
  const names: WrongName[] = [];
  for (const download of downloads) {
    for (const checksum of checksumsOf(download)) {
      const algorithm = algorithmOf(checksum.text);
      const own = textOf(download.url);
      const spellings = new Map<string, string>();
      for (const platform of platforms) {
        const url = urlFor(download, platform);
        const isOwn = url === own || (url === undefined && samePlatform(platform, download.platform));
        const text = isOwn
          ? checksum.text
          : url === undefined || algorithm === undefined
            ? undefined
            : context.checksum(url, algorithm);
        if (text === undefined) return unknownChecksum(url ?? own, algorithm, platform);
        spellings.set(formatPlatform(platform), text);
      }
      const written = writtenAt(checksum, model.repository.text(checksum.piece.place?.path ?? ""));
      const variable = checksum.piece.through?.[0];
      if (written !== undefined && isSameScript(written, checksum.command.place, model))
        names.push({ place: written, text: checksum.text, spellings, variable: "checksum" });
      else if (variable !== undefined) {
        names.push({ place: checksum.command.place, text: checksum.text, spellings, variable, overrides: true });
      } else {
        return {
          refused: `The checksum of ${own} is not written where it is compared.`,
          instead: "Give every platform its own checksum, and keep the check.",
        };
      }
    }
  }
  return withoutDoubles(names);
}

/** The downloads that a finding is about: at its lines, or with a URL that one of its wrong names is written in. */
export function downloadsOfFinding(
  finding: CheckFinding,
  names: readonly WrongName[],
  { model, platforms }: FixContext,
): readonly Download[] {
  // What works today is what the constants are of.
  const own = platforms.find((platform) => !finding.platforms.some((other) => samePlatform(other, platform)));
  return [...downloadsOf(model)].filter((download) => {
    if (own !== undefined && !samePlatform(download.platform, own)) return false;
    const { path, line, endLine } = download.place;
    const isAt = (other: string, at: number) => other === path && line <= at && at <= endLine;
    if (isAt(finding.path, finding.line ?? 0)) return true;
    return download.url.pieces.some(({ place }) => {
      return place !== undefined && names.some((name) => isWithin(name.place, place));
    });
  });
}

function algorithmOf(hex: string): ChecksumAlgorithm | undefined {
  const known: readonly ChecksumAlgorithm[] = ["md5", "sha1", "sha256", "sha512"];
  return known.find((name) => checksumLengths[name] === hex.length);
}

function unknownChecksum(url: string, algorithm: string | undefined, platform: Platform): ChecksumNames {
  return {
    refused: `The file is compared with a checksum, and that of the file for ${formatPlatform(platform)} (${url}) is not known: it is not published in a place that can be read, or the check is offline.`,
    instead: `Take the ${algorithm ?? "checksum"} of that file from the page or the signed list of its release, and give every platform its own; do not leave the check out.`,
  };
}

/** Where exactly the digits stand in their piece, when the file says them there. */
function writtenAt({ piece, text: hex }: Checksum, text: string | undefined): Place | undefined {
  const { place } = piece;
  const offsets = text === undefined || place === undefined ? undefined : offsetsOf(place, text);
  if (text === undefined || place === undefined || offsets === undefined) return undefined;
  const within = text.slice(...offsets).indexOf(hex);
  if (within < 0) return undefined;
  const before = text.slice(offsets[0], offsets[0] + within);
  const feeds = before.split("\n").length - 1;
  const line = place.line + feeds;
  const column = feeds === 0 ? place.column + within : before.length - before.lastIndexOf("\n");
  return { path: place.path, line, column, endLine: line, endColumn: column + hex.length };
}

/** True when two places are in one shell: of one RUN, or of one script. */
function isSameScript(a: Place, b: Place, model: Model): boolean {
  if (a.path !== b.path) return false;
  return instructionAt(model, a.path, a.line)?.instruction === instructionAt(model, b.path, b.line)?.instruction;
}

function isWithin(inner: Place, outer: Place): boolean {
  if (inner.path !== outer.path) return false;
  const isAfter = inner.line > outer.line || (inner.line === outer.line && inner.column >= outer.column);
  const isBefore =
    inner.endLine < outer.endLine || (inner.endLine === outer.endLine && inner.endColumn <= outer.endColumn);
  return isAfter && isBefore;
}

function withoutDoubles(names: readonly WrongName[]): WrongName[] {
  return names.filter((name, index) => {
    return names.findIndex((other) => JSON.stringify(other.place) === JSON.stringify(name.place)) === index;
  });
}

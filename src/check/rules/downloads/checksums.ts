import type { Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { sliceValue, textOf, type Piece, type Value } from "../../value.ts";
import { fileNameOf } from "./asset-kind.ts";
import { downloadWords, realProgram } from "./download-words.ts";
import type { Download } from "./download.ts";

/** A checksum that a command compares a download with. */
export interface Checksum {
  /** Hexadecimal digits. */
  readonly text: string;
  readonly piece: Piece;
  readonly command: ReachedCommand;
}

/** Where the constant checksums of a download are written, and the commands that compare them. */
export function checksumPlaces(download: Download): Place[] {
  const places = checksumsOf(download).flatMap(({ piece, command }) =>
    piece.place === undefined ? [command.place] : [piece.place, command.place],
  );
  return places.filter(
    (place, index) => places.findIndex((other) => other.path === place.path && other.line === place.line) === index,
  );
}

/** The checksums, as far as they are written and the same on every platform, that a download is compared with. */
export function checksumsOf(download: Download): Checksum[] {
  return commandsAfter(download).flatMap((command) =>
    [...command.words.slice(1), ...(command.input === undefined ? [] : [command.input])].flatMap((word) =>
      hexIn(word).map((found) => ({ ...found, command })),
    ),
  );
}

/** Lengths in hexadecimal digits of md5, sha1, sha224, sha256, sha384 and sha512. */
const lengths = new Set([32, 40, 56, 64, 96, 128]);

function hexIn(value: Value): { readonly text: string; readonly piece: Piece }[] {
  const text = textOf(value);
  return [...text.matchAll(/(?<![0-9a-zA-Z])[0-9a-fA-F]{32,128}(?![0-9a-zA-Z])/g)].flatMap(({ 0: hex, index }) => {
    const pieces = sliceValue(value, index, index + hex.length).pieces;
    const [piece] = pieces;
    if (!lengths.has(hex.length) || piece === undefined || pieces.length !== 1) return [];
    return piece.source === "written" && piece.dependsOnPlatform !== true ? [{ text: hex, piece }] : [];
  });
}

/**
 * The commands that may check a download: those behind it up to the next download that has a checksum of its own; for ADD those in the
 * stage that name its file.
 */
function commandsAfter(download: Download): ReachedCommand[] {
  const { execution, index = 0, stage, copy, place } = download;
  if (execution === undefined) {
    const file = fileNameOf(textOf(copy?.destination ?? { pieces: [] })) || fileNameOf(textOf(download.url));
    if (file === "") return [];
    const later = (stage?.runs ?? []).filter((run) => run.place.line > place.line);
    return later.flatMap(({ trace }) =>
      trace.commands.filter((command) => isCheck(command) && command.words.some((word) => textOf(word).includes(file))),
    );
  }
  const { commands } = execution.trace;
  const found: ReachedCommand[] = [];
  for (const command of commands.slice(index + 1)) {
    if (isDownload(command)) break;
    if (isCheck(command)) found.push(command);
  }
  return found;
}

/** A download of a file; that of a signature or list of checksums belongs to the one before it. */
function isDownload(command: ReachedCommand): boolean {
  return downloadWords(command).some((url) => !/\.(?:asc|sig|sha\d+\w*)$|sums?(?:\.txt)?$/i.test(textOf(url)));
}

function isCheck(command: ReachedCommand): boolean {
  return /^(?:echo|printf|\[|\[\[|test|openssl|shasum|cat|tee|b2sum|md5sum|sha\d+sum|verify\w*|check\w*|rhash)$/.test(
    realProgram(command).program,
  );
}

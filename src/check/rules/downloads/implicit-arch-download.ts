import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import { findAsset, type Asset } from "../../names/assets.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, sliceValue, textOf, unknownMark, type Value } from "../../value.ts";
import { assetKind, fileNameOf, isUrl } from "./asset-kind.ts";
import { checksumPlaces } from "./checksums.ts";
import { hostOfCrossTool, isCrossTool } from "./cross-tools.ts";
import { downloadsOf, platformOf, stagesOf, type Download } from "./download.ts";
import { siblingsOf } from "./siblings.ts";
import { isLookedAt, weigh, type Weight } from "./weigh.ts";

const id = "implicit-arch-download";

/** Finds downloads of files for amd64 whose names do not say so. */
export const implicitArchDownload: Rule = {
  id,
  severity: "error",
  page: {
    title: "A download is for amd64 without saying so",
    what: "A command or an `ADD` gets a file without any architecture in its name that is nevertheless made for one: `tini`, `jq-linux64`, `forego`, the packages of alpine-pkg-glibc. That is known from a built-in table (every entry has its source), or from the release itself, when it has a second file with `-arm64` in its name. What only looks like a program is a note.",
    why: "For a long time amd64 was the only platform, and its files kept the plain name when others came.",
    symptom:
      "`exec format error` when the program is started, or `sh: /usr/bin/tool: not found` although the file is there (its loader is missing).",
    fix: "Take the file that has the platform in its name:\n\n```diff\n+ARG TARGETARCH\n-ADD https://github.com/krallin/tini/releases/download/v0.19.0/tini /tini\n+ADD https://github.com/krallin/tini/releases/download/v0.19.0/tini-${TARGETARCH} /tini\n```\n\nWhere there is none, take a package of the distribution or a newer version.",
    ignore: "When the file is the same for all platforms: a script, an archive with programs for all of them.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  const found = new Set<string>();
  const downloads = [...downloadsOf(model)].filter(isLookedAt);
  const byPlace = Map.groupBy(downloads, ({ place }) => `${place.path}:${place.line}:${place.column}`);
  for (const download of downloads) {
    const { path, line, column } = download.place;
    const problem =
      problemOf(download, model) ?? missing(download, byPlace.get(`${path}:${line}:${column}`) ?? [], model);
    if (problem === undefined) continue;
    for (const place of [problem.place, ...(problem.related ?? []).map((each) => each.place)])
      found.add(`${place.path}:${place.line}`);
    yield problem;
  }
  for (const { value, place, platform } of variablesOf(model)) {
    const asset = isUrl(textOf(value)) ? findAsset(textOf(value), platform) : undefined;
    if (asset === undefined || found.has(`${place.path}:${place.line}`)) continue;
    yield {
      rule: id,
      severity: "note",
      message: `This is the URL of a file for ${asset.runsOn} alone: ${asset.name}.`,
      platforms: [platform],
      place,
      advice: asset.instead,
    };
  }
}

function problemOf(download: Download, model: Model): Problem | undefined {
  const { url: value, platform } = download;
  const url = textOf(value);
  const asset = findAsset(url, platform);
  if (asset !== undefined) return told(download, weightOf(download, asset), asset.name, asset.runsOn, asset.instead);
  const host = isCrossTool(url) ? hostOfCrossTool(url) : undefined;
  if (host !== undefined && host !== platform.architecture) {
    return told(
      download,
      weigh(download),
      "this cross compiler",
      host,
      `Take the one whose host is ${formatPlatform(platform)}.`,
    );
  }
  return unnamed(download, platform, model);
}

/** A URL that follows the platform to a file that the release does not have, though it has the one of another platform. */
function missing(download: Download, others: readonly Download[], model: Model): Problem | undefined {
  const { url: value, platform } = download;
  const url = textOf(value);
  if (!dependsOnPlatform(value) || !isUrl(url) || url.includes(unknownMark) || assetKind(url) === "checksum")
    return undefined;
  if (namesIn(url).every(({ architecture }) => architecture !== platform.architecture)) return undefined;
  const isElsewhere = others.some(
    (other) => textOf(other.url) !== url && isUrl(textOf(other.url)) && model.facts.url(textOf(other.url)) === true,
  );
  if (!isElsewhere || model.facts.url(url) !== false) return undefined;
  const weight = weigh(download);
  return {
    rule: id,
    severity: weight.severity,
    message: [`There is no ${fileNameOf(url)}: the project has this file for other platforms only.`, weight.because]
      .filter(Boolean)
      .join(" "),
    platforms: [platform],
    place: download.place,
    advice: `Take a package, another version, or build it from source for ${formatPlatform(platform)}.`,
  };
}

/** A file without an architecture in its name that the table does not have. */
function unnamed(download: Download, platform: Platform, model: Model): Problem | undefined {
  const url = textOf(download.url);
  const file = fileNameOf(url);
  if (
    dependsOnPlatform(download.url) ||
    platform.architecture === "amd64" ||
    !isUrl(url) ||
    !/\/releases\/(?:download|latest)\//.test(url)
  )
    return undefined;
  if (file === "" || file.includes(unknownMark) || assetKind(url) !== "file" || namesIn(url).length > 0)
    return undefined;
  if (/(?<![a-z])(?:windows|win|darwin|mac-?os|osx)(?![a-z])|\.(?:exe|sh|dmg|msi)$/i.test(file)) return undefined;
  const sibling = siblingsOf(url, platform).find((each) => model.facts.url(each) === true);
  if (sibling !== undefined) {
    const name = fileNameOf(sibling);
    return told(
      download,
      weigh(download),
      file,
      "amd64",
      `For ${formatPlatform(platform)} the file is called ${name}.`,
    );
  }
  const isProgram =
    !/\.[a-z0-9]{1,4}$/i.test(file.replace(/[\d.]+$/, "")) ||
    /\.(?:deb|rpm|apk|AppImage|so|bin|run)$/.test(file) ||
    /linux/i.test(file);
  if (!isProgram) return undefined;
  return {
    rule: id,
    severity: "note",
    message: `The name of this file does not say which architecture it is for: ${file}. Most such files are for amd64.`,
    platforms: [platform],
    place: download.place,
    advice: "See which files the release has, and take the platform's own.",
  };
}

function weightOf(download: Download, asset: Asset): Weight {
  const weight = weigh(download);
  return asset.certain ? weight : { ...weight, severity: "note" };
}

function told(download: Download, weight: Weight, name: string, architecture: string, advice: string): Problem {
  const file = fileNameOf(textOf(download.url));
  const spot = spotOf(download.url, file);
  return {
    rule: id,
    severity: weight.severity,
    message: [`This download is for ${architecture} alone, though its name does not say so: ${name}.`, weight.because]
      .filter(Boolean)
      .join(" "),
    platforms: [download.platform],
    place: download.place,
    ...(spot === undefined ? {} : { spots: [{ place: spot, text: file }] }),
    related: [
      ...elsewhere(download).map((place) => ({ place, message: "The URL is written here." })),
      ...checksumPlaces(download).map((place) => ({
        place,
        message: "This checksum is of the file for one architecture.",
      })),
    ],
    advice,
  };
}

/** Where the name of the file is written, when it is written in one piece. */
function spotOf(value: Value, file: string): Place | undefined {
  const text = textOf(value);
  const start = text.lastIndexOf(file);
  const { pieces } = sliceValue(value, start, start + file.length);
  return pieces.length === 1 ? pieces[0]?.place : undefined;
}

/** Lines of other instructions that the URL comes from. */
function elsewhere({ url, place }: Download): Place[] {
  return url.pieces.flatMap((piece) => {
    const own = piece.place;
    const isHere =
      own === undefined || (own.path === place.path && own.line >= place.line && own.line <= place.endLine);
    return isHere || !piece.text.includes("/") ? [] : [own];
  });
}

/** Variables of Dockerfiles and Makefiles. */
function* variablesOf(
  model: Model,
): Generator<{ readonly value: Value; readonly place: Place; readonly platform: Platform }> {
  for (const stage of stagesOf(model)) {
    if (!isLookedAt({ stage })) continue;
    for (const { value, place } of stage.variables) yield { value, place, platform: platformOf(stage) };
  }
  for (const { variants } of model.makefiles) {
    for (const { variables, machine } of variants) {
      for (const { value, place } of variables.values()) yield { value, place, platform: machine };
    }
  }
}

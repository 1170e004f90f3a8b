import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import { foreignIn, spotsOf, type ForeignName } from "../../names/foreign.ts";
import { spellingFor } from "../../names/spelling.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, unknownMark } from "../../value.ts";
import { assetKind, fileNameOf, isUrl } from "./asset-kind.ts";
import { checksumPlaces } from "./checksums.ts";
import { companionsOf, isCompanion } from "./companions.ts";
import { isCrossTool } from "./cross-tools.ts";
import { downloadsOf, platformOf, stagesOf, type Download } from "./download.ts";
import { isOnlyData } from "./taken-files.ts";
import { hasAlternative, isInLoop } from "./alternatives.ts";
import { isLookedAt, reachesImage, weigh, type Weight } from "./weigh.ts";
import { placesOfVariables } from "./variable-places.ts";

const id = "hardcoded-arch-download";

/** Finds downloads of files for one architecture that are reached on another. */
export const hardcodedArchDownload: Rule = {
  id,
  severity: "error",
  page: {
    title: "A download names a fixed architecture",
    what: "A command or an `ADD` gets a file whose URL, with all variables filled in, names another architecture than the platform that is built. The URL may be put together from `ARG`, `ENV` and shell variables over several lines. A URL that follows the platform (`$TARGETARCH`, `$(uname -m)`, a `case`) is never a finding.",
    why: "The file is for one kind of processor. On every other platform the same file is put into the image. The build mostly succeeds, because a download does not look at what it gets.",
    symptom:
      "`exec format error`, or `cannot execute binary file: Exec format error`, when the program is started; `package architecture (amd64) does not match system (arm64)` from `dpkg -i`; with emulation on the builder it may even work until the image reaches a real machine.",
    fix: "Put the platform's own name into the URL, in the spelling of the project:\n\n```diff\n+ARG TARGETARCH\n-RUN curl -fsSLO https://example.org/tool-linux-amd64.tar.gz\n+RUN curl -fsSLO https://example.org/tool-linux-${TARGETARCH}.tar.gz\n```\n\nProjects that spell `x86_64` and `aarch64` take `$(uname -m)`; other spellings need a `case`. If there is no such file for the platform, take a package of the distribution, a newer version, or build it from source. Change the checksum with it.",
    ignore:
      "When the file is data that is only unpacked (no program of it runs), or when the image is for one platform by design.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  const found = new Set<string>();
  for (const download of downloadsOf(model)) {
    for (const problem of problemsOf(download, model)) {
      for (const place of [problem.place, ...(problem.related ?? []).map((each) => each.place)])
        found.add(`${place.path}:${place.line}`);
      yield problem;
    }
  }
  for (const problem of [...unusedUrls(model), ...scriptUrls(model), ...makeUrls(model)]) {
    if (!found.has(`${problem.place.path}:${problem.place.line}`)) yield problem;
  }
}

function* problemsOf(download: Download, model: Model): Generator<Problem> {
  if (!isLookedAt(download) || isCompanion(download) || isInLoop(download)) return;
  // Its name says what it compiles for, not what it runs on.
  if (isCrossTool(textOf(download.url))) return;
  const own = foreignIn(download.url, download.platform).filter((name) => !hasAlternative(name, download));
  if (own.length > 0) yield problemOf(download, own, download.platform, weightOf(download, own), model);
  else if (reachesImage(download)) {
    const target = download.stage?.variant.platform ?? download.platform;
    const names = foreignIn(download.url, target).filter((name) => !hasAlternative(name, download));
    // What follows the builder is another mistake than a fixed name.
    if (names.length > 0 && names.every(({ chosen }) => !chosen)) {
      yield problemOf(
        download,
        names,
        target,
        { severity: "error", because: "The image takes it from this stage." },
        model,
      );
    }
  }
}

function weightOf(download: Download, names: readonly ForeignName[]): Weight {
  const weight = weigh(download);
  const kind = assetKind(textOf(download.url));
  // A branch or map for this platform led here on purpose; sources and texts that lie in a folder of an architecture are no programs.
  if (names.every(({ chosen }) => chosen) || kind === "source" || kind === "text" || isOnlyData(download))
    return { ...weight, severity: "note" };
  if (download.command?.guarded === true && weight.severity === "error") return { ...weight, severity: "warning" };
  return weight;
}

function problemOf(
  download: Download,
  names: readonly ForeignName[],
  platform: Platform,
  weight: Weight,
  model: Model,
): Problem {
  const url = textOf(download.url);
  const file = shown(fileNameOf(url) || url);
  const architectures = [...new Set(names.map(({ name }) => name.architecture))].join(", ");
  return {
    rule: id,
    severity: weight.severity,
    message: [`This download is for ${architectures} on every platform: ${file}.`, weight.because]
      .filter(Boolean)
      .join(" "),
    platforms: [platform],
    place: download.place,
    spots: spotsOf(names),
    related: [
      ...names.flatMap(({ place }) =>
        place === undefined ? [] : [{ place, message: "The name of the architecture is written here." }],
      ),
      ...placesOfVariables(names, download).map((place) => ({
        place,
        message: "The name of the file is put together here.",
      })),
      ...checksumPlaces(download).map((place) => ({
        place,
        message: "This checksum is of the file for one architecture.",
      })),
      ...companionsOf(download).map((each) => ({
        place: each.place,
        message: "This signature or checksum is of the file for one architecture.",
      })),
    ],
    advice: adviceFor(url, names, platform, model),
  };
}

/** What the platform's file is probably called, and whether it is there as far as that is known. */
function adviceFor(url: string, names: readonly ForeignName[], platform: Platform, model: Model): string {
  const wanted = respelled(url, names, platform);
  if (wanted === undefined) return `Get the file for ${formatPlatform(platform)}: choose it by TARGETARCH or uname -m.`;
  const file = shown(fileNameOf(wanted) || wanted);
  const exists = isUrl(wanted) && !wanted.includes(unknownMark) ? model.facts.url(wanted) : undefined;
  if (exists === false) {
    return `There is no ${file}: take a package, another version, or build it from source for ${formatPlatform(platform)}.`;
  }
  return `For ${formatPlatform(platform)} the file is ${exists === true ? "" : "probably "}called ${file}.`;
}

function respelled(url: string, names: readonly ForeignName[], platform: Platform): string | undefined {
  let text = url;
  for (const { name } of names.toReversed()) {
    const spelling = spellingFor(name, platform, url);
    if (spelling === undefined) return undefined;
    text = text.slice(0, name.start) + spelling + text.slice(name.end);
  }
  return text;
}

function shown(text: string): string {
  return text.replaceAll(unknownMark, "…");
}

/** URLs in ENV and ARG that no download of the Dockerfile was seen to use: a script of the base image or a program may. */
function* unusedUrls(model: Model): Generator<Problem> {
  for (const stage of stagesOf(model)) {
    if (!isLookedAt({ stage })) continue;
    for (const { value, place, name } of stage.variables) {
      yield* noteOf(name, value, place, platformOf(stage));
    }
  }
}

/** URLs that a script puts into variables without a download in it that was seen to use them. */
function* scriptUrls(model: Model): Generator<Problem> {
  for (const execution of model.executions) {
    if (execution.scope === "runner" || !isLookedAt(execution)) continue;
    const platform = execution.stage === undefined ? execution.machine : platformOf(execution.stage);
    for (const { assignments, guarded } of execution.trace.commands) {
      if (guarded) continue;
      for (const { name, value, place } of assignments) yield* noteOf(name, value, place, platform);
    }
  }
}

/** URLs in variables of make that no recipe was seen to get. */
function* makeUrls(model: Model): Generator<Problem> {
  for (const { variants } of model.makefiles) {
    for (const { variables, machine } of variants) {
      for (const { name, value, place } of variables.values()) yield* noteOf(name, value, place, machine);
    }
  }
}

function* noteOf(
  variable: string,
  value: Download["url"],
  place: Download["place"],
  platform: Platform,
): Generator<Problem> {
  const url = textOf(value);
  if (!isUrl(url) || assetKind(url) !== "file") return;
  const names = foreignIn(value, platform).filter(({ chosen }) => !chosen);
  if (names.length === 0) return;
  yield {
    rule: id,
    severity: "note",
    message: `${variable} holds the URL of a file for one architecture: ${shown(fileNameOf(url))}.`,
    platforms: [platform],
    place,
    spots: spotsOf(names),
  };
}

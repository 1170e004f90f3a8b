import { namesIn } from "../../platform/architecture-words.ts";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import type { Facts, ImageFact } from "../facts/facts.ts";
import { hasPlatform } from "../rules/base/images.ts";
import { lineStarts, type Place } from "../place.ts";
import type { Change } from "./change.ts";
import type { Fix, FixContext, Fixer } from "./fixer.ts";

/** A reference with a digest: its name, its tag, and the digest's hexadecimal digits. */
const pinned = /([\w./:-]+)@(sha256:[0-9a-f]{64})/g;

/** `base-digest-single-arch`: takes the digest of the tag's index. */
export const takeIndexDigest: Fixer = (finding, { model, platforms }): Fix => {
  const lines = textOfLines(finding.path, finding.line ?? 0, finding.endLine, model.repository.text(finding.path));
  const [match, ...more] = lines === undefined ? [] : [...lines.text.matchAll(pinned)];
  const tag = match?.[1];
  if (lines === undefined || match?.[2] === undefined || tag === undefined || more.length > 0) {
    return {
      refused: "The image and its digest do not stand together in this line.",
      instead: "Take the digest of the index: archway image inspect IMAGE:TAG shows it first.",
    };
  }
  const reference = tag.replace(/^.*[=]/, "");
  const fact = /:[\w.-]+$/.test(reference) ? model.facts.image(reference) : undefined;
  const digest = fact?.digest;
  if (fact === undefined || fact === null || fact.isIndex !== true || digest === undefined) {
    return {
      refused: `The digest of the index of ${reference} is not known.`,
      instead: `See it with: archway image inspect ${reference}`,
    };
  }
  const missing = platforms.filter((platform) => !hasPlatform(fact, platform));
  if (missing.length > 0) return lacking(reference, missing);
  const at = match.index + match[0].indexOf("@") + 1;
  return {
    title: `Pin the index of ${reference} instead of one platform's image`,
    changes: [{ place: lines.placeOf(at, match[2].length), text: digest }],
  };
};

/** `base-image-arch-pinned`: takes the plain name when it is known to be an index of all platforms. */
export const takePlainName: Fixer = (finding, context): Fix => {
  const { model, platforms } = context;
  const spots = finding.problems.flatMap(({ spots: own = [] }) => own);
  const [spot] = spots;
  const text = spot === undefined ? undefined : model.repository.text(spot.place.path);
  const lines = spot === undefined ? undefined : textOfLines(spot.place.path, spot.place.line, spot.place.line, text);
  if (spot === undefined || lines === undefined) return { refused: "The exact place of the name is not known." };
  const before = /[^\s"'=]*$/.exec(lines.text.slice(0, spot.place.column - 1))?.[0] ?? "";
  const start = spot.place.column - 1 - before.length;
  const reference = /^[^\s"']*/.exec(lines.text.slice(start))?.[0] ?? "";
  if (reference.includes("$")) {
    return {
      refused: `The image is put together from variables (${reference}).`,
      instead: "Set the variables so that the name has no architecture in it.",
    };
  }
  const candidates = plainNames(reference);
  const found = candidates.find((each) => isComplete(model.facts.image(each), platforms));
  if (found === undefined) {
    return {
      refused: `No plain name of ${reference} is known to be an index of all platforms (${candidates.join(", ") || "none to ask for"}).`,
      instead: `Look with archway image inspect ${candidates[0] ?? reference}, or put \${TARGETARCH} into the name where only names by architecture exist.`,
    };
  }
  return {
    title: `Begin from ${found}, the index of all platforms`,
    changes: [{ place: lines.placeOf(start, reference.length), text: found }],
  };
};

/** `image-ref-single-arch`: takes the tag that is known to have all platforms. */
export const takeNewerImage: Fixer = (finding, { model, platforms }): Fix => {
  const { path, line = 0 } = finding;
  const reference = /^(\S+) has no image for /.exec(finding.message)?.[1] ?? "";
  const replacement = reference === "" ? undefined : model.facts.replacement(reference, platforms);
  if (replacement === undefined) {
    return {
      refused: `No tag is known that takes the place of ${reference} and has all platforms.`,
      instead: `Look for one: archway image inspect ${reference}`,
    };
  }
  const lines = textOfLines(path, line, finding.endLine, model.repository.text(path));
  const at = lines?.text.indexOf(reference) ?? -1;
  const around = lines === undefined ? "" : `${lines.text[at - 1] ?? " "}${lines.text[at + reference.length] ?? " "}`;
  const isWhole = /^[\s"'=\-,[{][\s"',\]}]$/.test(around.replace("}", " "));
  if (lines === undefined || at < 0 || at !== lines.text.lastIndexOf(reference) || !isWhole) {
    return {
      refused: `${reference} is not written in one piece in this line.`,
      instead: `Put ${replacement} in its place.`,
    };
  }
  return {
    title: `Use ${replacement}, which has all platforms`,
    changes: [{ place: lines.placeOf(at, reference.length), text: replacement }],
  };
};

/** Names without the architecture: `amd64/alpine` is `alpine`, `app-amd64:1` is `app:1`, `app:1-amd64` is `app:1`. */
function plainNames(reference: string): string[] {
  const [name] = reference.split("@", 1);
  if (name === undefined) return [];
  let plain = name;
  for (const { start, end } of namesIn(name).toReversed()) {
    const before = plain.slice(0, start);
    const after = plain.slice(end);
    if (after.startsWith("/")) plain = `${before}${after.slice(1)}`;
    else if (/[-_.]$/.test(before)) plain = `${before.slice(0, -1)}${after}`;
    else plain = `${before}${after.replace(/^[-_.]/, "")}`;
  }
  return plain === name || plain === "" || /[:/]$/.test(plain) ? [] : [plain];
}

function isComplete(fact: ReturnType<Facts["image"]>, platforms: FixContext["platforms"]): boolean {
  return isImage(fact) && platforms.every((platform) => hasPlatform(fact, platform));
}

function isImage(fact: ImageFact | undefined): fact is NonNullable<ImageFact> {
  return fact !== undefined && fact !== null;
}

function lacking(reference: string, missing: readonly Platform[]): Extract<Fix, { refused: string }> {
  return {
    refused: `${reference} has nothing for ${missing.map(formatPlatform).join(" and ")}.`,
    instead: "Take another tag or image that has the platform.",
  };
}

/** The text from one line to another, and how to name a place in it. */
function textOfLines(
  path: string,
  line: number,
  endLine: number | undefined,
  text: string | undefined,
): { readonly text: string; placeOf(at: number, length: number): Change["place"] } | undefined {
  const starts = text === undefined ? [] : lineStarts(text);
  const start = starts[line - 1];
  if (text === undefined || start === undefined) return undefined;
  const own = text.slice(start, starts[endLine ?? line] ?? text.length);
  return {
    text: own,
    placeOf(at, length): Place {
      const before = own.slice(0, at).split("\n");
      const column = (before.at(-1)?.length ?? 0) + 1;
      const atLine = line + before.length - 1;
      return { path, line: atLine, column, endLine: atLine, endColumn: column + length };
    },
  };
}

import type { Finding, Verdict } from "../../finding/finding.ts";
import type { Digest } from "../../oci/descriptor.ts";
import { formatPlatform, samePlatform } from "../../platform/platform.ts";
import type { Platform } from "../../platform/platform.ts";

/** A file of machine code in an image, as far as other platforms' files are compared with it. */
export interface CodeFile {
  readonly path: string;
  readonly fingerprint: string;
  /** Whether it is code of the platform that its image declares. */
  readonly native: boolean;
  /** Digest of the layer that holds it. */
  readonly layer?: Digest;
}

/** What is compared: proofs of the platforms of one index. */
export interface ComparedImage {
  readonly platform: Platform;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly code: readonly CodeFile[];
}

const fileRule = "identical-across-platforms";

/** The rule of a finding about a layer that two platforms share. */
export const layerRule = "layer-identical-across-platforms";

/** Where the same bytes are native. */
interface Twin {
  readonly path: string;
  readonly platform: Platform;
  readonly layer?: Digest;
}

/** A file that is wrong here and right there. */
interface Pair {
  readonly file: CodeFile;
  readonly twin: Twin;
  /** What was found about the file itself. */
  readonly about: readonly Finding[];
}

/**
 * Finds what only shows between the platforms of an index: the same bytes of machine code in two of them, native in one and a
 * defect in the other, which tells that a build stage ran once and its result went into both (S02, S04). Files that lie in one layer that both platforms
 * list are one finding. The finding is about the platform where the file is wrong, and an error: nothing is right about code that was made for one
 * platform and put into another. Files that are at home everywhere (test data, firmware) are none.
 */
export function compareAcrossPlatforms(images: readonly ComparedImage[]): Finding[] {
  const native = new Map<string, Twin>();
  for (const { platform, code } of images) {
    for (const file of code) {
      if (file.native && !native.has(file.fingerprint)) native.set(file.fingerprint, { ...file, platform });
    }
  }
  return images.flatMap(({ platform, findings, code }) => {
    const pairs = code.flatMap((file): Pair[] => {
      const twin = file.native ? undefined : native.get(file.fingerprint);
      const about = findings.filter(({ path, severity }) => path === file.path && severity !== "note");
      if (twin === undefined || about.length === 0 || runsThere(twin.platform, platform)) return [];
      return [{ file, twin, about }];
    });
    const byLayer = Map.groupBy(pairs, ({ file, twin }) => (file.layer === twin.layer ? file.layer : undefined));
    return [...byLayer].flatMap(([layer, group]) =>
      layer === undefined ? group.map((pair) => identicalFile(platform, pair)) : identicalLayer(platform, layer, group),
    );
  });
}

/** Proofs whose findings also tell what {@link compareAcrossPlatforms} found about the same file: one wrong file is one finding. */
export function withTwins<Image extends ComparedImage>(images: readonly Image[], between: readonly Finding[]): Image[] {
  return images.map((image) => {
    const twins = between.filter(
      ({ platforms: [wrong] }) => wrong !== undefined && samePlatform(wrong, image.platform),
    );
    if (twins.length === 0) return image;
    return {
      ...image,
      verdict: "fail",
      findings: image.findings.map((finding) => {
        const twin = finding.severity === "note" ? undefined : twins.find(({ path }) => path === finding.path);
        return twin ? { ...finding, severity: "error", message: `${finding.message} ${twin.message}` } : finding;
      }),
    };
  });
}

/** 32-bit x86 code is native in linux/386 and a companion in linux/amd64. */
function runsThere(native: Platform, platform: Platform): boolean {
  return native.architecture === "386" && platform.architecture === "amd64";
}

function identicalFile(platform: Platform, { file, twin, about }: Pair): Finding {
  const message = `${file.path} holds the same bytes as ${twin.path} of ${formatPlatform(twin.platform)}: it was built once and put into both platforms.`;
  return { ...betweenTwo(fileRule, platform, twin.platform, about), message, path: file.path };
}

function identicalLayer(platform: Platform, layer: Digest, pairs: readonly Pair[]): Finding[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const { file, twin } = first;
  const also = pairs.length === 1 ? "" : ` and ${pairs.length - 1} more`;
  const message = `The layer ${layer}, with ${file.path}${also}, is also in ${formatPlatform(twin.platform)}, whose code it holds: it was made once and put into both platforms.`;
  const about = pairs.flatMap((pair) => pair.about);
  return [{ ...betweenTwo(layerRule, platform, twin.platform, about), message, path: file.path }];
}

function betweenTwo(
  rule: string,
  wrong: Platform,
  right: Platform,
  about: readonly Finding[],
): Omit<Finding, "message" | "path"> {
  const layer = about[0]?.layer;
  return {
    rule,
    severity: "error",
    platforms: [wrong, right],
    related: [],
    ...(layer === undefined ? {} : { layer }),
    cause: {
      code: "S02",
      text:
        "The stage that made the file gave the same result for every platform: `ARG TARGETARCH` has a default that shadows the automatic value, the architecture is " +
        "fixed in the command, or the file came prebuilt with the build context.",
    },
    fix: { title: "Let the stage use TARGETOS and TARGETARCH, declared with `ARG` and without defaults." },
  };
}

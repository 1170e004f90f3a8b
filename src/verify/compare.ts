import type { Finding, Severity } from "../finding/finding.ts";
import { severities } from "../finding/finding.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";

/** A file of machine code in an image, as far as other platforms' files are compared with it. */
export interface CodeFile {
  readonly path: string;
  readonly fingerprint: string;
  /** Whether it is code of the platform that its image declares. */
  readonly native: boolean;
}

/** What is compared: proofs of the platforms of one index. */
export interface ComparedImage {
  readonly platform: Platform;
  readonly findings: readonly Finding[];
  readonly code: readonly CodeFile[];
}

/**
 * Finds what only shows between the platforms of an index: the same bytes of machine code in two of them, native in one and a
 * defect in the other, which tells that a build stage ran once and its result went into both (S02, S04). The finding is about
 * the platform where the file is wrong, and weighs as much as what was found about it there; files that are at home
 * everywhere (test data, firmware) are none.
 */
export function compareAcrossPlatforms(images: readonly ComparedImage[]): Finding[] {
  const native = new Map<string, { readonly path: string; readonly platform: Platform }>();
  for (const { platform, code } of images) {
    for (const file of code)
      if (file.native && !native.has(file.fingerprint)) native.set(file.fingerprint, { path: file.path, platform });
  }
  return images.flatMap(({ platform, findings, code }) =>
    code.flatMap((file) => {
      const twin = file.native ? undefined : native.get(file.fingerprint);
      const about = findings.filter(({ path, severity }) => path === file.path && severity !== "note");
      if (twin === undefined || about.length === 0) return [];
      return [identical(platform, file, twin, about)];
    }),
  );
}

function identical(
  platform: Platform,
  file: CodeFile,
  twin: { readonly path: string; readonly platform: Platform },
  about: readonly Finding[],
): Finding {
  const layer = about[0]?.layer;
  const severity =
    severities.find((weight) => about.some((finding) => finding.severity === weight)) ?? ("warning" satisfies Severity);
  return {
    rule: "identical-across-platforms",
    severity,
    message: `${file.path} holds the same bytes as ${twin.path} of ${formatPlatform(twin.platform)}: it was built once and put into both platforms.`,
    platforms: [platform, twin.platform],
    path: file.path,
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

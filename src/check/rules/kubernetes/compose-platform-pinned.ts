import { formatPlatform, parsePlatform, type Platform } from "../../../platform/platform.ts";
import type { ComposeManifest, ComposeService } from "../../manifests/manifest.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, isKnown, textOf } from "../../value.ts";
import { isTestOrDocumentation } from "./test-path.ts";

/** `compose-platform-pinned`: a service is run on a fixed platform. */
export const composePlatformPinned: Rule = {
  id: "compose-platform-pinned",
  severity: "warning",
  page: {
    title: "A compose service is fixed to one platform",
    what: "`platform: linux/amd64` (or another fixed platform) in a service of a compose file.",
    why: "On every other machine the service runs under emulation: several times slower, and not at all where no emulator is set up. Programs with just-in-time compilers often crash under it.",
    symptom:
      "`exec /usr/local/bin/docker-entrypoint.sh: exec format error` where there is no emulator; with one the service is slow, or dies with `qemu: uncaught target signal 11 (Segmentation fault)`.",
    fix: `Use an image that has all platforms and delete the line. As long as there is none, let the user choose:

\`\`\`yaml
platform: \${DOCKER_PLATFORM:-}
\`\`\``,
    ignore: "There is no image for the other platforms, and the service is known to work under emulation.",
  },
  *find(model) {
    for (const manifest of model.manifests) {
      if (manifest.kind !== "compose") continue;
      for (const service of manifest.services) {
        const problem = problemOf(manifest, service, model.platforms);
        if (problem !== undefined) yield problem;
      }
    }
  },
};

function problemOf(
  manifest: ComposeManifest,
  service: ComposeService,
  platforms: readonly Platform[],
): Problem | undefined {
  const { platform } = service;
  const fixed = platformOf(service);
  if (platform === undefined || fixed === undefined) return undefined;
  const others = platforms.filter(({ os, architecture }) => {
    if (os === fixed.os && architecture === fixed.architecture) return false;
    // A service of its own for the other platform: both are there on purpose.
    return !manifest.services.some((other) => {
      const own = platformOf(other);
      return own?.architecture === architecture && own.os === os && other.builds === service.builds;
    });
  });
  if (others.length === 0) return undefined;
  const isDefault = platform.value.pieces.some(({ through = [] }) => through.length > 0);
  const related =
    service.image === undefined
      ? []
      : service.image.pieces.flatMap(({ place }) => (place?.path === manifest.path ? [place] : []));
  return {
    rule: composePlatformPinned.id,
    message: `The service ${service.name} runs as ${formatPlatform(fixed)} on every machine: on others it needs an emulator.`,
    platforms: others,
    place: platform.place,
    spots: platform.value.pieces.flatMap(({ text, place }) => (place === undefined ? [] : [{ place, text }])),
    related: related.slice(0, 1).map((place) => ({ place, message: "The image that is run so." })),
    advice: "Use an image that has all platforms, and delete the line.",
    // A platform that nobody builds for is what the file is about, and no slip.
    ...(isDefault || others.length === platforms.length || isTestOrDocumentation(manifest.path)
      ? { severity: "note" }
      : {}),
  };
}

function platformOf({ platform }: ComposeService): Platform | undefined {
  if (platform === undefined || !isKnown(platform.value) || dependsOnPlatform(platform.value)) return undefined;
  const text = textOf(platform.value).trim();
  if (text === "") return undefined;
  try {
    return parsePlatform(text);
  } catch {
    return undefined;
  }
}

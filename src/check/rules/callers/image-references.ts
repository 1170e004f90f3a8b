import { canRun, formatPlatform, samePlatform } from "../../../platform/platform.ts";
import { sameReference } from "../../callers/same-reference.ts";
import type { ImageUse, Model } from "../../model.ts";
import { foreignIn, spotsOf } from "../../names/foreign.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, isKnown, textOf } from "../../value.ts";
import { isTestOrDocumentation } from "../kubernetes/test-path.ts";
import { namedArchitectures, withoutArchitecture } from "./call-facts.ts";

/** References to an image with an architecture in its name. */
export const imageRefArchSuffixed: Rule = {
  id: "image-ref-arch-suffixed",
  severity: "warning",
  page: {
    title: "An image is named with a fixed architecture",
    what: "A reference with the name of one architecture in its repository or tag (`example/app-amd64:1.0`, `arm64v8/redis`), in a manifest, an environment value, a compose file, CI or a command, that is not the platform's own. When siblings for the other platforms are there too, it is a note.",
    why: "On a node of another architecture the image is fetched all the same, because it is a single image and no index, and its program cannot start.",
    symptom: "`exec format error` in the log of the container; in Kubernetes the pod is in `CrashLoopBackOff`.",
    fix: "Use the tag that has all platforms:\n\n```diff\n-image: example/app-amd64:1.0\n+image: example/app:1.0\n```\n\nIf there is none, join one with `docker buildx imagetools create`, or keep the pod on the right nodes with `nodeSelector: kubernetes.io/arch: amd64`.",
    ignore: "The workload is only ever placed on nodes of that architecture.",
  },
  *find(model) {
    for (const use of model.images) {
      if (use.platformGiven || isBuiltHere(use, model)) continue;
      const names = foreignIn(use.value, use.platform).filter(({ chosen }) => !chosen);
      const [first] = names;
      if (first === undefined) {
        yield* ownName(use, model);
        continue;
      }
      const text = textOf(use.value);
      const covered = model.images.some(
        (other) =>
          other.place.path === use.place.path &&
          withoutArchitecture(textOf(other.value)) === withoutArchitecture(text) &&
          namedArchitectures(textOf(other.value)).has(use.platform.architecture),
      );
      // A file for one architecture by its name, and a step that uses the images of several: each was taken for what it names.
      const isByChoice =
        namedArchitectures(use.place.path).has(first.name.architecture) ||
        isOneOfSeveral(use, model) ||
        hasAlternative(use, first.through, model);
      const place = first.place ?? use.place;
      yield {
        rule: "image-ref-arch-suffixed",
        severity: covered || isByChoice || isTestOrDocumentation(use.place.path) ? "note" : "warning",
        message: `${text} is an image for ${first.name.architecture} by its name; it cannot run on ${formatPlatform(use.platform)}.`,
        platforms: [use.platform],
        place,
        spots: spotsOf(names),
        advice: `Use a tag with all platforms, such as ${withoutArchitecture(text)} if there is one.`,
        key: `image-ref-arch-suffixed\0${place.path}\0${place.line}`,
      };
    }
  },
};

/** True when a file of CI uses images of more than one architecture that differ in nothing else. */
function isOneOfSeveral({ value, place, platform }: ImageUse, model: Model): boolean {
  const bare = withoutArchitecture(textOf(value));
  const architectures = model.images
    .filter((other) => other.place.path === place.path && samePlatform(other.platform, platform))
    .map((other) => textOf(other.value))
    .filter((text) => withoutArchitecture(text) === bare)
    .flatMap((text) => [...namedArchitectures(text)]);
  return new Set(architectures).size > 1;
}

/** True when the script may also give the variable the platform's own image, under a condition that is not known before it runs. */
function hasAlternative({ place, platform }: ImageUse, through: readonly string[], { executions }: Model): boolean {
  if (through.length === 0) return false;
  return executions.some(
    ({ trace, place: own, machine }) =>
      own.path === place.path &&
      samePlatform(machine, platform) &&
      trace.commands.some(
        ({ certain, assignments }) =>
          !certain &&
          assignments.some(
            ({ name, value }) => through.includes(name) && namedArchitectures(textOf(value)).has(platform.architecture),
          ),
      ),
  );
}

function* ownName(use: ImageUse, model: Model): Generator<Problem> {
  const text = textOf(use.value);
  if ((use.kind !== "kubernetes" && use.kind !== "environment") || dependsOnPlatform(use.value)) return;
  if (namedArchitectures(text).size !== 1) return;
  yield {
    rule: "image-ref-arch-suffixed",
    severity: "note",
    message: `${text} names one architecture; a tag with all platforms would do for every node.`,
    platforms: model.platforms,
    place: use.place,
    advice: "Use a tag with all platforms, if there is one.",
    key: `image-ref-arch-suffixed\0${use.place.path}\0${use.place.line}`,
  };
}

/** References to an image that lacks a platform, as a registry says. */
export const imageRefSingleArch: Rule = {
  id: "image-ref-single-arch",
  severity: "warning",
  page: {
    title: "An image that is used has nothing for a requested platform",
    what: "An image that compose, CI, Kubernetes, a Makefile or a script runs or fetches, also by the default of a variable, and that has no requested platform as its registry says. Without knowledge of the registry nothing is said.",
    why: "The service, the test or the step that needs the image works on one architecture only.",
    symptom:
      "`no matching manifest for linux/arm64/v8 in the manifest list entries`, or `The requested image's platform (linux/amd64) does not match the detected host platform` and then `exec format error`.",
    fix: "Take a newer tag or another image that has the platform:\n\n```diff\n-image: example/queue:1.0\n+image: example/queue:2.3\n```\n\nWhere there is none, say so: `platform: linux/amd64` in compose runs it emulated.",
    ignore: "What uses the image only ever runs on the platform that it has.",
  },
  *find(model) {
    for (const use of model.images) {
      if (!isKnown(use.value) || use.platformGiven || isBuiltHere(use, model)) continue;
      if (!model.platforms.some((platform) => samePlatform(platform, use.platform))) continue;
      const text = textOf(use.value);
      // What another rule says already.
      if (foreignIn(use.value, use.platform).some(({ chosen }) => !chosen)) continue;
      const fact = model.facts.image(text);
      if (fact === undefined || fact === null || fact.platforms.length === 0) continue;
      if (fact.platforms.some((platform) => canRun(use.platform, platform))) continue;
      const place = writtenAt(use);
      const has = fact.platforms.map(formatPlatform);
      yield {
        rule: "image-ref-single-arch",
        // Nobody runs what a test only reads.
        ...(isOnlyRead(use) ? { severity: "note" as const } : {}),
        message: `${text} has no image for ${formatPlatform(use.platform)}; it has ${has.slice(0, 6).join(", ")}.`,
        platforms: [use.platform],
        place,
        advice: "Take a tag that has the platform.",
        key: `image-ref-single-arch\0${place.path}\0${place.line}\0${text}`,
      };
    }
  },
};

/** True for a manifest among the fixtures, examples and documents of a repository. */
function isOnlyRead({ kind, place }: ImageUse): boolean {
  return kind === "kubernetes" && isTestOrDocumentation(place.path);
}

/** Where the reference is written: the default of a variable more often than the command. */
function writtenAt({ value, place }: ImageUse): Place {
  const piece = value.pieces.find(
    ({ source, place: at, text }) => source === "written" && at !== undefined && /\w/.test(text),
  );
  return piece?.place ?? place;
}

/** True for an image that a build of the repository makes: no registry needs to have it. */
function isBuiltHere({ value }: ImageUse, model: Model): boolean {
  const text = textOf(value);
  return model.calls.some(({ tags }) => tags.some((tag) => sameReference(textOf(tag), text) === true));
}

import { formatPlatform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import { repositoryOf } from "../../callers/same-reference.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { dependsOnPlatform, textOf, unknownMark } from "../../value.ts";
import {
  builtPlatforms,
  decidedAt,
  hasSiblings,
  isBuilderImage,
  isForGraphicsCard,
  isReleasedElsewhere,
  namedArchitectures,
} from "./call-facts.ts";

/** Builds that publish an image for one platform. */
export const dockerBuildSinglePlatform: Rule = {
  id: "docker-build-single-platform",
  severity: "warning",
  page: {
    title: "An image is published for one platform only",
    what: "A build whose tag is pushed (`docker build` and `docker push`, `docker buildx build --push`, kaniko, `docker/build-push-action`, bake) and that builds for one platform: because it names just one, or because it names none and so builds for the machine that it runs on. Nothing is said when another build of the repository makes the same tag for several platforms, or when tags of single platforms are joined by `docker manifest` or `docker buildx imagetools create`. A build that is not published, or that is for tests, is a note.",
    why: "Whoever pulls the tag on another architecture gets no image, or the image of the wrong one, even when the Dockerfile itself is ready for both.",
    symptom:
      "`no matching manifest for linux/arm64/v8 in the manifest list entries`, or, with an older engine, `WARNING: The requested image's platform (linux/amd64) does not match the detected host platform (linux/arm64/v8)` and then `exec format error`.",
    fix: "Build for all platforms in one call and push the result, which is then one index:\n\n```diff\n-docker build -t example/app:1.0 .\n-docker push example/app:1.0\n+docker buildx build --platform linux/amd64,linux/arm64 -t example/app:1.0 --push .\n```\n\nIn GitHub Actions it is the input `platforms: linux/amd64,linux/arm64` of `docker/build-push-action`, behind `docker/setup-qemu-action` where a stage is emulated.",
    ignore: "The image is only ever run on that platform, or another repository joins the tags to an index.",
  },
  *find(model) {
    if (model.platforms.length < 2) return;
    for (const call of model.calls) {
      const found = problemOf(call, model);
      if (found !== undefined) yield found;
    }
  },
};

function problemOf(call: BuildCall, model: Model): Problem | undefined {
  const built = builtPlatforms(call);
  const [only] = built ?? [];
  if (built?.length !== 1 || only === undefined || !only.startsWith("linux/") || call.joined) return undefined;
  // What builds for its machine is one build, whatever the machine is.
  if (call.platforms === undefined && isOtherMachine(call, model)) return undefined;
  if (call.platforms === undefined && /bake|compose/.test(call.tool) && call.source !== "bake") return undefined;
  const missing = model.platforms.filter(({ os, architecture }) => `${os}/${architecture}` !== only);
  if (missing.length === 0) return undefined;
  const tags = call.tags.map(textOf);
  if (tags.length > 0 && tags.every((tag) => namedArchitectures(tag).size > 0)) return undefined;
  // A registry on the machine itself is for tests.
  if (tags.length > 0 && tags.every((tag) => /^(?:localhost|127\.0\.0\.1|kind-registry|registry\.local)[:/]/.test(tag)))
    return undefined;
  if (hasSiblings(call, model) || isBuilderImage(call)) return undefined;
  const severity = severityOf(call, tags, model);
  if (severity === undefined) return undefined;
  const place = placeOf(call, model);
  const image = tags.find((tag) => !tag.includes(unknownMark)) ?? "The image";
  const cause =
    call.platforms === undefined
      ? "the call names no platform, so it builds for the machine that it runs on"
      : `the call names ${only} alone`;
  const isPublished = call.publishes !== false;
  const related = [
    ...(place === call.place ? [] : [{ place: call.place, message: "The build." }]),
    ...(call.through ?? [])
      .filter((way) => way !== place)
      .map((way) => ({ place: way, message: "It is started here." })),
    ...(call.uses ?? []).map((use) => ({ place: use, message: "The tag is renamed or pushed here." })),
  ];
  return {
    rule: "docker-build-single-platform",
    severity,
    message: `${image} is ${isPublished ? "published" : "built"} for one platform: ${cause}. There is nothing for ${missing.map(formatPlatform).join(", ")}.`,
    platforms: missing,
    place,
    related,
    advice: adviceFor(call, model),
    // What builds in the same way in the same file is one decision.
    key: `docker-build-single-platform\0${place.path}\0${severity}\0${call.platforms === undefined ? "" : place.line}`,
  };
}

function severityOf(call: BuildCall, tags: readonly string[], model: Model): "warning" | "note" | undefined {
  const isBeside = call.forTests || isReleasedElsewhere(call, model) || isForGraphicsCard(call);
  const isInPipeline = call.source === "ci" || call.through !== undefined;
  const isByChoice = (call.platforms ?? []).some(dependsOnPlatform);
  if (call.publishes === false) {
    return isAmongPublished(tags, model) && !isBeside && !isInPipeline ? "note" : undefined;
  }
  if (isBeside || isByChoice || isStartedElsewhere(call, model)) return "note";
  return call.publishes === true || isInPipeline ? "warning" : "note";
}

/** True when the repository publishes other images beside these, under the same registry and owner. */
function isAmongPublished(tags: readonly string[], model: Model): boolean {
  const owners = tags.flatMap((tag) => ownerOf(tag) ?? []);
  return model.calls.some(
    ({ publishes, tags: others }) =>
      publishes === true && others.some((tag) => owners.includes(ownerOf(textOf(tag)) ?? "")),
  );
}

function ownerOf(tag: string): string | undefined {
  const repository = repositoryOf(tag);
  return repository.includes("/") ? repository.slice(0, repository.lastIndexOf("/")) : undefined;
}

function isOtherMachine(call: BuildCall, model: Model): boolean {
  const [first] = model.platforms;
  if (first === undefined || call.machine.architecture === first.architecture) return false;
  return model.calls.some(
    ({ place, machine }) =>
      place.path === call.place.path && place.line === call.place.line && machine.architecture === first.architecture,
  );
}

/** Where the one platform is written, if it is not in the call itself. */
function placeOf(call: BuildCall, model: Model): Place {
  const written = call.platforms
    ?.flatMap(({ pieces }) => pieces)
    .find(({ place, text }) => place !== undefined && text.includes("/"))?.place;
  const decided = decidedAt(call);
  // The default of a script that others start with more platforms: it is this start that leaves them out.
  const caller = call.through?.at(-1);
  if (
    caller !== undefined &&
    written?.path === call.place.path &&
    caller.path !== written.path &&
    asksForMore(call, model)
  )
    return caller;
  if (
    written === undefined ||
    (written.path === call.place.path && written.line >= call.place.line && written.line <= call.place.endLine)
  )
    return decided;
  return written;
}

/** True for the run of a script by itself, where others start it with arguments of their own. */
function isStartedElsewhere(call: BuildCall, model: Model): boolean {
  return (
    call.source === "script" &&
    call.through === undefined &&
    model.calls.some(
      ({ place, through = [] }) =>
        place.path === call.place.path &&
        place.line === call.place.line &&
        through.some(({ path }) => path !== place.path),
    )
  );
}

/** True when the same build is started for more platforms from elsewhere. */
function asksForMore({ place }: BuildCall, model: Model): boolean {
  return model.calls.some(
    (other) =>
      other.place.path === place.path && other.place.line === place.line && (builtPlatforms(other)?.length ?? 0) > 1,
  );
}

function adviceFor(call: BuildCall, model: Model): string {
  const list = model.platforms.map(formatPlatform).join(",");
  if (/build-push-action/.test(call.tool)) return `Add the input "platforms: ${list}".`;
  if (call.tool === "kaniko")
    return `Run kaniko once for each platform with --custom-platform, and join the tags to an index.`;
  return `Build with "docker buildx build --platform ${list} --push".`;
}

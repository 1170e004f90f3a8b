import { formatPlatform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import { repositoryOf, sameReference } from "../../callers/same-reference.ts";
import type { MakefileModel, MakeVariable } from "../../make/makefile.ts";
import type { ImageUse, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, type Value } from "../../value.ts";
import { builtPlatforms, namedArchitectures, withoutArchitecture } from "./call-facts.ts";
import { onOtherArchitectures } from "./make-images.ts";

/** Images of which every architecture has a name or tag of its own. */
export const perArchTag: Rule = {
  id: "per-arch-tag",
  severity: "warning",
  page: {
    title: "Each architecture has an image name or tag of its own",
    what: "An image that a Makefile, a script or CI makes or uses under a name with the architecture in it (`app:1.0-arm64`, `tools-$(ARCH)`), where nothing in the repository joins these names to one. Tags that `docker manifest create`, `docker buildx imagetools create` or manifest-tool joins raise nothing. Names of images that others publish that way, and of images that are not pushed, are notes.",
    why: "Every user has to put the right name into every file that names the image, and a chart or a Makefile that does not gets the image of another architecture, without any error before the program starts.",
    symptom:
      "`exec format error` when the container starts; or `manifest unknown` for an architecture that has no such name.",
    fix: "Publish one tag for all platforms, with one build or by joining the tags:\n\n```sh\ndocker buildx imagetools create -t example/app:1.0 example/app:1.0-amd64 example/app:1.0-arm64\n```\n\nand use `example/app:1.0` everywhere.",
    ignore: "Another repository joins the tags, or the image is used by nobody but this build.",
  },
  *find(model) {
    yield* produced(model);
    for (const makefile of model.makefiles) yield* used(makefile, model);
  },
};

/** Tags that builds make. */
function* produced(model: Model): Generator<Problem> {
  const others = model.makefiles.flatMap((makefile) => onOtherArchitectures(makefile, model).calls);
  for (const call of [...model.calls, ...others]) {
    if (call.joined || isJoinedElsewhere(call, model)) continue;
    // An index under a name that only one of its platforms has.
    if ((builtPlatforms(call)?.length ?? 0) > 1) continue;
    for (const tag of call.tags) {
      const text = textOf(tag);
      const names = namedArchitectures(text);
      if (names.size !== 1) continue;
      // An image that stays on the machine can have any name.
      if (call.publishes === false && (call.forTests || !text.includes("/"))) continue;
      const requested = model.calls.includes(call);
      const isDoubtful = call.forTests || mayJoin(call, model);
      yield {
        rule: "per-arch-tag",
        severity: call.publishes === true && requested && !isDoubtful ? "warning" : "note",
        message: `The image is tagged ${readable(text)}: each architecture has a name of its own, and nothing here joins them to one.`,
        platforms: model.platforms,
        place: call.place,
        related: (call.uses ?? []).map((use) => ({ place: use, message: "The tag is used here." })),
        advice: `Publish ${readable(withoutArchitecture(text))} for all platforms, or join the tags with "docker buildx imagetools create".`,
        key: `per-arch-tag\0${call.place.path}\0${repositoryOf(withoutArchitecture(text))}`,
      };
    }
  }
}

/** True when the file of a build, or a pipeline of CI, joins images in a branch that is not reached here, or with a tool of its own. */
function mayJoin({ place }: BuildCall, { repository, manifests }: Model): boolean {
  const joins =
    /\bmanifest (?:create|push)\b|imagetools create|manifest-tool|(?:^|[/\s])(?:drone-)?manifest:[^\n]*$[^]*\bspec:/m;
  return [place.path, ...manifests.map(({ path }) => path)].some((path) => joins.test(repository.text(path) ?? ""));
}

/** A reference with a word for what is not known. */
function readable(reference: string): string {
  return reference.replaceAll("\uFFFC", "…");
}

function isJoinedElsewhere({ tags }: BuildCall, model: Model): boolean {
  const own = tags.map((tag) => withoutArchitecture(textOf(tag)));
  return model.calls.some(
    ({ joined, tags: others }) => joined && others.some((tag) => own.includes(withoutArchitecture(textOf(tag)))),
  );
}

/** Names of variables that hold an image. */
const imageName =
  /(?:^|_)(?:\w*IMAGE|IMG|CONTAINER|IMAGE_?NAME|CONTAINER_?NAME|IMAGE_?REPO)(?:_(?:NAME|TAG|URL|REF|FULL))?$/i;

/** Images that a Makefile uses under names that differ between architectures. */
function* used(makefile: MakefileModel, model: Model): Generator<Problem> {
  const { images } = onOtherArchitectures(makefile, model);
  const inFile = model.images.filter(({ kind, place }) => kind === "command" && place.path === makefile.path);
  const throughVariables = new Set<string>();
  for (const { value } of [...inFile, ...images])
    for (const { through = [] } of value.pieces) for (const name of through) throughVariables.add(name);
  const told = new Set<string>();
  for (const variant of makefile.variants) {
    for (const variable of variant.variables.values()) {
      const isImage = imageName.test(variable.name) || throughVariables.has(variable.name);
      if (!isImage || !looksLikeImage(textOf(variable.value)) || !dependsByName(variable.value)) continue;
      if (told.has(variable.name) || isJoinedName(textOf(variable.value), model)) continue;
      told.add(variable.name);
      yield ofVariable(variable, makefile, model);
    }
  }
  for (const image of [...inFile, ...images]) {
    if (image.value.pieces.some(({ through = [] }) => through.some((name) => told.has(name)))) continue;
    if (!dependsByName(image.value) || isJoinedName(textOf(image.value), model)) continue;
    yield ofCommand(image, model);
  }
}

function ofVariable(variable: MakeVariable, makefile: MakefileModel, model: Model): Problem {
  const wrong = model.platforms.filter((platform) => {
    const variant = makefile.variants.find(({ machine }) => machine === platform);
    const value = variant?.variables.get(variable.name)?.value;
    return value !== undefined && platform.architecture !== "amd64" && namedArchitectures(textOf(value)).size === 0;
  });
  const place = basePlace(variable.value) ?? variable.place;
  return {
    rule: "per-arch-tag",
    severity: wrong.length > 0 ? "warning" : "note",
    message:
      wrong.length > 0
        ? `${variable.name} names an image per architecture (${readable(textOf(variable.value))}), but on ${wrong.map(formatPlatform).join(", ")} it is the plain name, which is the image of another architecture.`
        : `${variable.name} names another image on each architecture (${readable(textOf(variable.value))}) instead of one tag for all of them.`,
    platforms: wrong.length > 0 ? wrong : model.platforms,
    place,
    advice: "Use one tag that has all platforms.",
    key: `per-arch-tag\0${place.path}\0${place.line}`,
  };
}

function ofCommand({ value, place }: ImageUse, model: Model): Problem {
  return {
    rule: "per-arch-tag",
    severity: "note",
    message: `The image has another name on each architecture (${readable(textOf(value))}) instead of one tag for all of them.`,
    platforms: model.platforms,
    place,
    advice: "Use one tag that has all platforms, where its publisher has one.",
    key: `per-arch-tag\0${place.path}\0${place.line}`,
  };
}

/** True when a name of an architecture in it is chosen by the architecture. */
function dependsByName(value: Value): boolean {
  if (namedArchitectures(textOf(value)).size !== 1) return false;
  return value.pieces.some((piece) => piece.dependsOnPlatform === true && namedArchitectures(piece.text).size > 0);
}

function isJoinedName(text: string, model: Model): boolean {
  return model.calls.some(
    ({ joined, tags }) => joined && tags.some((tag) => sameReference(textOf(tag), text) !== false),
  );
}

function looksLikeImage(text: string): boolean {
  return /^[\w.\-/:@￼]+$/.test(text) && /[/:]/.test(text) && !/^[./]|\.(?:go|tar|tgz|gz|zip|json|ya?ml)$/.test(text);
}

/** Where the part before the architecture is written. */
function basePlace(value: Value): Place | undefined {
  return value.pieces.find(
    ({ source, text, place, dependsOnPlatform }) =>
      source === "written" && place !== undefined && dependsOnPlatform !== true && /\w/.test(text),
  )?.place;
}

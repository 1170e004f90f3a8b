import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import type { DockerfileModel, DockerfileVariant, Model } from "../../model.ts";
import { foreignIn, spotsOf } from "../../names/foreign.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { hasPlatform, imagesOf, partsElsewhere, referenceOf, type UsedImage } from "./images.ts";
import { builtStages, type BuiltStage } from "./stages.ts";

const id = "base-image-arch-pinned";

/** Images that help to run or to compile for other platforms: a name of one in them is what they are for. */
const helpers =
  /(?:^|\/)(?:qemu-user-static|binfmt|dockcross|cross|crossbuild|muslcc|rust-musl[\w-]*|xgo|golang-cross|goreleaser-cross)(?:[:@/]|$)/i;

/** An image whose name or tag is for one architecture. */
export const baseImageArchPinned: Rule = {
  id,
  severity: "warning",
  page: {
    title: "An image is named for one architecture",
    what: "A name or tag with another architecture than the platform's, in a stage of the image: `amd64/alpine`, `arm64v8/debian`, `nginx-amd64:1.0`, `app:latest-amd64`.",
    why: "The name is the same for every platform, so every platform gets that architecture's files.",
    symptom:
      "With BuildKit nothing fails before a RUN does: `exec /bin/sh: exec format error`. Without a RUN the image is built, and its container ends with the same words.",
    fix: [
      "Most of these images are also there under a plain name that is an index of all platforms:",
      "",
      "```diff",
      "-FROM amd64/alpine:3.22",
      "+FROM alpine:3.22",
      "```",
      "",
      "Where only names by architecture exist, choose by the platform: `ARG TARGETARCH` before FROM is not needed, `FROM example.com/app-${TARGETARCH}` works as it is.",
    ].join("\n"),
    ignore: "When the image is a compiler or an emulator, and its name says for what.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) {
      if (built.model.role !== "target") continue;
      for (const image of imagesOf(built)) {
        const problem = problemOf(model, built, image);
        if (problem !== undefined) yield problem;
      }
    }
  },
};

function problemOf(model: Model, { variant, file, model: stage }: BuiltStage, image: UsedImage): Problem | undefined {
  const { platform } = variant;
  const text = textOf(image.value);
  if (helpers.test(text)) return undefined;
  // A default that nobody sets is a finding at the ARG, with this line beside it.
  const names = foreignIn(image.value, platform).filter(({ place, chosen, through }) => {
    return place !== undefined && !chosen && !(through.length > 0 && place.path === file.path);
  });
  if (names.length === 0 || isChosenByCallers(file, variant, image)) return undefined;
  const reference = referenceOf(image.value);
  const fact = reference === undefined ? undefined : model.facts.image(text);
  // Names are no proof: what is called -arm64 may be an index.
  if (fact !== undefined && fact !== null && hasPlatform(fact, platform)) return undefined;
  // What is made for an architecture that nobody asks for here, or helps a file for one architecture, is somebody's choice.
  const isAsked = names.some(({ name }) => model.platforms.some((each) => each.architecture === name.architecture));
  const isChoice = !isAsked || (namesIn(file.path).length > 0 && !stage.isFinal);
  const called = names.map(({ name }) => name.text).join(", ");
  return {
    rule: id,
    ...(isChoice ? { severity: "note" as const } : {}),
    message: `${text} is for ${called} by its name, and this stage becomes a part of the image for ${formatPlatform(platform)} too.`,
    platforms: [platform],
    place: image.place,
    spots: spotsOf(names),
    related: partsElsewhere(image.value, image.place),
    advice: "Use the plain name, when it is an index of all platforms, or put ${TARGETARCH} into the name",
  };
}

/** True when callers give the names: one of them gives this platform's own, so each builds for the platform that it names. */
function isChosenByCallers(
  { variants }: DockerfileModel,
  variant: DockerfileVariant,
  { value, place }: UsedImage,
): boolean {
  if (value.pieces.every((piece) => piece.place === undefined || piece.place.path === place.path)) return false;
  const own = variant.platform;
  return variants.some(
    (other) =>
      other.call !== undefined &&
      other.platform.architecture === own.architecture &&
      other.stages.some(
        (stage) =>
          stage.base !== undefined &&
          stage.from.line === place.line &&
          namesIn(textOf(stage.base)).some(({ architecture }) => architecture === own.architecture),
      ),
  );
}

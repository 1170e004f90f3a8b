import type { Severity } from "../../../finding/finding.ts";
import { familiarReference } from "../../../oci/reference.ts";
import { formatPlatform } from "../../../platform/platform.ts";
import type { ImageFact } from "../../facts/facts.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { hasPlatform, imagesOf, isMadeHere, partsElsewhere, referenceOf, type UsedImage } from "./images.ts";
import { builtStages, type BuiltStage } from "./stages.ts";

const id = "base-image-missing-platform";

/** An image that a build needs for a platform which it does not have. */
export const baseImageMissingPlatform: Rule = {
  id,
  severity: "error",
  page: {
    title: "An image does not exist for the platform",
    what: "The image of a FROM, a `COPY --from` or a `RUN --mount=from=` that the registry does not have for a requested platform. Stages on the builder's platform are notes. What the registry does not tell is no finding.",
    why: "An index without the platform ends the build. A single image without an index is taken as it is, whatever platform it is for: BuildKit says nothing, and the arm64 image is built on amd64 files.",
    symptom:
      "`no match for platform in manifest: not found`, `no matching manifest for linux/arm64/v8 in the manifest list entries`, or no message at all and later `exec format error`.",
    fix: [
      "Take a tag that has the platform, or the image that took its place:",
      "",
      "```diff",
      "-FROM alpine:3.4",
      "+FROM alpine:3.6",
      "```",
      "",
      "`archway image inspect IMAGE` lists the platforms of a tag.",
    ].join("\n"),
    ignore: "When the image is built for the platform before, outside of this repository.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) {
      for (const image of imagesOf(built)) {
        const problem = problemOf(model, built, image);
        if (problem !== undefined) yield problem;
      }
    }
  },
};

function problemOf(model: Model, { variant, model: stage }: BuiltStage, image: UsedImage): Problem | undefined {
  const reference = referenceOf(image.value);
  // A base with a fixed platform is asked for that one; that it is fixed is another finding.
  if (reference === undefined || (image.use === "base" && stage.role === "constant")) return undefined;
  // `--from=IMAGE` asks for the target platform, also on a stage that runs on the builder.
  const isBuilder = image.use === "base" && stage.role === "build";
  const platform = isBuilder ? variant.buildPlatform : variant.platform;
  const name = familiarReference(reference);
  const fact = model.facts.image(name);
  if (fact === undefined || fact === null || fact.platforms.length === 0 || hasPlatform(fact, platform))
    return undefined;
  // A digest of one platform's image is a mistake of its own.
  if (reference.digest !== undefined && fact.isIndex === false) return undefined;
  if (isMadeHere(model, reference, platform)) return undefined;
  const replacement = model.facts.replacement(name, model.platforms);
  return {
    rule: id,
    severity: isBuilder ? "note" : severityOf(image, fact),
    message: messageOf(name, fact, formatPlatform(platform), isBuilder),
    platforms: [platform],
    place: image.place,
    related: partsElsewhere(image.value, image.place),
    ...(replacement === undefined ? {} : { advice: `Use ${replacement}, which has all requested platforms` }),
  };
}

function messageOf(name: string, fact: NonNullable<ImageFact>, platform: string, isBuilder: boolean): string {
  const has = fact.platforms.map(formatPlatform).join(", ");
  if (isBuilder)
    return `${name} is not there for ${platform} (only for ${has}): builders of that platform cannot run this stage natively.`;
  if (fact.isIndex === false) {
    return `${name} is one image for ${has}, and the engine takes it for ${platform} too: the image gets programs that do not run there.`;
  }
  return `${name} is not there for ${platform} (only for ${has}), so that build fails.`;
}

/** An image without an index that only gives files of the same content everywhere works. */
function severityOf({ use, sources }: UsedImage, { isIndex }: NonNullable<ImageFact>): Severity {
  const isPlain = use === "copy" && isIndex === false && sources.length > 0 && sources.every(isPlainFile);
  return isPlain ? "note" : "error";
}

/** Files that are the same on every platform, by their names. */
function isPlainFile(path: string): boolean {
  return (
    /\.(?:js|mjs|css|html?|json|ya?ml|toml|conf|txt|md|crt|pem|jar|war|sh|py|php|svg|png|woff2?)$/i.test(path) ||
    /(?:^|\/)(?:html|static|public|assets|www|web-vault|node_modules|certs|ssl|zoneinfo|fonts|locales?)(?:\/|$)/i.test(
      path,
    )
  );
}

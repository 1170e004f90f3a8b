import { expandWord } from "../../../dockerfile/expand.ts";
import type { FromInstruction } from "../../../dockerfile/instruction.ts";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import { placeOf } from "../../docker/word-place.ts";
import type { DockerfileModel, DockerfileVariant, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Problem, Rule } from "../../rule.ts";
import { written } from "../../value.ts";
import { hasPlatform, referenceOf } from "./images.ts";
import { builtStages, type BuiltStage } from "./stages.ts";

const id = "base-digest-single-arch";

/** A base image whose digest is that of one platform's image, not of the index. */
export const baseDigestSingleArch: Rule = {
  id,
  severity: "error",
  page: {
    title: "A digest is that of one platform's image",
    what: "`FROM image@sha256:…`, also with the digest in an ARG, where the digest is that of the image for one platform. Without the registry only a comment right above that says so (`OS/ARCH: linux/amd64`) is taken as a sign.",
    why: "A tag is an index of all platforms and has a digest of its own. The web page of a registry shows the digests of the images in it. With one of these, every platform gets the same image.",
    symptom:
      "BuildKit says nothing. The first RUN on another platform fails with `exec format error`, or the finished image does.",
    fix: [
      "Take the digest of the index:",
      "",
      "```diff",
      "-FROM ubuntu:24.04@sha256:…   (linux/amd64)",
      "+FROM ubuntu:24.04@sha256:…   (index)",
      "```",
      "",
      "`archway image inspect ubuntu:24.04` shows it first, before the platforms.",
    ].join("\n"),
    ignore: "When every build gives the digest for its platform with `--build-arg`.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) {
      if (built.model.role !== "target" || built.model.stage.base.kind === "stage") continue;
      const problem = problemOf(model, built);
      if (problem !== undefined) yield problem;
    }
  },
};

function problemOf(model: Model, { file, variant, model: stage }: BuiltStage): Problem | undefined {
  const { from } = stage.stage.text;
  // The default counts also where callers give another digest: who builds without them gets it.
  const [text, defaults] = withDefaults(file, variant, from);
  const reference = referenceOf(written(text));
  const { digest } = reference ?? {};
  if (reference === undefined || digest === undefined) return undefined;
  const { platform } = variant;
  const hex = digest.slice(digest.indexOf(":") + 1);
  const place = placeOfDigest(file, hex) ?? stage.from;
  const fact = model.facts.image(text);
  const only = fact === undefined || fact === null ? undefined : fact.isIndex === false && !hasPlatform(fact, platform);
  if (only === false) return undefined;
  const hint = only === undefined ? commentedPlatform(file, place.line, platform) : undefined;
  if (only === undefined && hint === undefined) return undefined;
  const has = fact?.platforms.map(formatPlatform).join(", ") ?? hint ?? "";
  return {
    rule: id,
    ...(defaults && variant.call !== undefined ? { severity: "warning" as const } : {}),
    message: `The digest is that of the image for ${has}, not of the index: ${formatPlatform(platform)} gets it too.`,
    platforms: [platform],
    place,
    ...(place.line === stage.from.line
      ? {}
      : { related: [{ place: stage.from, message: "The stage begins from it" }] }),
    advice: "Use the digest of the index",
  };
}

/** The text of a base with the defaults of ARGs in place of what a caller gives, and whether that makes a difference. */
function withDefaults(
  { dockerfile }: DockerfileModel,
  { evaluation }: DockerfileVariant,
  { base }: FromInstruction,
): readonly [text: string, differs: boolean] {
  const { globals } = evaluation;
  const defaults = new Map(
    dockerfile.globalArgs.flatMap(({ args }) =>
      args.flatMap(({ name, value }) => {
        const given = globals.definition(name.text)?.kind === "build-arg";
        const text = value === undefined ? undefined : expandWord(value.text, globals, { escape: dockerfile.escape });
        return given && text?.ok === true ? [[name.text, text.text] as const] : [];
      }),
    ),
  );
  const environment = { get: (name: string) => defaults.get(name) ?? globals.get(name) };
  const own = expandWord(base.text, globals, { escape: dockerfile.escape });
  const other = expandWord(base.text, environment, { escape: dockerfile.escape });
  if (!own.ok || !other.ok) return ["", false];
  return [other.text, other.text !== own.text];
}

/** The instruction that the digest is written in: the FROM, or an ARG. */
function placeOfDigest({ path, dockerfile }: DockerfileModel, hex: string): Place | undefined {
  const instructions = [...dockerfile.globalArgs, ...dockerfile.stages.map(({ from }) => from)];
  const found = instructions.find(({ source }) => source.includes(hex));
  return found === undefined ? undefined : placeOf(path, found.range);
}

/** The platform that the comment right above a line says the digest is of, when it is another one. */
function commentedPlatform({ dockerfile }: DockerfileModel, line: number, platform: Platform): string | undefined {
  const comments = new Map(dockerfile.comments.map(({ line: at, text }) => [at, text]));
  for (let at = line - 1; comments.has(at); at--) {
    const text = comments.get(at) ?? "";
    const [name, ...more] = namesIn(text);
    if (name === undefined) continue;
    const word = text.slice(name.end, name.end + 24);
    const saysWhatIsPinned = /^os\/arch\b/i.test(text) || /^\s+(?:sha\w*|digest|manifest)/i.test(word);
    const isAlone = more.every(({ architecture }) => architecture === name.architecture);
    if (name.architecture === platform.architecture) return undefined;
    return saysWhatIsPinned && (isAlone || /\bpin/i.test(text)) ? `linux/${name.architecture}` : undefined;
  }
  return undefined;
}

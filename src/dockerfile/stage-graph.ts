import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { familiarReference, parseReference } from "../oci/reference.ts";
import { formatPlatform, parsePlatform, type Platform } from "../platform/platform.ts";
import type { EvaluateOptions, StageBase } from "./evaluation.ts";
import { expandWord } from "./expand.ts";
import type { Environment, Expansion } from "./expansion.ts";
import type { Dockerfile, StageText } from "./parse.ts";
import { invalid, type Word } from "./source.ts";

/** Most stages of a Dockerfile. */
const maxStages = 1000;

/** A stage whose FROM is evaluated. */
export interface StageNode {
  readonly text: StageText;
  readonly base: StageBase;
  readonly platform: Platform;
  readonly platformFlag?: { readonly written: string; readonly variables: readonly string[] };
  readonly replaced: boolean;
  /** Variables in FROM that are set, and that are not. */
  readonly used: readonly string[];
  readonly unset: readonly string[];
}

/**
 * Evaluates the FROM of every stage. Names of stages are known from the line after them on, so a FROM sees only earlier ones.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` for a blank base name, a wrong reference or platform, also in stages nobody needs, as BuildKit.
 */
export function evaluateStages(dockerfile: Dockerfile, globals: Environment, options: EvaluateOptions): StageNode[] {
  const { file } = dockerfile.source;
  if (dockerfile.stages.length === 0) {
    throw invalid(file, "dockerfile contains no stages to build", undefined, { hint: "Begin it with FROM." });
  }
  if (dockerfile.stages.length > maxStages) {
    throw invalid(file, `the Dockerfile has ${dockerfile.stages.length} stages; the limit is ${maxStages}`);
  }
  const byName = new Map<string, number>();
  const nodes: StageNode[] = [];
  for (const text of dockerfile.stages) {
    nodes.push(evaluateFrom(dockerfile, text, globals, options, nodes, byName));
    if (text.name !== undefined) byName.set(text.name, text.index);
  }
  return nodes;
}

function evaluateFrom(
  dockerfile: Dockerfile,
  text: StageText,
  globals: Environment,
  options: EvaluateOptions,
  earlier: readonly StageNode[],
  byName: ReadonlyMap<string, number>,
): StageNode {
  const { file } = dockerfile.source;
  const { base: baseWord, platform: platformWord } = text.from;
  const name = expandOrThrow(dockerfile, baseWord, globals);
  if (name.text === "" && options.unknownMark === undefined) {
    throw invalid(file, `base name (${baseWord.text}) should not be blank`, baseWord.range.start, {
      hint: declareHint(name.unset),
    });
  }
  const flag = platformWord === undefined ? undefined : platformOf(dockerfile, platformWord, globals, options);
  const looked = { used: [...name.used, ...(flag?.used ?? [])], unset: [...name.unset, ...(flag?.unset ?? [])] };
  const platform = flag?.platform ?? options.targetPlatform;
  const common = { text, ...looked };
  const platformFlag =
    flag === undefined || platformWord === undefined
      ? {}
      : { platformFlag: { written: platformWord.text, variables: [...flag.used, ...flag.unset] } };

  const replacement = text.name === undefined ? undefined : contextNamed(text.name, platform, options);
  if (replacement !== undefined) return { ...common, base: replacement, platform, ...platformFlag, replaced: true };
  const stage = byName.get(name.text);
  if (stage !== undefined) {
    const inherited = earlier[stage]?.platform ?? platform;
    return { ...common, base: { kind: "stage", index: stage }, platform: inherited, replaced: false };
  }
  const base = imageOrContext(file, name.text || (options.unknownMark ?? ""), baseWord, platform, options);
  if (base.kind === "scratch") return { ...common, base, platform: options.targetPlatform, replaced: false };
  return { ...common, base, platform, ...platformFlag, replaced: false };
}

function platformOf(
  dockerfile: Dockerfile,
  word: Word,
  globals: Environment,
  options: EvaluateOptions,
): Expansion & { readonly platform: Platform } {
  const { file } = dockerfile.source;
  const expansion = expandOrThrow(dockerfile, word, globals);
  const isTolerant = options.unknownMark !== undefined;
  if (expansion.text === "" && !isTolerant) {
    throw invalid(file, `empty platform value from expression ${word.text}`, word.range.start, {
      hint: declareHint(expansion.unset),
    });
  }
  try {
    // The engine takes what is missing ("linux") from itself.
    return { ...expansion, platform: parsePlatform(expansion.text, options.buildPlatform) };
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    if (isTolerant) return { ...expansion, platform: options.targetPlatform };
    throw invalid(file, `failed to parse platform ${word.text}: ${error.message}`, word.range.start, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

function declareHint(unset: readonly string[]): string {
  const names = unset.map((name) => `ARG ${name}=…`).join(", ");
  if (names === "") return "A variable in it is empty; give it a value with --build-arg.";
  return `Declare ${names} before the first FROM, or give --build-arg: only ARGs from there count in FROM.`;
}

/** An image, a named context in its place, or scratch. Throws `DOCKERFILE_INVALID` when the name is none of an image. */
export function imageOrContext(
  file: string,
  name: string,
  word: Pick<Word, "range">,
  platform: Platform,
  options: EvaluateOptions,
): StageBase {
  if (name === "scratch") return { kind: "scratch" };
  try {
    parseReference(name);
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    if (options.unknownMark !== undefined) return { kind: "image", reference: name };
    throw invalid(file, `failed to parse stage name "${name}": ${error.message}`, word.range.start, {
      hint: error.hint ?? "It names no earlier stage, so it must be an image.",
      cause: error,
    });
  }
  return contextNamed(name, platform, options) ?? { kind: "image", reference: name };
}

/** The named context of a stage or image; `NAME::os/architecture` is one for a single platform and goes first. */
function contextNamed(
  name: string,
  platform: Platform,
  { contexts = {} }: EvaluateOptions,
): Extract<StageBase, { kind: "context" }> | undefined {
  const lower = name.toLowerCase();
  if (lower === "scratch" || lower === "context") return undefined;
  const wanted = contextKey(name);
  for (const key of [`${wanted}::${formatPlatform(platform)}`, wanted]) {
    for (const [given, value] of Object.entries(contexts)) {
      const [bare = "", ...only] = given.split("::");
      const normal = [contextKey(bare), ...only].join("::");
      if (normal === key) return { kind: "context", name: given, value };
    }
  }
  return undefined;
}

/** The short form without `:latest`, as buildx and BuildKit compare names of contexts. */
function contextKey(name: string): string {
  try {
    return familiarReference(parseReference(name)).replace(/:latest$/, "");
  } catch (error) {
    if (error instanceof ArchwayError) return name;
    throw error;
  }
}

/** Expands a word. Throws `DOCKERFILE_INVALID` at its place. */
export function expandOrThrow(dockerfile: Dockerfile, word: Word, environment: Environment): Expansion {
  const expansion = expandWord(word.text, environment, { escape: dockerfile.escape });
  if (expansion.ok) return expansion;
  throw invalid(dockerfile.source.file, `failed to process "${word.text}": ${expansion.message}`, word.range.start);
}

/** The stage to build. Throws `DOCKERFILE_INVALID` with the names that exist. */
export function findTarget(dockerfile: Dockerfile, target: string | undefined): StageText {
  const last = dockerfile.stages.at(-1);
  const named = dockerfile.stages.findLast(({ name }) => name !== undefined && name === target?.toLowerCase());
  const found = target === undefined || target === "" ? last : named;
  if (found !== undefined) return found;
  const names = dockerfile.stages.flatMap(({ name }) => name ?? []);
  const meant = nearestName(target ?? "", names);
  throw invalid(
    dockerfile.source.file,
    `target stage "${target ?? ""}" could not be found${meant === undefined ? "" : ` (did you mean ${meant}?)`}`,
    undefined,
    { hint: names.length === 0 ? "No stage has a name (FROM … AS NAME)." : `Stages: ${names.join(", ")}.` },
  );
}

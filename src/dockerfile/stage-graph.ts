import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";
import { familiarReference, parseReference } from "../oci/reference.ts";
import { formatPlatform, parsePlatform, type Platform } from "../platform/platform.ts";
import type { EvaluateOptions, Origin, StageBase } from "./evaluation.ts";
import { expandWord, type Environment, type Expansion } from "./expand.ts";
import type { Instruction } from "./instruction.ts";
import { mountFrom } from "./mount.ts";
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

/** Resolves the name behind `--from`, written at `word`. */
export type ResolveOrigin = (from: string, use: "COPY" | "RUN", word: Pick<Word, "range">) => Origin;

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
  if (name.text === "") {
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
  const base = imageOrContext(file, name.text, baseWord, platform, options);
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
  if (expansion.text === "") {
    throw invalid(file, `empty platform value from expression ${word.text}`, word.range.start, {
      hint: declareHint(expansion.unset),
    });
  }
  try {
    // The engine takes what is missing ("linux") from itself.
    return { ...expansion, platform: parsePlatform(expansion.text, options.buildPlatform) };
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
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

/** An image, a named context in its place, or scratch. */
function imageOrContext(
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

/**
 * Makes the function that resolves `--from`: the name of a stage anywhere in the file (the last of its name), for
 * COPY also its number, else a named context, else an image for the target platform, whatever the stage's own platform is.
 */
export function originResolver(
  dockerfile: Dockerfile,
  nodes: readonly StageNode[],
  options: EvaluateOptions,
): ResolveOrigin {
  const byName = new Map(nodes.flatMap(({ text }) => (text.name === undefined ? [] : [[text.name, text.index]])));
  const { file } = dockerfile.source;
  return (from, use, word) => {
    const plain = expandWord(from, new Map<string, string>());
    if (use === "COPY" && (!plain.ok || plain.text !== from)) {
      throw invalid(file, "variable expansion is not supported for --from", word.range.start, {
        hint: "Define a new stage with FROM that uses an ARG from before the first FROM, and copy from that stage.",
      });
    }
    if (use === "COPY" && /^[+-]?\d+$/.test(from)) {
      const index = Number(from);
      if (nodes[index] === undefined || Object.is(index, -0)) {
        throw invalid(file, `invalid stage index ${from}`, word.range.start, {
          hint: `The Dockerfile has the stages 0 to ${nodes.length - 1}.`,
        });
      }
      return { kind: "stage", index };
    }
    const stage = byName.get(from.toLowerCase());
    if (stage !== undefined) return { kind: "stage", index: stage };
    return imageOrContext(file, from, word, options.targetPlatform, options);
  };
}

/** A stage that an instruction takes files from. */
interface StageUse {
  readonly index: number;
  readonly from: string;
  readonly use: "COPY" | "RUN";
  readonly word: Word;
}

function stagesUsedBy(instruction: Instruction, resolve: ResolveOrigin): readonly StageUse[] {
  return namesUsedBy(instruction).flatMap(({ from, use, word }) => {
    const origin = resolve(from, use, word);
    return origin.kind === "stage" ? [{ index: origin.index, from, use, word }] : [];
  });
}

function namesUsedBy(instruction: Instruction): readonly Omit<StageUse, "index">[] {
  if (instruction.keyword === "COPY" && instruction.from !== undefined && instruction.from.text !== "") {
    return [{ from: instruction.from.text, use: "COPY", word: instruction.from }];
  }
  if (instruction.keyword !== "RUN") return [];
  return instruction.mounts.flatMap((mount) => {
    const from = mountFrom(mount);
    return from === undefined ? [] : [{ from, use: "RUN" as const, word: mount.word }];
  });
}

/**
 * Refuses stages that copy from each other in a circle, also those that the target does not need.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` naming the circle.
 */
export function refuseCycles(dockerfile: Dockerfile, nodes: readonly StageNode[], resolve: ResolveOrigin): void {
  const uses = nodes.map(({ text }) => text.instructions.flatMap((instruction) => stagesUsedBy(instruction, resolve)));
  const done = new Set<number>();
  const path: number[] = [];
  const visit = (index: number): void => {
    path.push(index);
    for (const use of uses[index] ?? []) {
      const start = path.indexOf(use.index);
      if (start >= 0) throw circular(dockerfile, nodes, path.slice(start), use.word);
      if (!done.has(use.index)) visit(use.index);
    }
    path.pop();
    done.add(index);
  };
  for (const index of nodes.keys()) if (!done.has(index)) visit(index);
}

function circular(dockerfile: Dockerfile, nodes: readonly StageNode[], circle: readonly number[], word: Word): Error {
  const labels = [...circle, circle[0] ?? 0].map((index) => labelOf(nodes[index]));
  const message = `circular dependency detected on stage: ${labels[0] ?? ""}`;
  return invalid(dockerfile.source.file, message, word.range.start, {
    hint: `Files are copied in a circle: ${labels.join(" needs ")}.`,
  });
}

function labelOf(node: StageNode | undefined): string {
  return node?.text.name ?? `stage-${node?.text.index ?? 0}`;
}

/**
 * The stages that the target needs, itself included. `programs` are the instructions of each stage with the triggers that fire in it.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` when one of them takes files from a stage that comes later.
 */
export function reachableStages(
  dockerfile: Dockerfile,
  nodes: readonly StageNode[],
  programs: readonly (readonly Instruction[])[],
  target: number,
  resolve: ResolveOrigin,
): ReadonlySet<number> {
  const reachable = new Set<number>();
  const open = [target];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (reachable.has(index)) continue;
    reachable.add(index);
    const node = nodes[index];
    if (node?.base.kind === "stage") open.push(node.base.index);
    for (const instruction of programs[index] ?? []) {
      for (const use of stagesUsedBy(instruction, resolve)) {
        if (use.index >= index && nodes[use.index]?.replaced !== true) throw later(dockerfile, node, use);
        open.push(use.index);
      }
    }
  }
  return reachable;
}

function later(dockerfile: Dockerfile, node: StageNode | undefined, { use, from, word }: StageUse): Error {
  const message =
    use === "COPY"
      ? `cannot copy from stage "${from}", it needs to be defined before current stage "${labelOf(node)}"`
      : `cannot mount from stage "${from}", stage needs to be defined before current command`;
  return invalid(dockerfile.source.file, message, word.range.start, {
    hint: `Move the stage ${from} in front of ${labelOf(node)}.`,
  });
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

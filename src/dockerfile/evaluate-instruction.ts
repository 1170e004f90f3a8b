import { posix } from "node:path";
import { isAutomaticArg } from "./automatic-args.ts";
import { givenVariables, VariableHistory, type Definition, type TracedEnvironment } from "./environment.ts";
import type { BaseImageConfig, EvaluatedArg, EvaluatedInstruction, Origin } from "./evaluation.ts";
import { expandWord } from "./expand.ts";
import type { Environment } from "./expansion.ts";
import type { ArgInstruction, CopyInstruction, Instruction, RunInstruction } from "./instruction.ts";
import { mountFrom, readMount, type Mount, type MountFlag } from "./mount.ts";
import type { Dockerfile } from "./parse.ts";
import { invalid, type Word } from "./source.ts";
import type { ResolveOrigin } from "./stage-dependencies.ts";
import { expandOrThrow } from "./stage-graph.ts";

/** What engines put into PATH when the base image has none. */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** What the instructions of a stage change. */
export interface StageState {
  /** All variables that instructions see. */
  readonly history: VariableHistory;
  /** The variables of ENV alone: those of the image. */
  readonly env: VariableHistory;
  /** Names of ENV whose value an ARG hides. */
  readonly hidden: Set<string>;
  readonly declaredArgs: Set<string>;
  workdir: string;
}

/** What is the same for all instructions of a build. */
export interface BuildScope {
  readonly dockerfile: Dockerfile;
  readonly globals: TracedEnvironment;
  /** Names of ARGs before the first FROM. */
  readonly globalArgs: ReadonlySet<string>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly resolve: ResolveOrigin;
}

/** The state at the start of a stage from scratch or from an image (whose configuration may be unknown). */
export function firstState(config: BaseImageConfig | undefined): StageState {
  const env = new Map(Object.entries(config?.env ?? {}));
  if (!env.has("PATH")) env.set("PATH", defaultPath);
  const image = givenVariables(env, () => ({ kind: "image" }));
  return {
    history: new VariableHistory(image),
    env: new VariableHistory(image),
    hidden: new Set(),
    declaredArgs: new Set(),
    workdir: config?.workdir ?? "/",
  };
}

/**
 * The state at the start of a stage that begins from another. Its variables are inherited, ARGs too; but the ENV of its image is
 * applied again, so an ARG that hid an ENV there does so no longer (dockerfile2llb, `dispatchStages`).
 */
export function inheritedState(parent: StageState): StageState {
  const history = new VariableHistory(parent.history.now());
  const env = parent.env.now();
  for (const name of parent.hidden) {
    history.set(name, env.get(name) ?? "", env.definition(name) ?? { kind: "image" });
  }
  return {
    history,
    env: new VariableHistory(env),
    hidden: new Set(),
    declaredArgs: new Set(parent.declaredArgs),
    workdir: parent.workdir,
  };
}

/** Expands words in one environment and records what was looked up. */
class Expander {
  readonly used = new Set<string>();
  readonly unset = new Set<string>();
  private readonly scope: BuildScope;
  private readonly environment: Environment;

  constructor(scope: BuildScope, environment: Environment) {
    this.scope = scope;
    this.environment = environment;
  }

  word(word: Word): string {
    return this.expand(word).text;
  }

  words(word: Word): readonly string[] {
    return this.expand(word).words;
  }

  private expand(word: Word): { readonly text: string; readonly words: readonly string[] } {
    const expansion = expandOrThrow(this.scope.dockerfile, word, this.environment);
    this.record(expansion);
    return expansion;
  }

  /** The text of a heredoc: quotes stay, the escape is always a backslash. */
  heredoc(content: string, word: Pick<Word, "range">): string {
    const expansion = expandWord(content, this.environment, { ignoreQuotes: true });
    if (!expansion.ok) throw invalid(this.scope.dockerfile.source.file, expansion.message, word.range.start);
    this.record(expansion);
    return expansion.text;
  }

  record(expansion: { readonly used: readonly string[]; readonly unset: readonly string[] }): void {
    for (const name of expansion.used) this.used.add(name);
    for (const name of expansion.unset) this.unset.add(name);
  }
}

/**
 * Evaluates one instruction and applies what it changes to `state`. `firedAt` is the line of the FROM that fires a trigger.
 *
 * @throws ArchwayError `DOCKERFILE_INVALID` at the place of the word that cannot be expanded.
 */
export function evaluateInstruction(
  scope: BuildScope,
  state: StageState,
  instruction: Instruction,
  firedAt?: number,
): EvaluatedInstruction {
  const environment = state.history.now();
  const expander = new Expander(scope, environment);
  const { workdir } = state;
  const evaluated = evaluateWords(scope, state, instruction, expander);
  return {
    line: firedAt ?? instruction.range.start.line,
    onbuild: firedAt !== undefined,
    environment,
    workdir,
    used: [...expander.used],
    unset: [...expander.unset],
    ...evaluated,
  };
}

/** An instruction without what all have. */
type Words = EvaluatedInstruction extends infer Each
  ? Each extends EvaluatedInstruction
    ? Omit<Each, "line" | "onbuild" | "environment" | "used" | "unset" | "workdir">
    : never
  : never;

function evaluateWords(scope: BuildScope, state: StageState, instruction: Instruction, expander: Expander): Words {
  switch (instruction.keyword) {
    case "ARG":
      return { keyword: "ARG", instruction, args: evaluateArgs(scope, state, instruction, expander) };
    case "ENV":
    case "LABEL": {
      // All values are expanded before the first is set.
      const environment = state.history.now();
      const pairs = instruction.pairs.map(({ name, value }) => {
        return { name: expander.word(name), value: expander.word(value), word: value };
      });
      for (const { name, value, word } of instruction.keyword === "ENV" ? pairs : []) {
        setEnv(state, name, value, { kind: "written", word, environment });
      }
      return { keyword: instruction.keyword, instruction, pairs: pairs.map(({ name, value }) => ({ name, value })) };
    }
    case "COPY":
    case "ADD":
      return evaluateCopy(scope, state, instruction, expander);
    case "RUN":
      return { keyword: "RUN", instruction, mounts: evaluateMounts(scope, instruction, expander) };
    case "EXPOSE":
      return { keyword: "EXPOSE", instruction, words: instruction.words.flatMap((word) => expander.words(word)) };
    case "VOLUME":
      return { keyword: "VOLUME", instruction, words: instruction.words.map((word) => expander.word(word)) };
    case "WORKDIR": {
      state.workdir = posix.resolve("/", state.workdir, expander.word(instruction.value));
      return { keyword: "WORKDIR", instruction, value: state.workdir };
    }
    case "USER":
    case "STOPSIGNAL":
      return { keyword: instruction.keyword, instruction, value: expander.word(instruction.value) };
    case "MAINTAINER":
      return { keyword: "MAINTAINER", instruction, value: instruction.value.text };
    case "CMD":
    case "ENTRYPOINT":
    case "HEALTHCHECK":
    case "SHELL":
    case "ONBUILD":
      return { keyword: instruction.keyword, instruction };
    case "FROM":
      throw new TypeError("FROM begins a stage and is no instruction of one");
  }
}

function setEnv(state: StageState, name: string, value: string, definition: Definition): void {
  state.history.set(name, value, definition);
  state.env.set(name, value, definition);
  state.hidden.delete(name);
}

/**
 * ARG in a stage (dockerfile2llb, `dispatchArg`): a build argument wins; else the default; only without a default the value from before
 * the first FROM or BuildKit's automatic value. So `ARG TARGETARCH=amd64` is amd64 for every platform.
 */
function evaluateArgs(
  scope: BuildScope,
  state: StageState,
  instruction: ArgInstruction,
  expander: Expander,
): readonly EvaluatedArg[] {
  return instruction.args.map(({ name: { text: name }, value }) => {
    const environment = state.history.now();
    const arg = evaluateArg(scope, environment, name, value, expander);
    state.declaredArgs.add(name);
    // These two are read by the SBOM scanner and never become variables.
    const isVariable = name !== "BUILDKIT_SBOM_SCAN_CONTEXT" && name !== "BUILDKIT_SBOM_SCAN_STAGE";
    if (arg.value === undefined || !isVariable) return arg;
    state.history.set(name, arg.value, definitionOf(scope, arg, value, environment));
    if (state.env.now().get(name) !== undefined) state.hidden.add(name);
    return arg;
  });
}

function definitionOf(
  scope: BuildScope,
  { name, origin }: EvaluatedArg,
  word: Word | undefined,
  environment: TracedEnvironment,
): Definition {
  if (origin === "build-arg") return { kind: "build-arg", name };
  if (origin === "default" && word !== undefined) return { kind: "written", word, environment };
  return scope.globals.definition(name) ?? { kind: "automatic", name };
}

function evaluateArg(
  scope: BuildScope,
  environment: Environment,
  name: string,
  fallback: Word | undefined,
  expander: Expander,
): EvaluatedArg {
  const given = Object.hasOwn(scope.buildArgs, name) ? scope.buildArgs[name] : undefined;
  if (given !== undefined) return { name, value: given, origin: "build-arg" };
  if (fallback !== undefined) {
    // Each default sees the ARGs before it, also those of the same instruction.
    const expansion = expandOrThrow(scope.dockerfile, fallback, environment);
    expander.record(expansion);
    return { name, value: expansion.text, origin: "default" };
  }
  const global = scope.globals.get(name);
  if (global === undefined) return { name, origin: "unset" };
  return { name, value: global, origin: isAutomaticArg(name) && !scope.globalArgs.has(name) ? "automatic" : "global" };
}

function evaluateCopy(scope: BuildScope, state: StageState, instruction: CopyInstruction, expander: Expander): Words {
  for (const word of [instruction.chown, instruction.chmod, instruction.checksum]) {
    if (word !== undefined) expander.word(word);
  }
  const sources = instruction.sources.map((word) => expander.word(word));
  const written = expander.word(instruction.destination);
  for (const heredoc of instruction.inline) if (heredoc.expand) expander.heredoc(heredoc.content, heredoc);
  const { from } = instruction;
  const origin: Origin =
    from === undefined || from.text === "" ? { kind: "build context" } : scope.resolve(from.text, "COPY", from);
  const destination = posix.resolve("/", state.workdir, written);
  const isFolder = written.endsWith("/") || written === "." || written === "";
  return {
    keyword: instruction.keyword,
    instruction,
    origin,
    sources,
    destination: isFolder && destination !== "/" ? `${destination}/` : destination,
  };
}

function evaluateMounts(
  scope: BuildScope,
  instruction: RunInstruction,
  expander: Expander,
): readonly (Mount & { readonly origin: Origin })[] {
  return instruction.mounts.map((flag) => {
    const fields = flag.fields.map(({ key, value }) => {
      return value === undefined ? { key } : { key, value: expander.word({ text: value, range: flag.word.range }) };
    });
    const mount = readMount(fields);
    if (typeof mount === "string") {
      throw invalid(scope.dockerfile.source.file, mount, flag.word.range.start);
    }
    return { ...mount, origin: originOfMount(scope, flag, mount) };
  });
}

function originOfMount(scope: BuildScope, flag: MountFlag, mount: Mount): Origin {
  const from = mountFrom(flag);
  if (from !== undefined) return scope.resolve(from, "RUN", flag.word);
  return mount.type === "bind" ? { kind: "build context" } : { kind: "scratch" };
}

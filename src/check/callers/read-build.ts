import { folderOf, joinRelative } from "../repository/paths.ts";
import type { Execution } from "../model.ts";
import type { Repository } from "../repository/repository.ts";
import type { ReachedCommand, ShellTrace } from "../shell/trace.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownMark, unknownValue, written, type Value } from "../value.ts";
import type { BuildCall, CallSource } from "./build-call.ts";
import { hasOption, readOptions, valuesOf, type CommandOptions } from "./command-options.ts";
import { grammarOf, type EngineCommand } from "./engine-command.ts";

/** What a build command says by itself; whether its tags are published and joined is found later. */
export interface BuildCommand {
  readonly call: BuildCall;
  readonly execution: Execution;
  /** Whether the command publishes by itself. */
  readonly pushes: boolean;
}

/** True for a command that builds an image from a Dockerfile. */
export function isBuild({ engine, verb }: EngineCommand): boolean {
  if (engine === "kaniko") return true;
  if (engine === "buildah") return /^(?:build|bud|build-using-dockerfile)$/.test(verb);
  if (engine === "kubectl" || engine === "crictl" || engine === "ctr" || engine === "skopeo") return false;
  return /^(?:(?:buildx |image |builder )?(?:build|b)|buildx bake|bake|compose build)$/.test(verb);
}

/** Reads a build command. */
export function readBuild(
  engine: EngineCommand,
  command: ReachedCommand,
  execution: Execution,
  repository: Repository,
): BuildCommand {
  const options = readOptions(engine.words, grammarOf(engine));
  const isOther = /bake|compose/.test(engine.verb);
  const tool = engine.engine === "kaniko" ? "kaniko" : `${engine.engine} ${engine.verb}`;
  const directory = directoryOf(command, execution);
  const context = isOther ? undefined : contextOf(engine, options, directory, repository);
  const file = isOther ? {} : fileOf(engine, options, command, execution.trace, directory, context, repository);
  const platforms = platformsOf(engine, options);
  const outputs = valuesOf(options, "-o", "--output").map(textOf);
  const pushes =
    hasOption(options, "--push") ||
    outputs.some((output) => /type=registry|push=true/.test(output)) ||
    (engine.engine === "kaniko" && !hasOption(options, "--no-push", "--tarPath", "--tar-path"));
  const tags = valuesOf(options, ...(engine.engine === "kaniko" ? ["--destination", "-d"] : ["-t", "--tag"]));
  const named = outputs.flatMap((output) => /(?:^|,)name=([^,]+)/.exec(output)?.[1] ?? []).map((name) => written(name));
  const target = valuesOf(options, "--target").at(-1);
  const call: BuildCall = {
    source: sourceOf(execution),
    tool,
    place: command.place,
    machine: execution.machine,
    ...file,
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs: buildArgsOf(options),
    ...(platforms === undefined ? {} : { platforms }),
    tags: [...tags, ...named],
    publishes: pushes,
    joined: hasOption(options, "--manifest"),
    forTests: isForTests(execution, engine, options),
  };
  return { call, execution, pushes };
}

function sourceOf({ kind }: Execution): CallSource {
  return kind === "recipe" ? "make" : kind === "step" ? "ci" : "script";
}

/** The folder that a command runs in; its script's folder or the repository's where it is not known. */
export function directoryOf(command: ReachedCommand, execution: Execution): string {
  if (command.directory !== undefined && !command.directory.startsWith("/"))
    return command.directory === "." ? "" : command.directory;
  return execution.kind === "step" ? "" : folderOf(execution.place.path);
}

function buildArgsOf(options: CommandOptions): Map<string, Value | undefined> {
  const found = new Map<string, Value | undefined>();
  for (const value of valuesOf(options, "--build-arg", "--opt")) {
    const text = textOf(value).replace(/^build-arg:/, "");
    const skipped = textOf(value).length - text.length;
    const equals = text.indexOf("=");
    if (equals < 0) found.set(text, undefined);
    else found.set(text.slice(0, equals), sliceValue(value, skipped + equals + 1, skipped + text.length));
  }
  return found;
}

function platformsOf(engine: EngineCommand, options: CommandOptions): Value[] | undefined {
  const given = valuesOf(options, "--platform", "--platforms", "--custom-platform", "--customPlatform");
  for (const set of valuesOf(options, "--set")) {
    const match = /^[^=]*\.platforms?(?:\[\])?\+?=/.exec(textOf(set));
    if (match !== null) given.push(sliceValue(set, match[0].length, textOf(set).length));
  }
  const architecture =
    engine.engine === "podman" || engine.engine === "buildah" ? valuesOf(options, "--arch")[0] : undefined;
  if (architecture !== undefined) given.push(joinValues(written("linux/"), architecture));
  const platforms = given.flatMap(splitList).filter((value) => textOf(value) !== "");
  if (platforms.length > 0) return platforms;
  // An option that is not known may give the platforms.
  const mayGive = options.unknown.some((word) =>
    word.pieces.some(
      ({ through = [] }) => through.length === 0 || through.some((name) => /plat|arch|buildx|multi/i.test(name)),
    ),
  );
  return mayGive ? [unknownValue()] : undefined;
}

/** The entries of a list with commas. */
export function splitList(value: Value): Value[] {
  const text = textOf(value);
  const entries: Value[] = [];
  let from = 0;
  for (let comma = text.indexOf(","); comma >= 0; comma = text.indexOf(",", from)) {
    entries.push(sliceValue(value, from, comma));
    from = comma + 1;
  }
  return [...entries, sliceValue(value, from, text.length)];
}

function contextOf(
  engine: EngineCommand,
  options: CommandOptions,
  directory: string,
  repository: Repository,
): string | undefined {
  const value = engine.engine === "kaniko" ? valuesOf(options, "--context", "-c")[0] : options.operands.at(-1);
  if (value === undefined) return engine.engine === "kaniko" ? "" : undefined;
  const text = textOf(value).replace(/^dir:\/\//, "");
  if (text === "-" || /^(?:https?|git|s3|gs|tar):|\.git(?:#|$)/.test(text)) return undefined;
  return pathOf(text, [directory, ""], (path) => path === "" || repository.isFolder(path));
}

/** A path as the repository has it, by the folders that it may be in. What is not known before its first slash can be the repository's own folder. */
function pathOf(written: string, folders: readonly string[], exists: (path: string) => boolean): string | undefined {
  const [text, bases] = written.startsWith(unknownMark)
    ? [written.replace(new RegExp(`^${unknownMark}+/?`), ""), ["", ...folders]]
    : [written, folders];
  if (text.includes(unknownMark)) return undefined;
  for (const base of bases) {
    const path = joinRelative(base, text);
    if (path !== undefined && exists(path)) return path;
  }
  return undefined;
}

function fileOf(
  engine: EngineCommand,
  options: CommandOptions,
  command: ReachedCommand,
  trace: ShellTrace,
  directory: string,
  context: string | undefined,
  repository: Repository,
): { readonly dockerfile?: string; readonly fileValue?: Value } {
  const given = valuesOf(options, "-f", "--file", "--dockerfile").at(-1);
  const exists = (path: string) => repository.file(path) !== undefined;
  if (given === undefined || textOf(given) === "-") {
    const isStandardInput = given !== undefined || textOf(options.operands.at(-1) ?? { pieces: [] }) === "-";
    if (isStandardInput) {
      const piped = command.pipedFrom === undefined ? undefined : trace.commands[command.pipedFrom];
      const source = piped?.program === "cat" ? piped.words[1] : undefined;
      const path = source === undefined ? undefined : pathOf(textOf(source), [directory, ""], exists);
      return path === undefined ? {} : { dockerfile: path };
    }
    if (context === undefined) return {};
    const names =
      engine.engine === "docker" || engine.engine === "kaniko" ? ["Dockerfile"] : ["Containerfile", "Dockerfile"];
    for (const name of names) {
      const path = joinRelative(context, name);
      if (path !== undefined && exists(path)) return { dockerfile: path };
    }
    return {};
  }
  const path = pathOf(textOf(given), [directory, ...(context === undefined ? [] : [context]), ""], exists);
  return path === undefined ? { fileValue: given } : { dockerfile: path, fileValue: given };
}

/** Words that say that something is for tests or for development. */
const testing =
  /(?:^|[^a-z])(?:tests?|testing|e2e|dev|develop|development|debug|local|lint|integration|smoke|bench|benchmark|fuzz|example|examples|demo|kind|minikube|conformance|ut|fv|st|hack)(?:[^a-z]|$)/i;

/** Folders of which a Makefile makes nothing that is released. */
const testFolder = /(?:^|\/)(?:tests?|testing|testdata|e2e|samples?|examples?|fuzz)\//i;

/** True when the name of a target, script or job, or the stage that is built, says that it is for tests or development. */
function isForTests(execution: Execution, _engine: EngineCommand, options: CommandOptions): boolean {
  const names = [execution.name ?? "", execution.kind === "script" ? execution.place.path : ""];
  const target = valuesOf(options, "--target").map(textOf);
  return [...names, ...target].some((name) => testing.test(name)) || testFolder.test(execution.place.path);
}

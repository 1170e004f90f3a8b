import { MakeCaller } from "../make/call-make.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Place } from "../place.ts";
import type { Reading } from "../reading.ts";
import { textOf, type Value } from "../value.ts";
import type { BuildCall } from "./build-call.ts";
import { readOptions, valuesOf } from "./command-options.ts";
import { engineCommand, grammarOf, type EngineCommand } from "./engine-command.ts";
import { readImages } from "./read-images.ts";
import { directoryOf, isBuild, readBuild, type BuildCommand } from "./read-build.ts";
import { comparedName, sameName, type ComparedName } from "./same-reference.ts";

/** A reference that something does, with the file that says it. */
interface Reference {
  readonly text: string;
  readonly name: ComparedName;
  readonly path: string;
  readonly place: Place;
}

/** Most places that are told of one build's tags. */
const maxUses = 50;

/** Longest chain of makes that is followed from a script or a step. */
const maxFollowed = 3;

/** The builds and images that the commands of executions ask for: `docker build`, `docker run`, `docker pull`, and the like. */
export function readCalls(
  executions: readonly Execution[],
  { repository }: Reading,
): { readonly calls: readonly BuildCall[]; readonly images: readonly ImageUse[] } {
  const builds: BuildCommand[] = [];
  const images: ImageUse[] = [];
  const pushed: Reference[] = [];
  const joined: Reference[] = [];
  const renamed: { readonly from: Reference; readonly to: Reference }[] = [];
  const makes = new MakeCaller(repository);
  const read = (execution: Execution, through: readonly Place[]): void => {
    for (const command of execution.trace.commands) {
      const isMake = command.program === "make" || command.program === "gmake";
      if (isMake && execution.kind !== "recipe" && through.length < maxFollowed) {
        const folders = [...new Set([directoryOf(command, execution), ""])];
        const run = makes.run(command, { folders, machine: execution.machine, asked: true });
        for (const inner of run?.executions ?? [])
          read({ ...inner, name: `${execution.name ?? ""} ${inner.name ?? ""}` }, [...through, command.place]);
        continue;
      }
      const engine = engineCommand(command);
      if (engine === undefined) continue;
      const { place } = command;
      const reference = (value: Value | undefined): Reference[] =>
        value === undefined ? [] : [referenceOf(textOf(value), place.path, place)];
      if (isBuild(engine)) {
        const build = readBuild(engine, command, execution, repository);
        const way = [...through, ...command.through];
        builds.push(way.length === 0 ? build : { ...build, call: { ...build.call, through: way } });
        continue;
      }
      if (through.length === 0) images.push(...readImages(engine, command, execution));
      const { operands, options } = readOptions(engine.words, grammarOf(engine));
      if (isPush(engine)) pushed.push(...operands.slice(0, 1).flatMap(reference));
      else if (isJoin(engine)) {
        const parts = valuesOf({ options, operands, unknown: [] }, "--template");
        joined.push(...[...operands.slice(/imagetools/.test(engine.verb) ? 0 : 1), ...parts].flatMap(reference));
      } else if (/^(?:image )?tag$/.test(engine.verb) || (engine.engine === "skopeo" && engine.verb === "copy")) {
        const [from, to] = [reference(operands[0])[0], reference(operands[1])[0]];
        if (from !== undefined && to !== undefined) renamed.push({ from, to });
        if (engine.engine === "skopeo" && to !== undefined) pushed.push(to);
      }
    }
  };
  for (const execution of executions) read(execution, []);
  return {
    calls: unique(builds.map((build) => withFate(build, pushed, joined, renamed))),
    images: uniqueImages(images),
  };
}

function referenceOf(text: string, path: string, place: Place): Reference {
  return { text, name: comparedName(text), path, place };
}

function isPush({ engine, verb }: EngineCommand): boolean {
  if (engine === "crane") return verb === "push";
  return /^(?:image |images )?push$/.test(verb) && engine !== "manifest-tool";
}

function isJoin({ engine, verb }: EngineCommand): boolean {
  if (engine === "manifest-tool") return true;
  return /^(?:manifest (?:create|add|annotate)|(?:buildx )?imagetools create|index (?:create|append))$/.test(verb);
}

/** What becomes of the tags of a build: whether they are pushed, and whether they are joined to an index. */
function withFate(
  { call, pushes }: BuildCommand,
  pushed: readonly Reference[],
  joined: readonly Reference[],
  renamed: readonly { readonly from: Reference; readonly to: Reference }[],
): BuildCall {
  const paths = new Set([call.place.path, ...(call.through ?? []).map(({ path }) => path)]);
  const names = call.tags.flatMap((tag) => [...paths].map((path) => referenceOf(textOf(tag), path, call.place)));
  const uses = new Set<Place>();
  for (let round = 0, size = -1; round < 3 && names.length !== size; round++) {
    size = names.length;
    for (const { from, to } of renamed) {
      if (names.length > 60) break;
      if (!names.some((name) => meets(name, from) === true)) continue;
      uses.add(from.place);
      if (!names.some(({ text }) => text === to.text)) names.push(to);
    }
  }
  for (const push of pushed) if (names.some((name) => meets(name, push) === true)) uses.add(push.place);
  const fates = names.flatMap((name) => pushed.map((push) => meets(name, push)));
  const isJoined = call.joined || names.some((name) => joined.some((part) => joinsWith(name, part)));
  const publishes = pushes || fates.includes(true) ? true : fates.includes(undefined) ? "unknown" : call.publishes;
  return { ...call, publishes, joined: isJoined, ...(uses.size === 0 ? {} : { uses: [...uses].slice(0, maxUses) }) };
}

/** Whether two references are the same image; parts that are not known are only compared inside of a file. */
function meets(left: Reference, right: Reference): boolean | undefined {
  const same = sameName(left.name, right.name);
  if (same === true) return true;
  return same === undefined && left.path === right.path ? undefined : false;
}

/** Whether a tag may be one of those that are joined. A template (`image-ARCH`, `image-{{arch}}`) stands for all of them. */
function joinsWith(name: Reference, part: Reference): boolean {
  if (sameName(name.name, part.name) !== false) return true;
  const template = part.text.replace(/ARCH\b.*$|OS\b.*$|\{\{.*$/, "");
  return template !== part.text && template.length > 3 && name.text.startsWith(template);
}

/** Calls that differ in nothing but the way to them. */
function unique(calls: readonly BuildCall[]): BuildCall[] {
  const found = new Map<string, BuildCall>();
  for (const call of calls) {
    const args = [...call.buildArgs].map(([name, value]) => `${name}=${value === undefined ? "" : textOf(value)}`);
    const key = [
      call.place.path,
      call.place.line,
      call.place.column,
      (call.through ?? []).map(({ path, line }) => `${path}:${line}`).join(","),
      call.machine.architecture,
      call.machine.variant,
      call.dockerfile,
      call.context,
      call.target,
      args.join(","),
      call.platforms?.map(textOf).join(","),
      call.tags.map(textOf).join(","),
    ].join("\0");
    const before = found.get(key);
    if (before === undefined) found.set(key, call);
    else if (before.forTests && !call.forTests) found.set(key, call);
  }
  return [...found.values()];
}

/** Images that the same command names on the same platform. */
function uniqueImages(images: readonly ImageUse[]): ImageUse[] {
  const found = new Map<string, ImageUse>();
  for (const image of images) {
    const { place, platform } = image;
    const key = [
      place.path,
      place.line,
      place.column,
      platform.architecture,
      platform.variant,
      textOf(image.value),
    ].join("\0");
    if (!found.has(key)) found.set(key, image);
  }
  return [...found.values()];
}

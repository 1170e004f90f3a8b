import type { Platform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import type { Place } from "../../place.ts";
import { isKnown, sliceValue, textOf, type Value } from "../../value.ts";
import { joinPath } from "../../repository/paths.ts";

/** A container that runs kaniko's executor. */
interface KanikoContainer {
  readonly arguments: readonly Value[];
  readonly place: Place;
  readonly machine: Platform;
  readonly forTests: boolean;
}

/** True for an image of kaniko's executor, also one that somebody copied to a registry of their own. */
export function isKaniko(image: string): boolean {
  return /(?:^|\/)(?:kaniko-project\/)?(?:kaniko-)?executor(?:[:@-]|$)|(?:^|\/)kaniko(?:-executor)?(?:[:@]|$)/.test(
    image,
  );
}

/** The build that arguments of kaniko's executor ask for. A context in the workspace is taken for the repository. */
export function readKaniko({ arguments: words, place, machine, forTests }: KanikoContainer): BuildCall {
  const flags = flagsOf(words);
  const last = (...names: string[]) => flags.findLast(({ name }) => names.includes(name))?.value;
  const contextValue = last("context", "c");
  const context = contextValue === undefined ? "" : contextFolder(textOf(contextValue), isKnown(contextValue));
  const fileValue = last("dockerfile", "f");
  const file =
    fileValue === undefined
      ? { path: "Dockerfile", isAbsolute: false }
      : isKnown(fileValue)
        ? workspacePath(textOf(fileValue))
        : undefined;
  const inContext =
    file === undefined || context === undefined ? undefined : joinPath(file.isAbsolute ? "" : context, file.path);
  const platforms = flags.filter(({ name }) => /^custom-?platform$/i.test(name)).flatMap(({ value }) => value ?? []);
  const target = last("target");
  return {
    source: "ci",
    tool: "kaniko",
    place,
    machine,
    ...(inContext === undefined ? {} : { dockerfile: inContext }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs: new Map(flags.filter(({ name }) => name === "build-arg").flatMap(({ value }) => argumentOf(value))),
    ...(platforms.length === 0 ? {} : { platforms }),
    tags: flags.filter(({ name }) => name === "destination" || name === "d").flatMap(({ value }) => value ?? []),
    publishes: !flags.some(
      ({ name, value }) => name === "no-push" && (value === undefined || textOf(value) !== "false"),
    ),
    joined: false,
    forTests,
  };
}

interface Flag {
  readonly name: string;
  readonly value: Value | undefined;
}

function flagsOf(words: readonly Value[]): Flag[] {
  const flags: Flag[] = [];
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) continue;
    const text = textOf(word);
    const match = /^--?([\w-]+)(=?)/.exec(text);
    if (match === null) continue;
    const [whole, name = "", equals] = match;
    const next = words[index + 1];
    if (equals === "=") flags.push({ name, value: sliceValue(word, whole.length, text.length) });
    else if (next === undefined || textOf(next).startsWith("-")) flags.push({ name, value: undefined });
    else {
      flags.push({ name, value: next });
      index++;
    }
  }
  return flags;
}

function argumentOf(value: Value | undefined): [string, Value | undefined][] {
  if (value === undefined) return [];
  const text = textOf(value);
  const equals = text.indexOf("=");
  if (equals < 0) return [[text, undefined]];
  return [[text.slice(0, equals), sliceValue(value, equals + 1, text.length)]];
}

/** `dir:///workspace/app` is the folder `app`; `git://…` is somewhere else. */
function contextFolder(text: string, isKnown: boolean): string | undefined {
  if (!isKnown || /^(?:git|s3|gs|https?|tar):/.test(text)) return undefined;
  return joinPath("", workspacePath(text.replace(/^dir:\/\//, "")).path);
}

function workspacePath(text: string): { readonly path: string; readonly isAbsolute: boolean } {
  const match = /^\/(?:workspace|builds?|src|kaniko\/workspace)(?:\/source)?\/?/.exec(text);
  return match === null ? { path: text, isAbsolute: false } : { path: text.slice(match[0].length), isAbsolute: true };
}

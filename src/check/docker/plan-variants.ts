import { isAutomaticArg, isPredefinedArg } from "../../dockerfile/automatic-args.ts";
import type { Dockerfile } from "../../dockerfile/parse.ts";
import { ArchwayError } from "../../error/error.ts";
import { namesIn } from "../../platform/architecture-words.ts";
import { formatPlatform, parsePlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { BuildCall } from "../callers/build-call.ts";
import { dependsOnPlatform, isKnown, textOf, unknownValue, type Value } from "../value.ts";

/** Most variants of one Dockerfile. */
const maxVariants = 48;

/** One way to build a Dockerfile that is looked at. */
export interface VariantPlan {
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  readonly call?: BuildCall;
  readonly buildArgs: ReadonlyMap<string, Value>;
}

/**
 * The ways to build a Dockerfile: for every requested platform what its callers ask for, and where nobody builds it for a platform, the build without
 * arguments. A Dockerfile that has an architecture in its path is for that one alone.
 */
export function planVariants(
  path: string,
  dockerfile: Dockerfile,
  calls: readonly BuildCall[],
  platforms: readonly Platform[],
): readonly VariantPlan[] {
  const mine = platformsOfPath(path, platforms);
  const usesBuild = /\bBUILD(?:PLATFORM|ARCH|OS|VARIANT)\b/.test(dockerfile.source.text);
  const plans = new Map<string, VariantPlan>();
  const add = (plan: VariantPlan): void => {
    const key = keyOf(plan, usesBuild);
    if (!plans.has(key) && plans.size < maxVariants) plans.set(key, plan);
  };
  for (const call of callsThatCount(dockerfile, calls))
    for (const plan of plansOfCall(call, mine, usesBuild)) add(plan);
  const called = [...plans.values()].map(({ platform }) => platform);
  const buildArgs = argsWithoutValue(dockerfile);
  for (const platform of mine) {
    if (called.some((other) => samePlatform(other, platform))) continue;
    add({ platform, buildPlatform: platform, buildArgs });
    if (usesBuild) for (const buildPlatform of platforms) add({ platform, buildPlatform, buildArgs });
  }
  return [...plans.values()];
}

/** The requested platforms that a file is for, by the names of architectures in its path. */
export function platformsOfPath(path: string, platforms: readonly Platform[]): readonly Platform[] {
  const named = architecturesOf(path);
  return named.length === 0 ? platforms : platforms.filter(({ architecture }) => named.includes(architecture));
}

function architecturesOf(text: string): string[] {
  // People write x86 for amd64 more often than for 386.
  return namesIn(text).flatMap((each) => (each.text === "x86" ? ["386", "amd64"] : [each.architecture]));
}

function keyOf({ platform, buildPlatform, call, buildArgs }: VariantPlan, usesBuild: boolean): string {
  const args = [...buildArgs].map(([name, value]) => `${name}=${textOf(value)}`).sort();
  const build = usesBuild ? formatPlatform(buildPlatform) : "";
  return [formatPlatform(platform), build, call?.target ?? "", ...args].join("\0");
}

/**
 * Builds for tests count only when there are no others; and when some builds pass an argument that has to do with the architecture, those that do not
 * pass it do not count: that they do not is told at the call.
 */
function callsThatCount(dockerfile: Dockerfile, calls: readonly BuildCall[]): readonly BuildCall[] {
  const released = calls.filter(({ forTests }) => !forTests);
  const left = released.length > 0 ? released : calls;
  const names = architectureArgs(dockerfile);
  const passed = (call: BuildCall): number => names.filter((name) => call.buildArgs.has(name)).length;
  const most = Map.groupBy(left, ({ target }) => target ?? "");
  return [...most.values()].flatMap((group) => {
    const count = Math.max(...group.map(passed));
    return group.filter((call) => passed(call) === count);
  });
}

/** Names of ARGs that have to do with the architecture, by their name or their default. */
function architectureArgs(dockerfile: Dockerfile): string[] {
  const names = argsOf(dockerfile).flatMap(({ name, value }) => {
    return /arch|platform/i.test(name.text) || namesIn(value?.text ?? "").length > 0 ? [name.text] : [];
  });
  return [...new Set(names)];
}

function argsOf(dockerfile: Dockerfile): Dockerfile["globalArgs"][number]["args"][number][] {
  const inStages = dockerfile.stages.flatMap(({ instructions }) =>
    instructions.flatMap((instruction) => (instruction.keyword === "ARG" ? [instruction] : [])),
  );
  return [...dockerfile.globalArgs, ...inStages].flatMap(({ args }) => args);
}

function plansOfCall(call: BuildCall, platforms: readonly Platform[], usesBuild: boolean): VariantPlan[] {
  const buildArgs = new Map([...call.buildArgs].map(([name, value]) => [name, value ?? unknownValue()]));
  const isForMachine = [...buildArgs.values()].some(dependsOnPlatform);
  const asked = askedPlatforms(call);
  const targets = platforms.filter((platform) => {
    if (asked !== undefined) return asked.some((other) => samePlatform(other, platform));
    // Without --platform, what the call says of its machine is for that machine.
    if (isForMachine && call.platforms === undefined) return samePlatform(platform, call.machine);
    const constant = constantArchitectures(buildArgs);
    return constant.length === 0 || constant.includes(platform.architecture);
  });
  return targets.flatMap((platform) => {
    // A file that does not ask for the builder is the same on all, so the simplest one is taken.
    const others = usesBuild ? [call.machine, ...platforms] : [platform];
    const machines = isForMachine ? [call.machine] : others;
    return machines.map((buildPlatform) => ({ platform, buildPlatform, call, buildArgs }));
  });
}

/** Platforms that a call names; undefined when it names none or not all are known. */
export function askedPlatforms({ platforms }: BuildCall): readonly Platform[] | undefined {
  if (platforms === undefined || !platforms.every(isKnown)) return undefined;
  try {
    return platforms
      .flatMap((value) => textOf(value).split(","))
      .filter((text) => text.trim() !== "")
      .map((text) => parsePlatform(text));
  } catch (error) {
    if (error instanceof ArchwayError) return undefined;
    throw error;
  }
}

/** Architectures that arguments name: such a call, when it gives no platform, is for them alone. */
function constantArchitectures(buildArgs: ReadonlyMap<string, Value>): string[] {
  return [...buildArgs.values()].flatMap((value) => {
    const named = isKnown(value) && !dependsOnPlatform(value) ? architecturesOf(textOf(value)) : [];
    return new Set(named).size === 1 ? named : [];
  });
}

/**
 * ARGs without any value: whoever builds has to give one, so it is not known. Where all that use it have a value of their own for that case
 * (`${A:-x}`), it is left unset.
 */
function argsWithoutValue(dockerfile: Dockerfile): ReadonlyMap<string, Value> {
  const args = argsOf(dockerfile);
  const withValue = new Set(args.flatMap(({ name, value }) => (value === undefined ? [] : [name.text])));
  const names = new Set(args.map(({ name }) => name.text));
  const open = [...names].filter((name) => {
    if (withValue.has(name) || isAutomaticArg(name) || isPredefinedArg(name) || !/^\w+$/.test(name)) return false;
    const uses = [...dockerfile.source.text.matchAll(new RegExp(`\\$\\{?${name}\\b(:?-)?`, "g"))];
    return uses.length === 0 || uses.some(([, fallback]) => fallback === undefined);
  });
  return new Map(open.map((name) => [name, unknownValue()]));
}

/** What an evaluation gets for a value: its text, with the mark for what is not known. */
export function evaluatedArgs(buildArgs: ReadonlyMap<string, Value>): Record<string, string> {
  return Object.fromEntries([...buildArgs].map(([name, value]) => [name, textOf(value)]));
}

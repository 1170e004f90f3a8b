import { formatPlatform, parsePlatformList } from "../../platform/platform.ts";
import type { BuildCall } from "../callers/build-call.ts";
import type { Execution, Model } from "../model.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { textOf } from "../value.ts";
import { readManifests } from "./read-manifests.ts";

/** The manifests of a repository that is given as texts, for `linux/amd64,linux/arm64`, and what could not be read. */
export function manifestsIn(
  files: Readonly<Record<string, string>>,
): ReturnType<typeof readManifests> & { readonly unreadable: Model["unreadable"] } {
  const unreadable: Model["unreadable"][number][] = [];
  const read = readManifests({
    repository: memoryRepository(files),
    platforms: parsePlatformList("linux/amd64,linux/arm64"),
    signal: new AbortController().signal,
    unreadable: (entry) => unreadable.push(entry),
  });
  return { ...read, unreadable };
}

/** Images in short: `PATH:LINE:COLUMN KIND IMAGE PLATFORM…`. */
export function imagesIn(files: Readonly<Record<string, string>>): string[] {
  const uses = Map.groupBy(manifestsIn(files).images, ({ place, kind, value }) => {
    return `${place.path}:${place.line}:${place.column} ${kind} ${textOf(value)}`;
  });
  return [...uses].map(([key, group]) => {
    return `${key} ${group.map(({ platform, platformGiven }) => `${formatPlatform(platform)}${platformGiven ? "!" : ""}`).join(",")}`;
  });
}

/** A build in short. */
export function briefCall(call: BuildCall): string {
  const { dockerfile = "?", context = "?", target, platforms, publishes, joined, forTests, place } = call;
  const parts = [
    `${place.path}:${place.line}-${place.endLine} ${call.tool} ${dockerfile} in ${context === "" ? "." : context}`,
    ...(target === undefined ? [] : [`target ${target}`]),
    ...(platforms === undefined ? [] : [`for ${platforms.map(textOf).join(",")}`]),
    ...[...call.buildArgs].map(([name, value]) => `${name}=${value === undefined ? "" : textOf(value)}`),
    ...call.tags.map((tag) => `as ${textOf(tag)}`),
    `publishes ${publishes}`,
    ...(joined ? ["joined"] : []),
    ...(forTests ? ["for tests"] : []),
  ];
  return parts.join(" ");
}

/** Commands of executions in short: `LINE ARCHITECTURE COMMAND`. */
export function briefCommands(executions: readonly Execution[]): string[] {
  return executions.flatMap(({ trace, machine }) =>
    trace.commands.map(({ words, place }) => `${place.line} ${machine.architecture} ${words.map(textOf).join(" ")}`),
  );
}

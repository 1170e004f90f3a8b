import type { Platform } from "../platform/platform.ts";
import { readCalls } from "./callers/read-calls.ts";
import { readDockerfiles } from "./docker/read-dockerfiles.ts";
import type { Facts } from "./facts/facts.ts";
import { readMakefiles } from "./make/read-makefiles.ts";
import { readManifests } from "./manifests/read-manifests.ts";
import type { Execution, Model } from "./model.ts";
import { readPackages } from "./packages/read-packages.ts";
import type { Reading } from "./reading.ts";
import type { Repository } from "./repository/repository.ts";
import { withoutCalledCommands } from "./shell/called-scripts.ts";
import { readScripts } from "./shell/read-scripts.ts";

/** Parses and evaluates a repository. Callers come first: a Dockerfile is evaluated with the arguments that they pass. */
export function readModel(
  repository: Repository,
  {
    platforms,
    facts,
    signal,
  }: { readonly platforms: readonly Platform[]; readonly facts: Facts; readonly signal: AbortSignal },
): Model {
  const unreadable: Model["unreadable"][number][] = repository.unreadable.map(({ path, message }) => {
    return { place: { path }, message };
  });
  const reading: Reading = { repository, platforms, signal, unreadable: (entry) => unreadable.push(entry) };
  const make = readMakefiles(reading);
  const manifests = readManifests(reading);
  const outside = [...make.executions, ...manifests.executions, ...readScripts(reading)];
  const commands = readCalls(outside, reading);
  const calls = [...commands.calls, ...manifests.calls];
  const dockerfiles = readDockerfiles(calls, reading);
  const runs = dockerfiles.flatMap(({ variants }) =>
    variants.flatMap(({ stages }) => stages.flatMap(({ runs }) => runs)),
  );
  const known = new Set(unreadable.map(({ place }) => `${place.path}:${place.line ?? 0}`));
  for (const entry of unreadScripts([...runs, ...outside]))
    if (!known.has(`${entry.place.path}:${entry.place.line ?? 0}`)) reading.unreadable(entry);
  return {
    repository,
    platforms,
    facts,
    dockerfiles,
    makefiles: make.makefiles,
    manifests: manifests.manifests,
    executions: withoutCalledCommands([...runs, ...outside]),
    calls,
    images: [...make.images, ...manifests.images, ...commands.images],
    packages: readPackages(reading),
    unreadable,
  };
}

/** Most scripts that are told as unread: one mistake of a template can be in very many. */
const maxUnreadScripts = 100;

/** What of scripts could not be parsed or followed to its end, each place once. */
function unreadScripts(executions: readonly Execution[]): readonly Model["unreadable"][number][] {
  const entries = new Map<string, Model["unreadable"][number]>();
  for (const { trace } of executions) {
    for (const { place, message } of trace.problems) {
      if (entries.size < maxUnreadScripts) entries.set(`${place.path}:${place.line}`, { place, message });
    }
  }
  return [...entries.values()];
}

import type { Platform } from "../platform/platform.ts";
import { readCalls } from "./callers/read-calls.ts";
import { readDockerfiles } from "./docker/read-dockerfiles.ts";
import type { Facts } from "./facts/facts.ts";
import { readMakefiles } from "./make/read-makefiles.ts";
import { readManifests } from "./manifests/read-manifests.ts";
import type { Model } from "./model.ts";
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

import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { BuildCall } from "../callers/build-call.ts";
import type { Execution, ImageUse } from "../model.ts";
import { locateIn, type Place } from "../place.ts";
import type { Reading } from "../reading.ts";
import { joinPath } from "../repository/paths.ts";
import { runShell } from "../shell/run-shell.ts";
import type { Script, ShellOptions, ShellTrace } from "../shell/trace.ts";
import { textOf, type Value } from "../value.ts";
import type { Manifest } from "./manifest.ts";

/** What reading manifests has brought so far. */
export interface Collection {
  readonly reading: Reading;
  readonly manifests: Manifest[];
  readonly executions: Execution[];
  readonly calls: BuildCall[];
  readonly images: ImageUse[];
  /** Traces by what they were run from: jobs of a matrix often run the same. */
  readonly traces: Map<string, ShellTrace>;
}

/** An empty collection. */
export function startCollection(reading: Reading): Collection {
  return { reading, manifests: [], executions: [], calls: [], images: [], traces: new Map() };
}

/** A step of CI that runs a script. */
interface StepRun {
  readonly script: Script;
  readonly environment: ReadonlyMap<string, Value>;
  readonly machine: Platform;
  /** Relative to the repository. */
  readonly directory: string;
  readonly options?: ShellOptions["options"];
  readonly place: Place;
}

/** Runs a step on its machine; an execution that is the same as one before is not taken down again. */
export function runStep(collection: Collection, step: StepRun): ShellTrace {
  const { script, environment, machine, directory, options = ["e"], place } = step;
  const variables = [...environment].map(([name, value]) => `${name}=${textOf(value)}`).join("\0");
  const key = [place.path, place.line, formatPlatform(machine), directory, script.text, variables].join("\0");
  const before = collection.traces.get(key);
  if (before !== undefined) return before;
  const trace = runShell(script, {
    machine,
    environment,
    directory,
    options,
    findScript: (path, from) => findScript(collection.reading, path, from),
  });
  collection.traces.set(key, trace);
  collection.executions.push({ kind: "step", scope: "runner", target: machine, machine, trace, place });
  return trace;
}

/** A script of the repository that a step calls. */
function findScript({ repository }: Reading, path: string, directory: string): Script | undefined {
  const found = path.startsWith("/") ? undefined : joinPath(directory, path);
  const text = found === undefined ? undefined : repository.text(found);
  return found === undefined || text === undefined ? undefined : { text, locate: locateIn(found, text) };
}

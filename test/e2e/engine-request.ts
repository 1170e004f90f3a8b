/** What the tests of the engines share: requests from a few words, and what came of them. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ArchwayError } from "../../src/error/error.ts";
import type { Engine, EngineEvent, EngineRequest, EngineResult } from "../../src/engine/engine.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";

/** A folder with files, deleted at the end. */
export interface Project extends AsyncDisposable {
  readonly dir: string;
}

/** Makes a folder with these files; a path ends with its content. */
export async function makeProject(files: Readonly<Record<string, string>>): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), "awproject-"));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** A request that builds the Dockerfile of a folder for linux/arm64 into a layout, as far as nothing else is said. */
export function requestOf(dir: string, asked: Partial<EngineRequest> & Pick<EngineRequest, "output">): EngineRequest {
  const text = readDockerfile(dir);
  return {
    platform: parsePlatform("linux/arm64"),
    context: { kind: "directory", path: dir },
    dockerfile: join(dir, "Dockerfile"),
    source: { text, bases: [] },
    args: {},
    labels: {},
    annotations: {},
    bases: {},
    buildContexts: {},
    secrets: [],
    ssh: [],
    cacheFrom: [],
    cacheTo: [],
    noCache: false,
    pull: false,
    ...asked,
  };
}

/** The text of a folder's Dockerfile; empty when it has none, as a Git context's. */
function readDockerfile(dir: string): string {
  const path = join(dir, "Dockerfile");
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

/** What one build gave and told. */
export interface Built {
  readonly result: EngineResult;
  readonly events: readonly EngineEvent[];
  /** All that steps and engine wrote. */
  readonly log: string;
}

/** Builds, collecting the events. */
export async function buildWith(engine: Engine, request: EngineRequest, signal?: AbortSignal): Promise<Built> {
  const events: EngineEvent[] = [];
  const result = await engine.build(request, (event) => events.push(event), signal ?? AbortSignal.timeout(300_000));
  return { result, events, log: logOf(events) };
}

/** The text of all log events. */
export function logOf(events: readonly EngineEvent[]): string {
  return events.map((event) => (event.type === "log" ? event.text : "")).join("");
}

/** Builds, expecting a failure. */
export async function failWith(engine: Engine, request: EngineRequest, signal?: AbortSignal): Promise<ArchwayError> {
  const error: unknown = await buildWith(engine, request, signal).then(
    ({ result }) => assert.fail(`it built ${result.digest ?? "files"}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ArchwayError, String(error));
  return error;
}

/** `RUN …` → the platform it ran on, for every step that runs a program. */
export function whereRunsRan(events: readonly EngineEvent[]): Record<string, string> {
  return Object.fromEntries(
    events.flatMap((event) =>
      event.type === "step" && event.runsOn && event.state !== "started"
        ? [[event.name.replace(/^.*\] /, ""), formatPlatform(event.runsOn)]]
        : [],
    ),
  );
}

/** Reads one blob of an OCI layout as JSON. */
export async function layoutBlob(layout: string, digest: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(layout, "blobs", ...digest.split(":")), "utf8")) as Record<string, unknown>;
}

/** Command lines of all processes of this machine, with their environment when `environment` is set. */
export function processes(pids: readonly string[], file: "cmdline" | "environ" = "cmdline"): string[] {
  return pids.flatMap((pid) => {
    try {
      return [readFileSync(`/proc/${pid}/${file}`, "utf8").replaceAll("\0", " ")];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

import { rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { findLocalStore, loadArchive } from "../engine/load.ts";
import { writeDockerArchive } from "../image/docker-archive.ts";
import type { Annotations } from "../oci/annotations.ts";
import type { Assembled } from "../oci/assemble.ts";
import { parseManifest } from "../oci/manifest.ts";
import { formatReference, repositoryOf, targetOf } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { requireProofs } from "../publish/gate.ts";
import { publish } from "../publish/publish.ts";
import type { PublishTarget } from "../publish/publish.ts";
import { writeLayoutArchive } from "../store/archive.ts";
import { LayoutStore } from "../store/layout.ts";
import type { ImageStore } from "../store/store.ts";
import type { BuildEvent } from "./events.ts";
import { buildFiles } from "./files.ts";
import { loadedPlatform } from "./loaded-platform.ts";
import type { BuildReport } from "./report.ts";
import type { BuildOutput } from "./request.ts";
import { buildPlatforms } from "./run.ts";
import type { BuiltPlatform, RunInputs, RunResult } from "./run.ts";
import { layoutSink, registrySink } from "./sink.ts";

/** What turning a plan into an image needs, besides what each platform's build does. */
export interface BuildInputs extends Omit<RunInputs, "sink"> {
  readonly output: BuildOutput;
  readonly tags: readonly Reference[];
  /** Annotations of the index. */
  readonly annotations: Annotations;
  /** Annotations of the index's entries, by platform. */
  entryAnnotations(platform: Platform): Annotations;
  /** This machine's platform: what `type=docker` loads of several; only that output needs it. */
  readonly local?: Platform;
  openRepository(reference: Reference): ImageStore;
  /** Whether a registry is spoken to without TLS. */
  plainHttp(host: string): boolean;
  /** Platforms that the plan already left out by the user's leave. */
  readonly missing: readonly { readonly platform: Platform; readonly reason: string }[];
  /** A private folder that the caller removes. */
  readonly scratch: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * Builds every platform of a plan, proves and joins them, and puts the result where the request says. Nothing is visible at its destination (a tag, a
 * file, a name in a layout) before every platform is there and proven.
 *
 * Throws what {@link buildPlatforms} and {@link publish} throw.
 */
export async function build(
  inputs: BuildInputs,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuildReport> {
  const { output } = inputs;
  switch (output.kind) {
    case "push":
    case "push-by-digest":
      return buildToRegistry(inputs, output, onEvent, signal);
    case "oci":
      return buildToLayout(inputs, output, onEvent, signal);
    case "docker":
      return buildToDocker(inputs, output, onEvent, signal);
    case "files":
      return buildFiles(inputs, output, onEvent, signal);
  }
}

async function buildToRegistry(
  inputs: BuildInputs,
  output: Extract<BuildOutput, { kind: "push" | "push-by-digest" }>,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuildReport> {
  const tags = output.kind === "push" ? inputs.tags : [output.repository];
  const [first] = tags;
  if (!first) throw noTag();
  const targets: PublishTarget[] = [...Map.groupBy(tags, repositoryOf).values()].flatMap((group) => {
    const [reference] = group;
    if (!reference) return [];
    return { store: inputs.openRepository(reference), tags: output.kind === "push" ? group.map(targetOf) : [] };
  });
  const [home] = targets;
  if (!home) throw noTag();
  await Promise.all(targets.map(async ({ store }) => store.checkPush?.({ signal })));
  const sink = registrySink(first, home.store, inputs.plainHttp(first.host), inputs.scratch);
  const run = await buildPlatforms({ ...inputs, sink }, onEvent, signal);
  const index = await joinPlatforms(inputs, run, targets, onEvent, signal);
  await forget(inputs, run);
  const references =
    output.kind === "push"
      ? inputs.tags.map(formatReference)
      : [`${repositoryOf(output.repository)}@${index.descriptor.digest}`];
  return reportOf(inputs, run, index, references, true);
}

async function buildToLayout(
  inputs: BuildInputs,
  output: Extract<BuildOutput, { kind: "oci" }>,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuildReport> {
  const run = await buildPlatforms({ ...inputs, sink: layoutSink(inputs.scratch) }, onEvent, signal);
  const dest = resolve(inputs.cwd, output.dest);
  const names = inputs.tags.map(targetOf);
  const layout = output.tar ? join(inputs.scratch, "layout") : dest;
  const index = await joinPlatforms(inputs, run, [{ store: new LayoutStore(layout), tags: names }], onEvent, signal);
  if (output.tar) await writeLayoutArchive(layout, dest, { signal });
  const place = `${output.tar ? "oci-archive" : "oci"}:${output.dest}`;
  return reportOf(inputs, run, index, names.length === 0 ? [place] : names.map((name) => `${place}:${name}`), false);
}

async function buildToDocker(
  inputs: BuildInputs,
  output: Extract<BuildOutput, { kind: "docker" }>,
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<BuildReport> {
  const { local } = inputs;
  if (!local) throw new Error("loading an image needs this machine's platform");
  const wanted = loadedPlatform(
    inputs.placements.map(({ platform }) => platform),
    local,
  );
  // Asked before anything is built: an hour of building for an image with no place to go would be a poor joke.
  const store = output.dest === undefined ? await findLocalStore(inputs.env, signal) : undefined;
  if (output.dest === undefined && !store) {
    throw new ArchwayError({
      code: "OUTPUT_MISSING",
      kind: "input",
      message: "There is no Docker, Podman or Buildah here to load the image into.",
      hint: "Choose where the image goes: --push with -t REGISTRY/NAME:TAG, or --output type=oci,dest=FILE.",
    });
  }
  const run = await buildPlatforms({ ...inputs, sink: layoutSink(inputs.scratch) }, onEvent, signal);
  requireProofs(run.built.map(({ gated }) => gated));
  const own = run.built.find(({ report }) => samePlatform(report.platform, wanted));
  if (!own) throw notBuilt(wanted, run);
  const { child, store: source } = own.gated;
  const archive = output.dest === undefined ? join(inputs.scratch, "image.tar") : resolve(inputs.cwd, output.dest);
  await writeDockerArchive(archive, source, child.descriptor, inputs.tags, signal);
  if (store) {
    await loadArchive(store, archive, inputs.env, signal);
    await rm(archive);
  }
  const { digest, mediaType, size } = child.descriptor;
  const { config } = parseManifest(await source.manifest(child.descriptor, { signal }), child.descriptor);
  // Without a name the image is known by its ID, the digest of its config.
  const names = inputs.tags.length === 0 ? [config.digest] : inputs.tags.map(formatReference);
  const references = store ? names.map((name) => `${store}:${name}`) : [`docker-archive:${output.dest ?? archive}`];
  const loaded = { platform: wanted, ...(store ? { store } : {}) };
  return {
    version: 1,
    index: { digest, mediaType, size, references, pushed: false, loaded },
    platforms: run.built.map(({ report }) => report),
    missing: [...inputs.missing, ...run.missing],
  };
}

/** Joins what was built and publishes it to the targets. */
async function joinPlatforms(
  inputs: BuildInputs,
  run: RunResult,
  targets: readonly PublishTarget[],
  onEvent: (event: BuildEvent) => void,
  signal: AbortSignal,
): Promise<Assembled> {
  return publish(
    {
      children: run.built.map(({ gated }) => annotated(gated, inputs)),
      targets,
      annotations: inputs.annotations,
      missing: [...inputs.missing, ...run.missing].map(({ platform }) => platform),
    },
    (event) => onEvent({ type: "publish", event, at: inputs.now() }),
    signal,
  );
}

function annotated(gated: BuiltPlatform["gated"], inputs: BuildInputs): BuiltPlatform["gated"] {
  const added = inputs.entryAnnotations(gated.platform);
  if (Object.keys(added).length === 0) return gated;
  const descriptor = { ...gated.child.descriptor, annotations: { ...gated.child.descriptor.annotations, ...added } };
  return { ...gated, child: { ...gated.child, descriptor } };
}

/** After success the next run asks the engine again: its own cache knows better than a record what has changed outside. */
async function forget(inputs: BuildInputs, run: RunResult): Promise<void> {
  for (const placement of inputs.placements) {
    if (!run.built.some(({ report }) => samePlatform(report.platform, placement.platform))) continue;
    const record = await inputs.recordInputs(placement);
    if (record) await inputs.records.forget(record);
  }
}

function reportOf(
  inputs: BuildInputs,
  run: RunResult,
  index: Assembled,
  references: readonly string[],
  pushed: boolean,
): BuildReport {
  const { digest, mediaType, size } = index.descriptor;
  return {
    version: 1,
    index: { digest, mediaType, size, references, pushed },
    platforms: run.built.map(({ report }) => report),
    missing: [...inputs.missing, ...run.missing],
  };
}

function noTag(): ArchwayError {
  return new ArchwayError({
    code: "TAG_MISSING",
    kind: "input",
    message: "--push needs a name to push to.",
    hint: "Give it with -t REGISTRY/NAME:TAG, or build.tags in .archway.yaml.",
  });
}

function notBuilt(wanted: Platform, run: RunResult): ArchwayError {
  const why = run.missing.find(({ platform }) => samePlatform(platform, wanted));
  return new ArchwayError({
    code: "LOCAL_PLATFORM_MISSING",
    kind: "failed",
    message: `${formatPlatform(wanted)} was not built, so there is nothing to load: ${why?.reason ?? "it failed"}`,
  });
}

import type { Place } from "../../place.ts";
import type { Platform } from "../../../platform/platform.ts";
import { isKnown, textOf, unknownValue, type Value } from "../../value.ts";
import { joinPath } from "../../repository/paths.ts";
import { type Collection, runStep } from "../collection.ts";
import { machineOf, usualMachine } from "../ci/machine.ts";
import {
  entriesAt,
  entryAt,
  itemsAt,
  nodeAt,
  scalarAt,
  scalarsAt,
  textAt,
  type YamlNode,
  type YamlScalar,
} from "../yaml/node.ts";
import { metadataTags, readBuildAction } from "./build-action.ts";
import { isTruthy } from "./expression.ts";
import { interpolate, scriptWith } from "./interpolate.ts";
import {
  addEnvironment,
  condition,
  githubEnvironment,
  type Inputs,
  type JobContext,
  jobLookup,
} from "./job-context.ts";
import { combinationsOf } from "./matrix.ts";
import { takeOver } from "./step-outputs.ts";

/** How reading a workflow gets at other files of the repository, and tells what they are used for. */
export interface WorkflowReader {
  readonly collection: Collection;
  /** The root of a YAML file; undefined when it is not there or cannot be read. */
  load(path: string): YamlNode | undefined;
  /** Takes down that a local action or workflow was read as its caller calls it. */
  called(path: string): void;
  /** Takes down a use of `docker/bake-action`. */
  bakes(use: BakeUse): void;
}

/** A step that runs `docker buildx bake`. */
export interface BakeUse {
  readonly files: readonly string[];
  readonly targets: readonly string[];
  readonly pushes: boolean | "unknown";
  readonly place: Place;
}

/** Calls within calls that are followed at most. */
const maxDepth = 3;

/** What a file of GitHub Actions is read with. */
interface Reading {
  readonly reader: WorkflowReader;
  readonly path: string;
  readonly inputs: Inputs;
  readonly depth: number;
  readonly joins: boolean;
  readonly names: readonly (string | undefined)[];
}

/** Reads a workflow: its jobs with their matrices, and in them the steps. */
export function readWorkflow(reader: WorkflowReader, path: string, root: YamlNode, inputs: Inputs, depth = 0): void {
  const joins = joinsImages(root);
  const names = [textAt(root, "name"), path];
  const reading: Reading = { reader, path, inputs, depth, joins, names };
  for (const { key, value } of entriesAt(root, "jobs")) {
    const start = { inputs, combination: new Map(), combinations: [], machine: usualMachine, outputs: new Map() };
    const general: JobContext = { ...start, environment: new Map() };
    addEnvironment(general.environment, nodeAt(root, "env"), jobLookup(general));
    const combinations = combinationsOf(nodeAt(value, "strategy"), jobLookup(general));
    for (const combination of combinations) {
      readJob(reading, root, key, value, { ...general, combination, combinations });
    }
  }
}

function readJob(reading: Reading, root: YamlNode, key: YamlScalar, node: YamlNode, general: JobContext): void {
  const lookup = jobLookup(general);
  if (isTruthy(condition(textAt(node, "if"), lookup)) === false) return;
  const uses = textAt(node, "uses");
  if (uses !== undefined) {
    callWorkflow(reading, uses, inputsOf(nodeAt(node, "with"), undefined, general));
    return;
  }
  const machine = machineOfJob(nodeAt(node, "runs-on"), general);
  if (machine === undefined) return;
  const job: JobContext = { ...general, machine, environment: githubEnvironment(machine), outputs: new Map() };
  addEnvironment(job.environment, nodeAt(root, "env"), jobLookup(job));
  addEnvironment(job.environment, nodeAt(node, "env"), jobLookup(job));
  for (const image of imagesOfJob(node)) useImage(reading, image, job);
  const directory =
    textAt(node, "defaults", "run", "working-directory") ?? textAt(root, "defaults", "run", "working-directory") ?? "";
  const shell = textAt(node, "defaults", "run", "shell") ?? textAt(root, "defaults", "run", "shell");
  const names = [...reading.names, key.text, textAt(node, "name")];
  readSteps({ ...reading, names }, itemsAt(node, "steps"), job, { directory, shell });
}

/** The containers that a job runs in and beside. */
function imagesOfJob(node: YamlNode): YamlScalar[] {
  const container = scalarAt(node, "container") ?? scalarAt(node, "container", "image");
  const services = entriesAt(node, "services").map(({ value }) => scalarAt(value, "image"));
  return [container, ...services].filter((image) => image !== undefined);
}

function useImage({ reader: { collection } }: Reading, image: YamlScalar, job: JobContext): void {
  const value = interpolate(image, jobLookup(job));
  if (textOf(value).trim() === "") return;
  collection.images.push({ value, place: image.place, kind: "ci", platform: job.machine, platformGiven: false });
}

/** The machine of a job; undefined when it has no Linux. */
function machineOfJob(runsOn: YamlNode | undefined, job: JobContext): Platform | undefined {
  const labels =
    scalarsAt(runsOn).length > 0 ? scalarsAt(runsOn) : [...scalarsAt(runsOn, "labels"), ...scalarsAt(runsOn, "group")];
  return machineOf(labels.map((label) => textOf(interpolate(label, jobLookup(job)))));
}

/** Runs the steps of a job or of an action one after another. */
function readSteps(
  reading: Reading,
  steps: readonly YamlNode[],
  job: JobContext,
  defaults: { readonly directory: string; readonly shell: string | undefined },
): void {
  for (const step of steps) {
    const environment = new Map(job.environment);
    addEnvironment(environment, nodeAt(step, "env"), jobLookup(job, environment));
    const lookup = jobLookup(job, environment);
    if (isTruthy(condition(textAt(step, "if"), lookup)) === false) continue;
    const run = scalarAt(step, "run");
    const uses = scalarAt(step, "uses");
    if (run !== undefined) {
      const shell = textAt(step, "shell") ?? defaults.shell ?? "bash";
      if (!/^(?:bash|sh|dash|\/bin\/(?:ba)?sh|\/usr\/bin\/bash)\b/.test(shell)) continue;
      const where = scalarAt(step, "working-directory");
      const folder = where === undefined ? defaults.directory : textOf(interpolate(where, lookup));
      const trace = runStep(reading.reader.collection, {
        script: scriptWith(run, lookup),
        environment,
        machine: job.machine,
        directory: joinPath("", folder) ?? "",
        place: run.text === "" ? run.place : run.locate(0, run.text.trimEnd().length),
      });
      takeOver(trace, job, textAt(step, "id"));
    } else if (uses !== undefined) readAction(reading, step, uses, job, environment);
  }
}

function readAction(
  reading: Reading,
  step: YamlNode,
  uses: YamlScalar,
  job: JobContext,
  environment: ReadonlyMap<string, Value>,
): void {
  const { reader } = reading;
  if (uses.text.startsWith("docker://")) {
    const place = uses.locate("docker://".length, uses.text.length);
    const value = { pieces: [{ text: uses.text.slice("docker://".length), source: "written" as const, place }] };
    reader.collection.images.push({ value, place, kind: "ci", platform: job.machine, platformGiven: false });
    return;
  }
  if (uses.text.startsWith("./")) {
    callAction(reading, step, uses.text, { ...job, environment: new Map(environment) });
    return;
  }
  const id = textAt(step, "id");
  if (uses.text.startsWith("docker/metadata-action@")) {
    const tags = metadataTags(step, job, environment);
    if (id !== undefined && tags !== undefined) job.outputs.set(`${id}.tags`, tags);
    return;
  }
  if (/^(?:docker|depot)\/bake-action(?:@|$)/.test(uses.text)) {
    reader.bakes(bakeUse(step, uses, job, environment));
    return;
  }
  const names = [...reading.names, textAt(step, "name"), id];
  const call = readBuildAction({ step, uses, job, environment, names, joins: reading.joins });
  if (call !== undefined) reader.collection.calls.push(call);
}

function bakeUse(step: YamlNode, uses: YamlScalar, job: JobContext, environment: ReadonlyMap<string, Value>): BakeUse {
  const lookup = jobLookup(job, environment);
  const value = (name: string): Value | undefined => {
    const scalar = scalarAt(step, "with", name);
    return scalar === undefined ? undefined : interpolate(scalar, lookup);
  };
  const list = (name: string) =>
    value(name) === undefined
      ? []
      : textOf(value(name) ?? unknownValue())
          .split(/[\s,]+/)
          .filter(Boolean);
  const push = value("push");
  const pushes = push === undefined ? false : isKnown(push) ? textOf(push).trim() === "true" : ("unknown" as const);
  return { files: list("files"), targets: list("targets"), pushes, place: uses.place };
}

/** Follows `uses: ./FOLDER` to an action of the repository whose steps run in this job. */
function callAction(reading: Reading, step: YamlNode, uses: string, job: JobContext): void {
  const folder = joinPath("", uses);
  if (folder === undefined || reading.depth >= maxDepth) return;
  const { reader } = reading;
  const path = [`${folder}/action.yml`, `${folder}/action.yaml`].find((each) => {
    return reader.collection.reading.repository.file(each) !== undefined;
  });
  const root = path === undefined ? undefined : reader.load(path);
  if (path === undefined || root === undefined) return;
  reader.called(path);
  const inputs = inputsOf(nodeAt(step, "with"), nodeAt(root, "inputs"), job);
  readActionSteps({ ...reading, path, depth: reading.depth + 1 }, root, { ...job, inputs, outputs: new Map() });
}

/** The steps of an action: its inputs are those of its caller. */
function readActionSteps(reading: Reading, root: YamlNode, job: JobContext): void {
  const image = scalarAt(root, "runs", "image");
  if (image?.text.startsWith("docker://") === true) {
    const start = "docker://".length;
    const place = image.locate(start, image.text.length);
    const value = { pieces: [{ text: image.text.slice(start), source: "written" as const, place }] };
    reading.reader.collection.images.push({ value, place, kind: "ci", platform: job.machine, platformGiven: false });
  }
  readSteps(reading, itemsAt(root, "runs", "steps"), job, { directory: "", shell: undefined });
}

/** Reads an action that nothing in the repository calls. */
export function readUncalledAction(reader: WorkflowReader, path: string, root: YamlNode): void {
  const reading: Reading = {
    reader,
    path,
    inputs: undefined,
    depth: 0,
    joins: false,
    names: [path, textAt(root, "name")],
  };
  readActionSteps(reading, root, {
    machine: usualMachine,
    inputs: undefined,
    combination: new Map(),
    combinations: [],
    environment: githubEnvironment(usualMachine),
    outputs: new Map(),
  });
}

function callWorkflow(reading: Reading, uses: string, inputs: Map<string, Value>): void {
  const path = uses.startsWith("./") ? joinPath("", uses) : undefined;
  if (path === undefined || reading.depth >= maxDepth) return;
  const root = reading.reader.load(path);
  if (root === undefined) return;
  reading.reader.called(path);
  const defaults = nodeAt(root, "on", "workflow_call", "inputs");
  for (const { key, value } of defaults?.kind === "map" ? defaults.entries : []) {
    const given = entryAt(value, "default")?.value;
    if (!inputs.has(key.text) && given?.kind === "scalar")
      inputs.set(
        key.text,
        interpolate(given, () => ({ type: "unknown" })),
      );
  }
  readWorkflow(reading.reader, path, root, inputs, reading.depth + 1);
}

/** What a caller gives, and the defaults for the rest. */
function inputsOf(given: YamlNode | undefined, declared: YamlNode | undefined, job: JobContext): Map<string, Value> {
  const inputs = new Map<string, Value>();
  for (const { key, value } of declared?.kind === "map" ? declared.entries : []) {
    const fallback = entryAt(value, "default")?.value;
    if (fallback?.kind === "scalar")
      inputs.set(
        key.text,
        interpolate(fallback, () => ({ type: "unknown" })),
      );
  }
  for (const { key, value } of given?.kind === "map" ? given.entries : []) {
    if (value.kind === "scalar") inputs.set(key.text, interpolate(value, jobLookup(job)));
  }
  return inputs;
}

const joiner = /\bmanifest\s+(?:create|push)\b|imagetools\s+create|manifest-tool\b|docker-manifest|manifest-create/;

/** Whether a workflow joins images of single platforms to an index somewhere. */
export function joinsImages(root: YamlNode): boolean {
  return entriesAt(root, "jobs").some(({ value }) =>
    itemsAt(value, "steps").some((step) => joiner.test(`${textAt(step, "run") ?? ""} ${textAt(step, "uses") ?? ""}`)),
  );
}

import type { Platform } from "../../../platform/platform.ts";
import { unknownValue, type Value, written } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { joinPath } from "../../repository/paths.ts";
import {
  entriesAt,
  entryAt,
  itemsAt,
  nodeAt,
  scalarAt,
  scalarsAt,
  scalarValue,
  textAt,
  type YamlNode,
  type YamlScalar,
} from "../yaml/node.ts";
import { machineOf } from "./machine.ts";
import { runJob, useImage } from "./job-script.ts";
import { substituted, type Substitution } from "./substitution.ts";

/** Parameters of a job or a command by name; one that is not there is unknown. */
type Parameters = ReadonlyMap<string, Value>;

/** Commands within commands that are followed at most. */
const maxDepth = 5;

/** Reads `.circleci/config.yml`: its jobs as the workflows start them, with their parameters and matrices. */
export function readCircleci(collection: Collection, path: string, root: YamlNode): void {
  const jobs = entriesAt(root, "jobs");
  if (jobs.length === 0) return;
  let knowsPlatforms = false;
  for (const { key, value: job } of jobs) {
    for (const given of startsOf(root, key.text)) {
      const parameters = withDefaults(nodeAt(job, "parameters"), given);
      const machine = readJob(collection, root, job, parameters);
      knowsPlatforms ||= machine?.architecture.startsWith("arm") === true;
    }
  }
  collection.manifests.push({ kind: "ci", path, system: "circleci", knowsPlatforms });
}

/** The parameters of every start of a job in a workflow; of a job that no workflow starts once none. */
function startsOf(root: YamlNode, name: string): readonly Parameters[] {
  const starts: Parameters[] = [];
  for (const { value: workflow } of entriesAt(root, "workflows")) {
    for (const item of itemsAt(workflow, "jobs")) {
      if (item.kind === "scalar" && item.text === name) starts.push(new Map());
      const entry = entryAt(item, name);
      if (entry !== undefined) starts.push(...matrixOf(entry.value));
    }
  }
  return starts.length === 0 ? [new Map()] : starts.slice(0, 100);
}

function matrixOf(start: YamlNode): Parameters[] {
  let rows: Map<string, Value>[] = [parametersOf(start)];
  for (const { key } of entriesAt(start, "matrix", "parameters")) {
    const values = scalarsAt(start, "matrix", "parameters", key.text);
    const isVaried = values.length > 1;
    rows = rows.flatMap((row) =>
      values.map((value) => {
        const { pieces } = scalarValue(value);
        const chosen = isVaried ? pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) : pieces;
        return new Map([...row, [key.text, { pieces: chosen }]]);
      }),
    );
  }
  return rows;
}

function parametersOf(node: YamlNode): Map<string, Value> {
  return new Map(
    entriesAt(node).flatMap(({ key, value }) => (value.kind === "scalar" ? [[key.text, scalarValue(value)]] : [])),
  );
}

function withDefaults(declared: YamlNode | undefined, given: Parameters): Parameters {
  const parameters = new Map(given);
  for (const { key, value } of entriesAt(declared)) {
    const fallback = scalarAt(value, "default");
    if (!parameters.has(key.text))
      parameters.set(key.text, fallback === undefined ? unknownValue() : scalarValue(fallback));
  }
  return parameters;
}

function substitution(parameters: Parameters): Substitution {
  return {
    pattern: /<<\s*([\w.-]+)\s*>>/g,
    replace: ([, name = ""]) =>
      name.startsWith("parameters.")
        ? (parameters.get(name.slice("parameters.".length)) ?? unknownValue())
        : unknownValue(),
  };
}

interface Job {
  readonly collection: Collection;
  readonly root: YamlNode;
  readonly machine: Platform;
  readonly environment: ReadonlyMap<string, Value>;
  readonly directory: string;
}

function readJob(collection: Collection, root: YamlNode, job: YamlNode, parameters: Parameters): Platform | undefined {
  const fill = (scalar: YamlScalar) => substituted(scalar, substitution(parameters));
  const executor = executorOf(root, job, fill);
  const setting = (key: string) => nodeAt(job, key) ?? nodeAt(executor, key);
  if (setting("macos") !== undefined) return undefined;
  const labels = [
    scalarAt(setting("resource_class")),
    scalarAt(setting("machine"), "image"),
    scalarAt(setting("machine")),
  ];
  const machine = machineOf(labels.flatMap((label) => (label === undefined ? [] : [plain(fill(label))])));
  if (machine === undefined) return undefined;
  for (const container of itemsAt(setting("docker"))) {
    const image = scalarAt(container, "image");
    if (image !== undefined) useImage(collection, image, fill(image), machine);
  }
  const environment = new Map<string, Value>([["CI", written("true")]]);
  for (const node of [setting("environment")]) {
    for (const { key, value } of entriesAt(node))
      environment.set(key.text, value.kind === "scalar" ? fill(value) : unknownValue());
  }
  const directory = textAt(setting("working_directory")) ?? "";
  const start = /^[~/]/.test(directory) ? "" : (joinPath("", directory) ?? "");
  runSteps({ collection, root, machine, environment, directory: start }, itemsAt(job, "steps"), parameters, 0);
  return machine;
}

function executorOf(root: YamlNode, job: YamlNode, fill: (scalar: YamlScalar) => Value): YamlNode | undefined {
  const name = scalarAt(job, "executor") ?? scalarAt(job, "executor", "name");
  return name === undefined ? undefined : nodeAt(root, "executors", plain(fill(name)));
}

function runSteps(job: Job, steps: readonly YamlNode[], parameters: Parameters, depth: number): void {
  if (depth > maxDepth) return;
  for (const step of steps) {
    if (step.kind === "scalar") {
      const command = nodeAt(job.root, "commands", step.text);
      if (command !== undefined) runCommand(job, command, new Map(), depth);
      continue;
    }
    for (const { key, value } of entriesAt(step)) {
      if (key.text === "run") runScript(job, value, parameters);
      else if (key.text === "when" || key.text === "unless")
        runSteps(job, itemsAt(value, "steps"), parameters, depth + 1);
      else {
        const command = nodeAt(job.root, "commands", key.text);
        if (command !== undefined) runCommand(job, command, filled(value, parameters), depth);
      }
    }
  }
}

function filled(node: YamlNode, parameters: Parameters): Parameters {
  return new Map(
    entriesAt(node).flatMap(({ key, value }) =>
      value.kind === "scalar" ? [[key.text, substituted(value, substitution(parameters))]] : [],
    ),
  );
}

function runCommand(job: Job, command: YamlNode, given: Parameters, depth: number): void {
  runSteps(job, itemsAt(command, "steps"), withDefaults(nodeAt(command, "parameters"), given), depth + 1);
}

function runScript(job: Job, run: YamlNode, parameters: Parameters): void {
  const command = scalarAt(run) ?? scalarAt(run, "command");
  if (command === undefined || /pwsh|powershell|python/.test(textAt(run, "shell") ?? "")) return;
  const environment = new Map(job.environment);
  for (const { key, value } of entriesAt(run, "environment")) {
    environment.set(key.text, value.kind === "scalar" ? substituted(value, substitution(parameters)) : unknownValue());
  }
  const own = textAt(run, "working_directory");
  const directory = own === undefined || /^[~/]/.test(own) ? job.directory : (joinPath(job.directory, own) ?? "");
  const { collection, machine } = job;
  runJob(collection, { commands: [command], environment, machine, directory, substitution: substitution(parameters) });
}

function plain({ pieces }: Value): string {
  return pieces.map(({ text }) => text).join("");
}

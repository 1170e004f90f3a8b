import type { Platform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownValue, type Value, written } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { folderOf, joinPath } from "../../repository/paths.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import {
  entriesAt,
  itemsAt,
  nodeAt,
  scalarAt,
  scalarValue,
  textAt,
  type YamlNode,
  type YamlScalar,
} from "../yaml/node.ts";
import { runJob, useImage } from "./job-script.ts";
import { machineOf, usualMachine } from "./machine.ts";
import { isForTests } from "./purpose.ts";
import { substituted, type Substitution } from "./substitution.ts";

type Variables = ReadonlyMap<string, Value>;

/** Reads a pipeline of Azure DevOps: stages, jobs with their matrix, and steps. */
export function readAzure(collection: Collection, path: string, root: YamlNode): void {
  const isPipeline = ["stages", "jobs", "steps"].some((key) => nodeAt(root, key)?.kind === "list");
  if (!isPipeline) return;
  const around: Around = {
    collection,
    path,
    pool: nodeAt(root, "pool"),
    variables: variablesOf(root, new Map()),
    root,
  };
  const machines = readLevel(around, root);
  const knowsPlatforms = machines.some(({ architecture }) => architecture.startsWith("arm"));
  collection.manifests.push({ kind: "ci", path, system: "azure", knowsPlatforms });
}

interface Around {
  readonly collection: Collection;
  readonly path: string;
  readonly root: YamlNode;
  readonly pool: YamlNode | undefined;
  readonly variables: Variables;
}

/** Stages hold jobs, jobs hold steps; each level may leave out those above. */
function readLevel(around: Around, node: YamlNode, depth = 0): Platform[] {
  if (depth > 4) return [];
  const inner: Around = {
    ...around,
    pool: nodeAt(node, "pool") ?? around.pool,
    variables: depth === 0 ? around.variables : variablesOf(node, around.variables),
  };
  const children = [...itemsAt(node, "stages"), ...itemsAt(node, "jobs")].filter(({ kind }) => kind === "map");
  const below = children.flatMap((child) => readLevel(inner, child, depth + 1));
  const steps = [...itemsAt(node, "steps"), ...deploymentSteps(node)];
  if (steps.length === 0) return below;
  const machines = rowsOf(nodeAt(node, "strategy", "matrix")).flatMap((row) => {
    const job = { ...inner, variables: new Map([...inner.variables, ...row]) };
    const machine = machineOfPool(job);
    if (machine !== undefined) readJob(job, node, steps, machine);
    return machine === undefined ? [] : [machine];
  });
  return [...below, ...machines];
}

function deploymentSteps(node: YamlNode): readonly YamlNode[] {
  return entriesAt(node, "strategy").flatMap(({ value }) =>
    ["preDeploy", "deploy", "postRouteTraffic"].flatMap((key) => itemsAt(value, key, "steps")),
  );
}

function machineOfPool({ pool, variables }: Around): Platform | undefined {
  const scalar = scalarAt(pool, "vmImage") ?? scalarAt(pool, "name") ?? scalarAt(pool);
  if (scalar === undefined) return usualMachine;
  const text = textOf(substituted(scalar, substitution(variables)));
  return machineOf([text]);
}

function readJob(around: Around, node: YamlNode, steps: readonly YamlNode[], machine: Platform): void {
  const { collection, variables } = around;
  const container = scalarAt(node, "container") ?? scalarAt(node, "container", "image");
  const named = itemsAt(around.root, "resources", "containers").find(
    (item) => textAt(item, "container") !== undefined && textAt(item, "container") === container?.text,
  );
  const image = scalarAt(named, "image") ?? container;
  if (image !== undefined) useImage(collection, image, substituted(image, substitution(variables)), machine);
  for (const step of steps) {
    const script = scalarAt(step, "script") ?? scalarAt(step, "bash");
    const task = textAt(step, "task");
    const inline = task?.startsWith("Bash@") === true ? scalarAt(step, "inputs", "script") : undefined;
    const command = script ?? inline;
    if (command !== undefined) {
      const environment = new Map(variables);
      for (const { key, value } of entriesAt(step, "env")) {
        environment.set(
          key.text,
          value.kind === "scalar" ? substituted(value, substitution(variables)) : unknownValue(),
        );
      }
      const folder = textAt(step, "workingDirectory") ?? textAt(step, "inputs", "workingDirectory") ?? "";
      const directory = folderIn(folder);
      const shared = { environment, machine, directory, substitution: substitution(variables), stops: false };
      runJob(collection, { commands: [command], ...shared });
    }
    if (task !== undefined && /^Docker@[12]$/.test(task)) readDockerTask(around, step, task, machine);
  }
}

/** A folder below the sources; the service's own variables for their folder are left out. */
function folderIn(text: string): string {
  return joinPath("", text.replace(/^\$\((?:Build\.SourcesDirectory|System\.DefaultWorkingDirectory)\)/, "")) ?? "";
}

function readDockerTask(
  { collection, variables, path }: Around,
  step: YamlNode,
  task: string,
  machine: Platform,
): void {
  const input = (name: string): Value | undefined => {
    const scalar = scalarAt(step, "inputs", name);
    return scalar === undefined ? undefined : substituted(scalar, substitution(variables));
  };
  const command = textAt(step, "inputs", "command") ?? "buildAndPush";
  if (!/^build/i.test(command)) return;
  const fileText = textAt(step, "inputs", "Dockerfile") ?? textAt(step, "inputs", "dockerFile") ?? "**/Dockerfile";
  const file = fileText.startsWith("**/") ? fileText.slice(3) : folderIn(fileText);
  const contextText = textAt(step, "inputs", "buildContext") ?? "**";
  const context =
    contextText === "**" || contextText.startsWith("$(Build.Repo") ? folderOf(file) : folderIn(contextText);
  const repository = input("repository") ?? input("imageName");
  const call: BuildCall = {
    source: "ci",
    tool: task,
    place: withoutNextLine(step.place),
    machine,
    ...(/[*$]/.test(file) ? {} : { dockerfile: file }),
    ...(/[*$]/.test(context) ? {} : { context }),
    ...platformsIn(input("arguments")),
    buildArgs: new Map(),
    tags: tagsOf(repository, input("tags")),
    // A build by itself may be pushed by another step: that is not looked for.
    publishes: /push/i.test(command) ? true : "unknown",
    joined: false,
    forTests: !/push/i.test(command) && isForTests(path),
  };
  collection.calls.push(call);
}

function tagsOf(repository: Value | undefined, tags: Value | undefined): Value[] {
  if (repository === undefined) return [];
  const text = tags === undefined ? "" : textOf(tags);
  const parts =
    tags === undefined
      ? []
      : [...text.matchAll(/[^\s,]+/g)].map((match) => sliceValue(tags, match.index, match.index + match[0].length));
  const names = parts.length === 0 ? [unknownValue()] : parts;
  return names.map((tag) => joinValues(repository, written(":"), tag));
}

function platformsIn(given: Value | undefined): Pick<BuildCall, "platforms"> {
  if (given === undefined) return {};
  const text = textOf(given);
  const match = /--platform[= ]["']?([^\s"']+)/.exec(text);
  if (match === null) return isKnown(given) ? {} : { platforms: [unknownValue()] };
  const start = match.index + match[0].length - (match[1]?.length ?? 0);
  return {
    platforms: [...(match[1] ?? "").matchAll(/[^,]+/g)].map((part) =>
      sliceValue(given, start + part.index, start + part.index + part[0].length),
    ),
  };
}

/** `$(NAME)` where the name is a variable, `${{ variables.NAME }}`, `${{ parameters.NAME }}`. What else is in `$(…)` is the shell's. */
function substitution(variables: Variables): Substitution {
  return {
    pattern: /\$\(([A-Za-z_][\w.]*)\)|\$\{\{\s*([^}]*?)\s*\}\}|\$\[[^\]]*\]/g,
    replace: ([, macro, expression]) => {
      if (macro === undefined && expression === undefined) return unknownValue();
      const name = macro ?? expression?.replace(/^variables\.|^variables\['(.*)'\]$/, "$1") ?? "";
      const value = variables.get(name);
      if (value !== undefined || macro === undefined) return value ?? unknownValue();
      return macro.includes(".") ? unknownValue() : undefined;
    },
  };
}

function variablesOf(node: YamlNode, outer: Variables): Variables {
  const variables = new Map(outer);
  const set = (name: string, scalar: YamlScalar | undefined) => {
    variables.set(name, scalar === undefined ? unknownValue() : substituted(scalar, substitution(variables)));
  };
  for (const { key, value } of entriesAt(node, "variables")) set(key.text, scalarAt(value));
  for (const item of itemsAt(node, "variables")) {
    const name = textAt(item, "name");
    if (name !== undefined) set(name, scalarAt(item, "value"));
  }
  return variables;
}

/** A matrix has a row of variables under every name. */
function rowsOf(matrix: YamlNode | undefined): readonly Variables[] {
  const rows = entriesAt(matrix).map(({ value }) => {
    return new Map(
      entriesAt(value).map(({ key, value: each }): [string, Value] => {
        if (each.kind !== "scalar") return [key.text, unknownValue()];
        return [key.text, { pieces: scalarValue(each).pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) }];
      }),
    );
  });
  return rows.length === 0 ? [new Map()] : rows;
}

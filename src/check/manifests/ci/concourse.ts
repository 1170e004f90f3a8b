import type { BuildCall } from "../../callers/build-call.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownValue, type Value, written } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { joinPath } from "../../repository/paths.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { entriesAt, entryAt, itemsAt, nodeAt, scalarAt, textAt, type YamlNode, type YamlScalar } from "../yaml/node.ts";
import { useImage } from "./job-script.ts";
import { runJob } from "./job-script.ts";
import { usualMachine } from "./machine.ts";
import { isForTests } from "./purpose.ts";
import { substituted, type Substitution } from "./substitution.ts";

/** `((NAME))` is a variable of whoever sets the pipeline. */
const variables: Substitution = { pattern: /\(\([^()]*\)\)|\{\{[^{}]*\}\}/g, replace: () => unknownValue() };

function fill(scalar: YamlScalar): Value {
  return substituted(scalar, variables);
}

/** True for the text of a pipeline or a task. */
export function isConcourse(text: string): boolean {
  const isPipeline = /^jobs:/m.test(text) && /^resources:/m.test(text) && /^[ \t-]*plan:/m.test(text);
  return isPipeline || (/^platform: *["']?linux/m.test(text) && /^run:/m.test(text));
}

/** Reads a pipeline of Concourse, or a task in a file of its own. */
export function readConcourse(collection: Collection, path: string, root: YamlNode): void {
  const resources = new Map(itemsAt(root, "resources").map((item) => [textAt(item, "name") ?? "", item]));
  for (const job of itemsAt(root, "jobs")) {
    const steps = stepsIn(nodeAt(job, "plan"));
    const inputs = inputsOf(steps);
    const pushesImage = steps.some(
      (step) => textAt(step, "params", "image") !== undefined && textAt(step, "put") !== undefined,
    );
    for (const step of steps) {
      readPut(collection, step, { resources, inputs, names: [path, textAt(job, "name")] });
      const config = nodeAt(step, "config");
      if (config !== undefined) readTask(collection, path, config, { step, inputs, pushesImage });
      else if (textAt(step, "task") !== undefined && textAt(step, "params", "DOCKERFILE") !== undefined) {
        const call = ociBuild(path, step, nodeAt(step, "params"), inputs, pushesImage);
        collection.calls.push(call);
      }
    }
  }
  if (entryAt(root, "run") !== undefined)
    readTask(collection, path, root, { step: root, inputs: [], pushesImage: false });
  collection.manifests.push({ kind: "ci", path, system: "concourse", knowsPlatforms: false });
}

/** All steps of a plan, those within others too. */
function stepsIn(plan: YamlNode | undefined, depth = 0): YamlNode[] {
  if (plan === undefined || depth > 10) return [];
  const items = plan.kind === "list" ? plan.items : [plan];
  return items.flatMap((step) => {
    const nested = ["aggregate", "in_parallel", "do", "try", "on_success", "on_failure", "ensure"].map((key) =>
      nodeAt(step, key),
    );
    const inner = nested.flatMap((node) => stepsIn(nodeAt(node, "steps") ?? node, depth + 1));
    return step.kind === "map" ? [step, ...inner] : inner;
  });
}

/** Folders that steps get: each is named for a repository, which may be this one. */
function inputsOf(steps: readonly YamlNode[]): readonly string[] {
  return steps.flatMap((step) => textAt(step, "get") ?? []);
}

interface Job {
  readonly resources: ReadonlyMap<string, YamlNode>;
  readonly inputs: readonly string[];
  readonly names: readonly (string | undefined)[];
}

/** `put` of a `docker-image` with `build` builds and pushes. */
function readPut(collection: Collection, step: YamlNode, { resources, inputs, names }: Job): void {
  const name = textAt(step, "put");
  const resource = resources.get(textAt(step, "resource") ?? name ?? "");
  const params = nodeAt(step, "params");
  const build = scalarAt(params, "build");
  if (name === undefined || build === undefined || textAt(resource, "type") !== "docker-image") return;
  const context = folderOfInput(fill(build), inputs);
  const file = scalarAt(params, "dockerfile");
  const fileValue = file === undefined ? undefined : fill(file);
  const dockerfile =
    fileValue === undefined
      ? context === undefined
        ? undefined
        : joinPath(context, "Dockerfile")
      : folderOfInput(fileValue, inputs);
  const target = scalarAt(params, "target_name");
  const repository = scalarAt(resource, "source", "repository");
  const tag = scalarAt(params, "tag_as_latest") === undefined ? scalarAt(resource, "source", "tag") : undefined;
  collection.calls.push({
    source: "ci",
    tool: "docker-image",
    place: withoutNextLine(step.place),
    machine: usualMachine,
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined ? {} : { target: target.text }),
    buildArgs: argumentsOf(nodeAt(params, "build_args")),
    tags:
      repository === undefined
        ? []
        : [joinValues(fill(repository), written(":"), tag === undefined ? unknownValue() : fill(tag))],
    publishes: true,
    joined: false,
    forTests: isForTests(...names) && repository === undefined,
  });
}

function argumentsOf(node: YamlNode | undefined): ReadonlyMap<string, Value | undefined> {
  return new Map(
    entriesAt(node).map(({ key, value }) => [key.text, value.kind === "scalar" ? fill(value) : unknownValue()]),
  );
}

/** A path in a job begins with the name of an input, which is taken for the repository. */
function folderOfInput(value: Value, inputs: readonly string[]): string | undefined {
  if (!isKnown(value)) return undefined;
  const [first = "", ...rest] = textOf(value).replace(/^\.\//, "").split("/");
  return inputs.includes(first) || first === "." ? joinPath("", rest.join("/")) : undefined;
}

interface Task {
  readonly step: YamlNode;
  readonly inputs: readonly string[];
  readonly pushesImage: boolean;
}

function readTask(collection: Collection, path: string, config: YamlNode, { step, inputs, pushesImage }: Task): void {
  const source = nodeAt(config, "image_resource", "source");
  const repository = scalarAt(source, "repository");
  const image = scalarAt(config, "image") ?? repository;
  if (repository !== undefined) {
    const tag = scalarAt(source, "tag");
    const value = tag === undefined ? fill(repository) : joinValues(fill(repository), written(":"), fill(tag));
    useImage(collection, repository, value, usualMachine);
  }
  const own = itemsAt(config, "inputs").flatMap((input) => textAt(input, "name") ?? []);
  const params = nodeAt(step, "params") ?? nodeAt(config, "params");
  if (/(?:^|\/)oci-build-task$/.test(image?.text ?? "")) {
    collection.calls.push(ociBuild(path, step, params, [...inputs, ...own], pushesImage));
    return;
  }
  const shell = textAt(config, "run", "path") ?? "";
  const words = itemsAt(config, "run", "args").flatMap((word) => (word.kind === "scalar" ? [word] : []));
  const flag = words.findIndex(({ text }) => /^-\w*c$/.test(text));
  const command = words[flag + 1];
  if (!/(?:^|\/)(?:ba|da|a)?sh$/.test(shell) || flag < 0 || command === undefined) return;
  const environment = new Map<string, Value>();
  for (const node of [nodeAt(config, "params"), nodeAt(step, "params")]) {
    for (const { key, value } of entriesAt(node))
      environment.set(key.text, value.kind === "scalar" ? fill(value) : unknownValue());
  }
  const stops = words.some(({ text }) => /^-\w*e/.test(text));
  runJob(collection, { commands: [command], environment, machine: usualMachine, substitution: variables, stops });
}

/** A task of `oci-build-task`: its parameters say what is built. */
function ociBuild(
  path: string,
  step: YamlNode,
  params: YamlNode | undefined,
  inputs: readonly string[],
  pushes: boolean,
): BuildCall {
  const param = (name: string): Value | undefined => {
    const scalar = scalarAt(params, name);
    return scalar === undefined ? undefined : fill(scalar);
  };
  const contextValue = param("CONTEXT");
  const context = contextValue === undefined ? "" : folderOfInput(contextValue, inputs);
  const fileValue = param("DOCKERFILE");
  const inContext = context === undefined ? undefined : joinPath(context, "Dockerfile");
  const dockerfile = fileValue === undefined ? inContext : folderOfInput(fileValue, inputs);
  const platform = param("IMAGE_PLATFORM");
  const target = param("TARGET");
  const buildArgs = new Map<string, Value | undefined>();
  for (const { key, value } of entriesAt(params)) {
    if (key.text.startsWith("BUILD_ARG_") && value.kind === "scalar") buildArgs.set(key.text.slice(10), fill(value));
  }
  return {
    source: "ci",
    tool: "oci-build-task",
    place: withoutNextLine(step.place),
    machine: usualMachine,
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs,
    ...(platform === undefined ? {} : { platforms: listOf(platform) }),
    tags: [],
    publishes: pushes ? true : "unknown",
    joined: false,
    forTests: !pushes && isForTests(path, textAt(step, "task")),
  };
}

function listOf(value: Value): Value[] {
  return [...textOf(value).matchAll(/[^,\s]+/g)].map((match) =>
    sliceValue(value, match.index, match.index + match[0].length),
  );
}

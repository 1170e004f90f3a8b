import type { Platform } from "../../../platform/platform.ts";
import { sliceValue, textOf, unknownValue, type Value } from "../../value.ts";
import { fillIn } from "../compose/interpolate.ts";
import type { Collection } from "../collection.ts";
import {
  entriesAt,
  itemsAt,
  nodeAt,
  scalarAt,
  scalarsAt,
  scalarValue,
  textAt,
  type YamlNode,
  type YamlScalar,
} from "../yaml/node.ts";
import { isArm, machineOf } from "./machine.ts";
import { runJob } from "./job-script.ts";

/** The phases of a job whose commands run one after another. */
const phases = [
  "before_install",
  "install",
  "before_script",
  "script",
  "before_cache",
  "after_success",
  "before_deploy",
  "after_deploy",
  "after_script",
];

/** Reads `.travis.yml`: jobs from `jobs.include` (or `matrix.include`), each architecture and each line of the environment. */
export function readTravis(collection: Collection, path: string, root: YamlNode): void {
  const included = [...itemsAt(root, "jobs", "include"), ...itemsAt(root, "matrix", "include")];
  const architectures = scalarsAt(root, "arch");
  const rows = environmentRows(nodeAt(root, "env"));
  for (const job of included.length === 0 ? [root] : [...(hasMatrix(root) ? [root] : []), ...included]) {
    const own = scalarsAt(job, "arch");
    const names: readonly (YamlScalar | undefined)[] =
      own.length > 0 ? own : architectures.length > 0 ? architectures : [undefined];
    for (const name of names) {
      const machine = machineOfJob(job, root, name);
      if (machine === undefined) continue;
      for (const row of job === root ? rows : environmentRows(nodeAt(job, "env"))) {
        runPhases(collection, root, job, machine, row);
      }
    }
  }
  const knowsPlatforms = [...architectures, ...included.flatMap((job) => scalarsAt(job, "arch"))].some(({ text }) =>
    isArm(text),
  );
  collection.manifests.push({ kind: "ci", path, system: "travis", knowsPlatforms });
}

/** The top of the file makes jobs of its own only where it varies something. */
function hasMatrix(root: YamlNode): boolean {
  const isVaried = scalarsAt(root, "arch").length > 1 || environmentRows(nodeAt(root, "env")).length > 1;
  return isVaried && nodeAt(root, "script") !== undefined;
}

function machineOfJob(job: YamlNode, root: YamlNode, architecture: YamlScalar | undefined): Platform | undefined {
  const os = textAt(job, "os") ?? textAt(root, "os") ?? "linux";
  return machineOf([os, architecture?.text ?? ""]);
}

function runPhases(
  collection: Collection,
  root: YamlNode,
  job: YamlNode,
  machine: Platform,
  row: YamlScalar | undefined,
): void {
  const environment = new Map<string, Value>(predefined.map((name) => [name, unknownValue()]));
  addEnvironment(environment, nodeAt(root, "env", "global"));
  if (row !== undefined) addAssignments(environment, row);
  const commands = phases.flatMap((phase) => {
    const own = scalarsAt(job, phase);
    return own.length > 0 || job === root ? own : scalarsAt(root, phase);
  });
  const deploy = nodeAt(job, "deploy") ?? nodeAt(root, "deploy");
  const deployed = deploy?.kind === "list" ? deploy.items : deploy === undefined ? [] : [deploy];
  const scripts = deployed.flatMap((one) => (textAt(one, "provider") === "script" ? scalarsAt(one, "script") : []));
  runJob(collection, { commands: [...commands, ...scripts], environment, machine, stops: false });
}

/** The lines of `env` that make a job each; one without any when there are none. */
function environmentRows(env: YamlNode | undefined): readonly (YamlScalar | undefined)[] {
  const listed = env?.kind === "map" ? [...scalarsAt(env, "jobs"), ...scalarsAt(env, "matrix")] : scalarsAt(env);
  return listed.length === 0 ? [undefined] : listed.slice(0, 100);
}

function addEnvironment(environment: Map<string, Value>, node: YamlNode | undefined): void {
  for (const { key, value } of entriesAt(node)) {
    environment.set(key.text, value.kind === "scalar" ? scalarValue(value) : unknownValue());
  }
  for (const item of node?.kind === "map" ? [] : scalarsAt(node)) addAssignments(environment, item);
  for (const item of itemsAt(node)) {
    for (const { key, value } of entriesAt(item)) {
      const scalar = scalarAt(value);
      environment.set(key.text, scalar === undefined || key.text === "secure" ? unknownValue() : scalarValue(scalar));
    }
  }
}

/** `A=1 B="2 3"` */
function addAssignments(environment: Map<string, Value>, scalar: YamlScalar): void {
  for (const match of scalar.text.matchAll(/([A-Za-z_]\w*)=(?:"([^"]*)"|'([^']*)'|(\S*))/g)) {
    const [whole, name = "", double, single, bare = ""] = match;
    const quoted = double ?? single;
    const length = (quoted ?? bare).length;
    const start = match.index + whole.length - length - (quoted === undefined ? 0 : 1);
    const value = fillIn(scalar, environment);
    const isPlain = textOf(value) === scalar.text;
    environment.set(
      name,
      isPlain ? sliceValue(value, start, start + length) : scalarValue(scalar, start, start + length),
    );
  }
}

/** What Travis sets in every job. */
const predefined =
  "TRAVIS_BRANCH TRAVIS_TAG TRAVIS_COMMIT TRAVIS_PULL_REQUEST TRAVIS_BUILD_DIR TRAVIS_REPO_SLUG TRAVIS_BUILD_NUMBER TRAVIS_JOB_NUMBER TRAVIS_EVENT_TYPE DOCKER_USERNAME DOCKER_PASSWORD".split(
    " ",
  );

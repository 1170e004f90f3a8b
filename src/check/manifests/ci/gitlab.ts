import { unknownValue, type Value } from "../../value.ts";
import { fillIn } from "../compose/interpolate.ts";
import type { Collection } from "../collection.ts";
import { joinPath } from "../../repository/paths.ts";
import { entriesAt, itemsAt, nodeAt, scalarAt, scalarsAt, type YamlEntry, type YamlNode } from "../yaml/node.ts";
import { commandsOf, extendedJob, joinFiles } from "./gitlab-merge.ts";
import { isArm, machineOf } from "./machine.ts";
import { runJob, useImage } from "./job-script.ts";

/** Keys at the top of the file that are no jobs. */
const reserved = new Set(
  "default variables stages include workflow image services before_script after_script cache spec types pages:deploy".split(
    " ",
  ),
);

/** Jobs that a matrix makes at most. */
const maxJobs = 200;

/** Reads `.gitlab-ci.yml` and its kin. Files of the repository that it includes are read with it. */
export function readGitlab(
  collection: Collection,
  path: string,
  own: YamlNode,
  load: (path: string) => readonly YamlNode[],
): void {
  const included = [
    ...scalarsAt(own, "include"),
    ...itemsAt(own, "include").flatMap((item) => scalarsAt(item, "local")),
  ];
  const files = [...included, ...scalarsAt(own, "include", "local")].flatMap(({ text }) => {
    const found = /^https?:|[*$]/.test(text) ? undefined : joinPath("", text);
    return found === undefined || found === path ? [] : load(found);
  });
  const root = joinFiles([...files, own]);
  if (root === undefined) return;
  const jobs = entriesAt(own).filter(({ key, value }) => !reserved.has(key.text) && value.kind === "map");
  if (jobs.length === 0) return;
  for (const job of jobs) if (!job.key.text.startsWith(".")) readJob(collection, root, job);
  const knowsPlatforms = jobs.some(({ value }) => scalarsAt(value, "tags").some(({ text }) => isArm(text)));
  collection.manifests.push({ kind: "ci", path, system: "gitlab", knowsPlatforms });
}

function readJob(collection: Collection, root: YamlNode, { value: written }: YamlEntry): void {
  const job = extendedJob(written, root);
  const inherited = (key: string): YamlNode | undefined =>
    nodeAt(job, key) ?? nodeAt(root, "default", key) ?? nodeAt(root, key);
  for (const matrix of matrixOf(nodeAt(job, "parallel", "matrix"))) {
    const environment = new Map<string, Value>(predefined.map((name) => [name, unknownValue()]));
    for (const variables of [nodeAt(root, "variables"), nodeAt(job, "variables")]) {
      for (const { key, value } of entriesAt(variables)) {
        const scalar = scalarAt(value) ?? scalarAt(value, "value");
        environment.set(key.text, scalar === undefined ? unknownValue() : fillIn(scalar, environment));
      }
    }
    for (const [name, value] of matrix) environment.set(name, value);
    const tags = scalarsAt(inherited("tags")).map((tag) => textOfFilled(fillIn(tag, environment)));
    const machine = machineOf(tags);
    if (machine === undefined) continue;
    const image = imageOf(inherited("image"));
    const services = nodeAt(job, "services") ?? nodeAt(root, "default", "services") ?? nodeAt(root, "services");
    for (const scalar of [image, ...itemsAt(services).map(imageOf)]) {
      if (scalar !== undefined) useImage(collection, scalar, fillIn(scalar, environment), machine);
    }
    const before = commandsOf(inherited("before_script"), root);
    const script = commandsOf(nodeAt(job, "script"), root);
    if (script.length === 0) continue;
    // What the jobs of a template share is run with each of them; its place stays that of the template.
    runJob(collection, { commands: [...before, ...script], environment, machine });
    runJob(collection, { commands: commandsOf(inherited("after_script"), root), environment, machine, stops: false });
  }
}

function imageOf(node: YamlNode | undefined): ReturnType<typeof scalarAt> {
  return scalarAt(node) ?? scalarAt(node, "name");
}

function textOfFilled({ pieces }: Value): string {
  return pieces.map(({ text }) => text).join("");
}

/** `parallel: matrix:` is a list of mappings; every one makes a job for each combination of its lists. */
function matrixOf(matrix: YamlNode | undefined): ReadonlyMap<string, Value>[] {
  const rows = itemsAt(matrix);
  if (rows.length === 0) return [new Map()];
  return rows
    .flatMap((row) => {
      let jobs: Map<string, Value>[] = [new Map()];
      for (const { key } of entriesAt(row)) {
        const values = scalarsAt(row, key.text);
        const isVaried = values.length > 1 || rows.length > 1;
        jobs = jobs
          .flatMap((job) => values.map((value) => new Map([...job, [key.text, chosen(fillIn(value, job), isVaried)]])))
          .slice(0, maxJobs);
      }
      return jobs;
    })
    .slice(0, maxJobs);
}

/** What a matrix gives its jobs was chosen for each of them. */
function chosen({ pieces }: Value, isVaried: boolean): Value {
  return isVaried ? { pieces: pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) } : { pieces };
}

/** What GitLab sets in every job. */
const predefined = [
  "CI_REGISTRY",
  "CI_REGISTRY_IMAGE",
  "CI_REGISTRY_USER",
  "CI_REGISTRY_PASSWORD",
  "CI_COMMIT_SHA",
  "CI_COMMIT_SHORT_SHA",
  "CI_COMMIT_TAG",
  "CI_COMMIT_REF_NAME",
  "CI_COMMIT_REF_SLUG",
  "CI_COMMIT_BRANCH",
  "CI_PROJECT_DIR",
  "CI_PROJECT_NAME",
  "CI_PROJECT_PATH",
  "CI_PIPELINE_ID",
  "CI_JOB_TOKEN",
  "CI_JOB_ID",
  "CI_DEFAULT_BRANCH",
  "CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX",
];

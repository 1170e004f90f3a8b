import type { BuildCall } from "../callers/build-call.ts";
import type { Execution, ImageUse } from "../model.ts";
import type { Reading } from "../reading.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { textOf } from "../value.ts";
import { type Collection, startCollection } from "./collection.ts";
import { readCompose } from "./compose/read-compose.ts";
import { readGithub } from "./github/read-github.ts";
import { type FileKind, kindOf } from "./file-kind.ts";
import { maxTextSize } from "../repository/repository.ts";
import { readHelmValues } from "./kubernetes/helm-values.ts";
import { readKustomization } from "./kubernetes/kustomization.ts";
import { nodeLabels, readObjects } from "./kubernetes/read-kubernetes.ts";
import { withoutActions } from "./kubernetes/template.ts";
import type { Manifest } from "./manifest.ts";
import type { YamlNode } from "./yaml/node.ts";
import { parseYaml } from "./yaml/parse-yaml.ts";

/** Compose, CI, bake, Kubernetes, Helm and Kustomize files of the repository. */
export function readManifests(reading: Reading): {
  readonly manifests: readonly Manifest[];
  readonly executions: readonly Execution[];
  readonly calls: readonly BuildCall[];
  readonly images: readonly ImageUse[];
} {
  const collection = startCollection(reading);
  const workflows: string[] = [];
  for (const { path } of reading.repository.files) {
    reading.signal.throwIfAborted();
    const kind = kindOf(path);
    if (kind === undefined) continue;
    if (kind === "github") workflows.push(path);
    else readFile(collection, path, kind);
  }
  readGithub(collection, workflows, (path) => load(collection, path));
  return { ...collection, calls: distinct(collection.calls, callKey), images: distinct(collection.images, imageKey) };
}

/** Anchors and matrices make the same call and the same use many times. */
function distinct<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[] {
  return [...new Map(items.toReversed().map((item) => [keyOf(item), item])).values()].toReversed();
}

function imageKey({ value, place, platform, platformGiven, kind }: ImageUse): string {
  return [place.path, place.line, place.column, textOf(value), formatPlatform(platform), platformGiven, kind].join(
    "\0",
  );
}

function callKey({ buildArgs, platforms = [], tags, place, fileValue, machine, ...rest }: BuildCall): string {
  const texts = [...buildArgs].map(([name, value]) => `${name}=${value === undefined ? "" : textOf(value)}`);
  const lists = [platforms.map(textOf), tags.map(textOf), texts].map((list) => list.join("\0"));
  const at = rest.source === "compose" ? place.path : `${place.path}:${place.line}`;
  return JSON.stringify([rest, lists, at, fileValue === undefined ? "" : textOf(fileValue), formatPlatform(machine)]);
}

/** The root of a file that is one document. */
function load(collection: Collection, path: string): YamlNode | undefined {
  return documentsOf(collection, path, collection.reading.repository.text(path))[0];
}

/** The documents of a file that matter; what cannot be read is taken down. */
function documentsOf(
  { reading }: Collection,
  path: string,
  text: string | undefined,
  matters?: (document: string) => boolean,
): readonly YamlNode[] {
  if (text === undefined) return [];
  const { documents, problems } = parseYaml(path, text, matters);
  for (const problem of problems) reading.unreadable(problem);
  return documents;
}

function readFile(collection: Collection, path: string, kind: FileKind): void {
  const { repository } = collection.reading;
  const text = repository.text(path);
  if (text === undefined) {
    takeDownLarge(collection, path);
    return;
  }
  switch (kind) {
    case "github":
      return;
    case "compose":
      for (const root of documentsOf(collection, path, text)) readCompose(collection, path, root);
      return;
    case "bake-hcl":
    case "bake-json":
      return;
    case "kustomization":
      if (!kubernetesMatters(text) && !/^images:/m.test(text)) return;
      for (const root of documentsOf(collection, path, text)) {
        readKustomization(collection, path, root, nodeLabels(path, text));
      }
      return;
    case "labels":
      readLabels(collection, path, text);
      return;
    case "gitlab":
    case "drone":
    case "woodpecker":
    case "circleci":
    case "travis":
    case "azure":
      return;
    case "helm-values":
      readValues(collection, path, text);
      return;
    case "template":
      readTemplate(collection, path, text);
      return;
    case "yaml":
      readOther(collection, path, text);
      return;
  }
}

/** A file that is too large to be read is worth a word when it is one of Kubernetes or compose: others nobody expects to be read. */
function takeDownLarge({ reading }: Collection, path: string): void {
  const size = reading.repository.file(path)?.size ?? 0;
  if (size <= maxTextSize) return;
  reading.unreadable({ place: { path }, message: `It is larger than ${maxTextSize} bytes; it was not read.` });
}

/** Values of a chart: beside a `Chart.yaml`, or with images in them. */
function readValues(collection: Collection, path: string, text: string): void {
  if (!/image|repository|nodeSelector|kubernetes\.io\//i.test(text)) return;
  for (const root of documentsOf(collection, path, withoutActions(text))) {
    readHelmValues(collection, path, root, nodeLabels(path, text));
  }
}

/** A template of a chart, or another file with actions in it. What is no YAML even without them tells no more than its labels. */
function readTemplate(collection: Collection, path: string, text: string): void {
  if (!kubernetesMatters(text)) return;
  const { documents } = parseYaml(path, withoutActions(text), documentMatters);
  readObjects(collection, { path, kind: "helm", labels: nodeLabels(path, text) }, documents);
}

function readLabels(collection: Collection, path: string, text: string): void {
  const labels = nodeLabels(path, text);
  if (labels.length > 0) collection.manifests.push({ kind: "helm", path, workloads: [], labels });
}

function readOther(collection: Collection, path: string, text: string): void {
  if (/\{\{|^\s*\{%/m.test(text) && isChartTemplate(collection, path, text)) readTemplate(collection, path, text);
  else if (/^apiVersion:/m.test(text) && /^kind:/m.test(text)) {
    if (!kubernetesMatters(text)) return;
    const documents = documentsOf(collection, path, text, documentMatters);
    readObjects(collection, { path, kind: "kubernetes", labels: nodeLabels(path, text) }, documents);
  } else if (/^spec:/m.test(text) && /nodeSelector|nodeAffinity/.test(text)) {
    // A patch of Kustomize may leave out what it does not change.
    const documents = documentsOf(collection, path, text, documentMatters);
    readObjects(collection, { path, kind: "kustomize", labels: nodeLabels(path, text) }, documents);
  }
}

/** Texts with `{{` are templates when they are in a folder of a chart, or when their braces stand where YAML has none. */
function isChartTemplate({ reading: { repository } }: Collection, path: string, text: string): boolean {
  const chart = /^(.*?)(?:^|\/)templates\//.exec(path)?.[1];
  if (chart !== undefined && repository.file(chart === "" ? "Chart.yaml" : `${chart}/Chart.yaml`) !== undefined)
    return true;
  return /^[ \t]*\{\{|^[^#'"\n]*: *\{\{/m.test(text) && /^apiVersion:/m.test(text);
}

function kubernetesMatters(text: string): boolean {
  return /image|nodeSelector|nodeAffinity|kubernetes\.io\/(?:arch|os)/i.test(text);
}

/** Documents of Kubernetes that hold images or selectors; definitions of types only talk of them. */
function documentMatters(document: string): boolean {
  return kubernetesMatters(document) && !/^kind:[ \t]*["']?CustomResourceDefinition\b/m.test(document);
}

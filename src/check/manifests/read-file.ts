import { maxTextSize } from "../repository/repository.ts";
import { readAzure } from "./ci/azure.ts";
import { readCircleci } from "./ci/circleci.ts";
import { isConcourse, readConcourse } from "./ci/concourse.ts";
import { mayRun, runContainers } from "./ci/containers.ts";
import { readDrone } from "./ci/drone.ts";
import { readGoreleaser } from "./ci/goreleaser.ts";
import { readGitlab } from "./ci/gitlab.ts";
import { readTravis } from "./ci/travis.ts";
import type { Collection } from "./collection.ts";
import { readCompose } from "./compose/read-compose.ts";
import type { FileKind } from "./file-kind.ts";
import { readHelmValues } from "./kubernetes/helm-values.ts";
import { readKustomization } from "./kubernetes/kustomization.ts";
import { nodeLabels, readObjects } from "./kubernetes/read-kubernetes.ts";
import { withoutActions } from "./kubernetes/template.ts";
import type { YamlNode } from "./yaml/node.ts";
import { parseYaml } from "./yaml/parse-yaml.ts";

/** Kinds of files that are read by themselves. */
type SingleKind = Exclude<FileKind, "github" | "bake">;

type FileReader = (collection: Collection, path: string, text: string) => void;

/** Reads a file by its kind. */
export function readFile(collection: Collection, path: string, kind: SingleKind): void {
  const text = collection.reading.repository.text(path);
  if (text !== undefined) {
    readers[kind](collection, path, text);
    return;
  }
  const size = collection.reading.repository.file(path)?.size ?? 0;
  if (size <= maxTextSize) return;
  collection.reading.unreadable({
    place: { path },
    message: `It is larger than ${maxTextSize} bytes; it was not read.`,
  });
}

/** The documents of a file that matter; what cannot be read is taken down. */
export function documentsOf(
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

/** A reader of files with one document. */
function single(read: (collection: Collection, path: string, root: YamlNode) => void): FileReader {
  return (collection, path, text) => {
    const [root] = documentsOf(collection, path, text);
    if (root !== undefined) read(collection, path, root);
  };
}

const readers: Readonly<Record<SingleKind, FileReader>> = {
  gitlab: (collection, path, text) => {
    const { repository } = collection.reading;
    const load = (file: string) => parseYaml(file, repository.text(file) ?? "").documents;
    for (const root of documentsOf(collection, path, text)) readGitlab(collection, path, root, load);
  },
  drone: (collection, path, text) => readDrone(collection, path, documentsOf(collection, path, text), "drone"),
  woodpecker: (collection, path, text) =>
    readDrone(collection, path, documentsOf(collection, path, text), "woodpecker"),
  circleci: single(readCircleci),
  travis: single(readTravis),
  azure: single(readAzure),
  goreleaser: (collection, path, text) => {
    if (!/^dockers(?:_v2)?:/m.test(text)) return;
    for (const root of documentsOf(collection, path, text)) readGoreleaser(collection, root);
  },
  compose: (collection, path, text) => {
    for (const root of documentsOf(collection, path, text)) readCompose(collection, path, root);
  },
  kustomization: (collection, path, text) => {
    if (!kubernetesMatters(text) && !/^images:/m.test(text)) return;
    for (const root of documentsOf(collection, path, text)) {
      readKustomization(collection, path, root, nodeLabels(path, text));
    }
  },
  "helm-values": (collection, path, text) => {
    if (!/image|repository|nodeSelector|kubernetes\.io\//i.test(text)) return;
    for (const root of documentsOf(collection, path, text)) {
      readHelmValues(collection, path, root, nodeLabels(path, text));
    }
  },
  template: readTemplate,
  labels: (collection, path, text) => {
    const labels = nodeLabels(path, text);
    if (labels.length > 0) collection.manifests.push({ kind: "helm", path, workloads: [], labels });
  },
  yaml: readOther,
};

/** A template of a chart, or another file with actions in it. What is no YAML even without them tells no more than its labels. */
function readTemplate(collection: Collection, path: string, text: string): void {
  if (!kubernetesMatters(text)) return;
  const { documents } = parseYaml(path, withoutActions(text), documentMatters);
  readObjects(collection, { path, kind: "helm", labels: nodeLabels(path, text) }, documents);
}

/** A YAML file whose path tells nothing. */
function readOther(collection: Collection, path: string, text: string): void {
  if (isTemplate(collection, path, text)) readTemplate(collection, path, text);
  else if (/^apiVersion:/m.test(text) && /^kind:/m.test(text)) {
    if (!kubernetesMatters(text)) return;
    const documents = documentsOf(collection, path, text, documentMatters);
    readObjects(collection, { path, kind: "kubernetes", labels: nodeLabels(path, text) }, documents);
    if (mayRun(text)) for (const document of documents) runContainers(collection, path, document);
  } else if (isConcourse(text)) {
    for (const root of documentsOf(collection, path, text)) readConcourse(collection, path, root);
  } else if (/^spec:/m.test(text) && /nodeSelector|nodeAffinity/.test(text)) {
    // A patch of Kustomize may leave out what it does not change.
    const documents = documentsOf(collection, path, text, documentMatters);
    readObjects(collection, { path, kind: "kustomize", labels: nodeLabels(path, text) }, documents);
  }
}

/** Texts with `{{` are templates when they are in a folder of a chart, or when their braces stand where YAML has none. */
function isTemplate({ reading: { repository } }: Collection, path: string, text: string): boolean {
  if (!/\{\{|\{%/.test(text)) return false;
  const chart = /^(.*?)(?:^|\/)templates\//.exec(path)?.[1];
  const isInChart =
    chart !== undefined && repository.file(chart === "" ? "Chart.yaml" : `${chart}/Chart.yaml`) !== undefined;
  return isInChart || (/^[ \t]*\{[{%]|^[^#'"\n]*: *\{\{/m.test(text) && /^apiVersion:/m.test(text));
}

function kubernetesMatters(text: string): boolean {
  return /image|nodeSelector|nodeAffinity|kubernetes\.io\/(?:arch|os)/i.test(text);
}

/** Documents of Kubernetes that hold images or selectors; definitions of types only talk of them. */
function documentMatters(document: string): boolean {
  return kubernetesMatters(document) && !/^kind:[ \t]*["']?CustomResourceDefinition\b/m.test(document);
}

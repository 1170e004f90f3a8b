import { nameOf } from "../repository/paths.ts";

/** What a file may be by its path; `yaml` must be decided by its text. */
export type FileKind =
  | "github"
  | "gitlab"
  | "drone"
  | "woodpecker"
  | "circleci"
  | "travis"
  | "azure"
  | "goreleaser"
  | "compose"
  | "bake"
  | "kustomization"
  | "helm-values"
  | "template"
  | "labels"
  | "yaml";

/** Folders that hold other people's files, or files that only look like something. */
const foreign = /(?:^|\/)(?:node_modules|vendor|third_party|\.git)\//;

/** Folders of inputs and expected outputs of tests: nobody runs what is in them. */
const testData = /(?:^|\/)(?:testdata|test-data|test_data|fixtures?|__snapshots__|golden)\/|\.golden\.ya?ml$/;

/** Decides by its path which reader a file needs; undefined for one that is no manifest. */
export function kindOf(path: string): FileKind | undefined {
  const name = nameOf(path).toLowerCase();
  const isYaml = /\.ya?ml$/.test(name);
  if (foreign.test(path)) return undefined;
  if (isYaml && /(?:^|\/)\.github\/workflows\/[^/]+$/.test(path)) return "github";
  if (/^action\.ya?ml$/.test(name)) return "github";
  if (/\.?gitlab-ci(?:[.-][\w.-]+)?\.ya?ml$/.test(name) || (isYaml && /(?:^|\/)\.gitlab(?:-ci)?\//.test(path)))
    return "gitlab";
  if (/^\.drone(?:[.-][\w.-]+)?\.ya?ml$/.test(name)) return "drone";
  if (/^\.woodpecker(?:[.-][\w.-]+)?\.ya?ml$/.test(name) || (isYaml && /(?:^|\/)\.woodpecker\//.test(path)))
    return "woodpecker";
  if (isYaml && /(?:^|\/)\.circleci\//.test(path)) return "circleci";
  if (/^\.travis(?:[.-][\w.-]+)?\.ya?ml$/.test(name)) return "travis";
  if (
    isYaml &&
    (/^\.?azure-?pipelines?[\w.-]*$/.test(name) || /(?:^|\/)\.?(?:azure-?pipelines?|pipelines)\//i.test(path))
  )
    return "azure";
  if (/^\.?goreleaser(?:[.-][\w.-]+)?\.ya?ml$/.test(name)) return "goreleaser";
  if (/^bake(?:[.-].*)?\.hcl$|.*bake.*\.hcl$/.test(name)) return "bake";
  if (/.*bake.*\.json$/.test(name)) return "bake";
  if (testData.test(path)) return undefined;
  if (/^kustomization\.ya?ml$|^kustomization$/.test(name)) return "kustomization";
  if (isYaml && /compose/.test(name)) return "compose";
  if (/^values[\w.-]*\.ya?ml$|-values\.ya?ml$/.test(name)) return "helm-values";
  if (/\.ya?ml\.(?:tmpl|tpl|template|in|j2|gotmpl|erb)$/.test(name)) return "template";
  if (/\.(?:tpl|gotmpl|jsonnet|libsonnet)$/.test(name)) return "labels";
  return isYaml ? "yaml" : undefined;
}

import type { BuildCall } from "../../callers/build-call.ts";
import type { Place } from "../../place.ts";
import { isKnown, joinValues, sliceValue, textOf, unknownValue, type Value, written } from "../../value.ts";
import { joinPath } from "../../repository/paths.ts";
import { span } from "../ci/script-of.ts";
import { isForTests } from "../ci/purpose.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import { entryAt, type YamlNode } from "../yaml/node.ts";
import { type JobContext, jobLookup } from "./job-context.ts";
import { interpolate } from "./interpolate.ts";

/** The inputs of an action that builds an image, by what they mean; several names are tried in turn. */
interface BuildAction {
  readonly pattern: RegExp;
  readonly context: readonly string[];
  readonly file: readonly string[];
  readonly platforms: readonly string[];
  readonly buildArgs: readonly string[];
  readonly target: readonly string[];
  readonly tags: readonly string[];
  /** The name of the image, where tags are given without it. */
  readonly image: readonly string[];
  /** Whether it pushes: by an input, or always. */
  readonly push: readonly string[] | "always" | "never";
}

/** Actions that build images, with their inputs as their `action.yml` names them. */
const buildActions: readonly BuildAction[] = [
  {
    pattern: /^(?:docker|depot|useblacksmith|namespacelabs)\/build-push-action$/,
    context: ["context", "path"],
    file: ["file", "dockerfile"],
    platforms: ["platforms"],
    buildArgs: ["build-args", "build_args"],
    target: ["target"],
    tags: ["tags"],
    image: ["repository"],
    push: ["push"],
  },
  {
    pattern: /^redhat-actions\/buildah-build$/,
    context: ["context"],
    file: ["containerfiles", "dockerfiles"],
    platforms: ["platforms", "archs", "arch"],
    buildArgs: ["build-args"],
    target: ["target"],
    tags: ["tags"],
    image: ["image"],
    push: "never",
  },
  {
    pattern: /^mr-smithers-excellent\/docker-build-push$/,
    context: ["directory"],
    file: ["dockerfile"],
    platforms: ["platform"],
    buildArgs: ["buildArgs"],
    target: ["target"],
    tags: ["tags"],
    image: ["image"],
    push: "always",
  },
  {
    pattern: /^elgohr\/publish-docker-github-action$/i,
    context: ["context", "workdir"],
    file: ["dockerfile"],
    platforms: ["platforms"],
    buildArgs: ["buildargs"],
    target: [],
    tags: ["tags"],
    image: ["name"],
    push: "always",
  },
  {
    pattern: /^(?:aevea|outillage)\/action-kaniko$|^int128\/kaniko-action$/,
    context: ["context", "path"],
    file: ["build_file", "file"],
    platforms: ["customPlatform"],
    buildArgs: ["build-args"],
    target: ["target"],
    tags: ["tags", "tag"],
    image: ["image"],
    push: ["push"],
  },
];

/** What is around a step. */
interface StepSurroundings {
  readonly step: YamlNode;
  readonly uses: { readonly text: string; readonly place: Place };
  readonly job: JobContext;
  readonly environment: ReadonlyMap<string, Value>;
  /** Names that may tell what it is for: of the file, the workflow, the job, the step. */
  readonly names: readonly (string | undefined)[];
  /** True when the workflow joins images to an index. */
  readonly joins: boolean;
}

/** The build that a step asks an action for; undefined when it is no such step. */
export function readBuildAction(surroundings: StepSurroundings): BuildCall | undefined {
  const { step, uses, job, environment, names, joins } = surroundings;
  const name = uses.text.split("@")[0] ?? "";
  const action = buildActions.find(({ pattern }) => pattern.test(name));
  if (action === undefined) return undefined;
  const lookup = jobLookup(job, environment);
  const inputs = entryAt(step, "with")?.value;
  const input = (keys: readonly string[]): Value | undefined => {
    for (const key of keys) {
      const value = entryAt(inputs, key)?.value;
      if (value?.kind === "scalar" && !value.isNull) return interpolate(value, lookup);
    }
    return undefined;
  };
  const context = contextOf(input(action.context));
  const fileValue = input(action.file);
  const platforms = input(action.platforms);
  const outputs = input(["outputs", "output"]);
  const pushes = publishes(action, input, outputs);
  const dockerfile = fileValue === undefined ? defaultFile(context) : known(fileValue);
  const place = inputs === undefined ? uses.place : span(uses.place, inputs.place);
  const byDigest = outputs !== undefined && textOf(outputs).includes("push-by-digest=true");
  const target = input(action.target);
  return {
    source: "ci",
    tool: name,
    place: withoutNextLine(place),
    machine: job.machine,
    ...(dockerfile === undefined ? {} : { dockerfile: joinPath("", dockerfile) ?? dockerfile }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs: buildArgsOf(input(action.buildArgs), environment),
    ...(platforms === undefined || textOf(platforms).trim() === "" ? {} : { platforms: splitList(platforms) }),
    tags: tagsOf(input(action.tags), input(action.image)),
    publishes: pushes,
    joined: joins || byDigest,
    forTests: pushes === false && isForTests(...names),
  };
}

function publishes(
  { push }: BuildAction,
  input: (keys: readonly string[]) => Value | undefined,
  outputs: Value | undefined,
): boolean | "unknown" {
  if (push === "always") return true;
  if (push === "never") return "unknown";
  const given = input(push);
  const output = outputs === undefined ? "" : textOf(outputs);
  if (/push=true|type=registry/.test(output)) return true;
  if (given === undefined) return false;
  if (!isKnown(given)) return "unknown";
  return textOf(given).trim().toLowerCase() === "true";
}

/** The folder of a context in the repository: none for a URL, and for what is not known. */
function contextOf(value: Value | undefined): string | undefined {
  if (value === undefined) return "";
  const text = known(value);
  if (text === undefined || /^[a-z+]+:\/\/|^git@/.test(text)) return undefined;
  return joinPath("", text === "" || text.startsWith("{{") ? "." : text);
}

function defaultFile(context: string | undefined): string | undefined {
  return context === undefined ? undefined : joinPath(context, "Dockerfile");
}

function known(value: Value): string | undefined {
  return isKnown(value) ? textOf(value).trim() : undefined;
}

function buildArgsOf(
  value: Value | undefined,
  environment: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value | undefined> {
  const found = new Map<string, Value | undefined>();
  for (const line of value === undefined ? [] : splitLines(value)) {
    const text = textOf(line);
    const name = /^\s*["']?([A-Za-z_]\w*)(=?)/.exec(text);
    if (name === null) continue;
    const end = text.replace(/["']\s*$/, "").length;
    const [key = "", assigned] = [name[1], name[2]];
    found.set(key, assigned === "=" ? sliceValue(line, name[0].length, end) : environment.get(key));
  }
  return found;
}

function tagsOf(tags: Value | undefined, image: Value | undefined): Value[] {
  const list = tags === undefined ? [] : splitList(tags);
  if (image === undefined) return list;
  const names = list.length === 0 ? [written("latest")] : list;
  return names.map((tag) => (/[/:]/.test(textOf(tag)) ? tag : joinValues(image, written(":"), tag)));
}

/** The parts of a list between commas, spaces or line breaks. */
export function splitList(value: Value): Value[] {
  return splitBy(value, /[^\s,]+/g);
}

function splitLines(value: Value): Value[] {
  return splitBy(value, /[^\n]+/g).filter((line) => textOf(line).trim() !== "");
}

function splitBy(value: Value, pattern: RegExp): Value[] {
  return [...textOf(value).matchAll(pattern)].map((match) => {
    return sliceValue(value, match.index, match.index + match[0].length);
  });
}

/** What `docker/metadata-action` puts out as tags: its images, each with tags that are made when it runs. */
export function metadataTags(
  step: YamlNode,
  job: JobContext,
  environment: ReadonlyMap<string, Value>,
): Value | undefined {
  const inputs = entryAt(step, "with")?.value;
  const images = entryAt(inputs, "images")?.value;
  if (images?.kind !== "scalar") return undefined;
  const lookup = jobLookup(job, environment);
  const flavor = entryAt(inputs, "flavor")?.value;
  const flavorValue = flavor?.kind === "scalar" ? interpolate(flavor, lookup) : undefined;
  const suffix = flavorValue === undefined ? undefined : partAfter(flavorValue, /(?:^|\n|,)\s*suffix=/);
  const names = splitList(interpolate(images, lookup)).filter((name) => !textOf(name).startsWith("enable="));
  const [first] = names;
  if (first === undefined) return undefined;
  const name = textOf(first).startsWith("name=") ? sliceValue(first, 5, textOf(first).length) : first;
  return joinValues(name, written(":"), unknownValue(), suffix ?? written(""));
}

function partAfter(value: Value, pattern: RegExp): Value | undefined {
  const text = textOf(value);
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const start = match.index + match[0].length;
  const length = /^[^\s,]*/.exec(text.slice(start))?.[0].length ?? 0;
  return sliceValue(value, start, start + length);
}

import { parsePlatform, type Platform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import type { Place } from "../../place.ts";
import { isKnown, textOf, type Value } from "../../value.ts";
import type { Collection } from "../collection.ts";
import type { ComposeService } from "../manifest.ts";
import { folderOf, joinPath } from "../../repository/paths.ts";
import { isForTests } from "../ci/purpose.ts";
import {
  entriesAt,
  entryAt,
  nodeAt,
  scalarAt,
  scalarsAt,
  textAt,
  type YamlEntry,
  type YamlNode,
  type YamlScalar,
} from "../yaml/node.ts";
import { lineOf } from "../yaml/entry-place.ts";
import { parseDotenv } from "./dotenv.ts";
import { fillIn } from "./interpolate.ts";

/** Reads a file of Docker Compose: its services, what they build and which images they run. False when it is no such file. */
export function readCompose(collection: Collection, path: string, root: YamlNode): boolean {
  const entries = servicesOf(root);
  if (entries.length === 0) return false;
  const { repository } = collection.reading;
  const folder = folderOf(path);
  const dotenv = joinPath(folder, ".env") ?? ".env";
  const variables = parseDotenv(dotenv, repository.text(dotenv) ?? "");
  const services = entries.map((entry) => {
    const definition = extended(entry.value, root);
    const fill = (scalar: YamlScalar | undefined) => (scalar === undefined ? undefined : fillIn(scalar, variables));
    const service = serviceOf(entry, definition, fill);
    const image = scalarAt(definition, "image");
    use(collection, service, image?.locate(0, image.text.length));
    const build = nodeAt(definition, "build");
    const isBuild = build?.kind === "map" || (build?.kind === "scalar" && !build.isNull);
    if (isBuild) {
      for (const machine of collection.reading.platforms) {
        collection.calls.push(buildOf({ path, folder, service, build, machine, fill, variables }));
      }
    }
    return service;
  });
  collection.manifests.push({ kind: "compose", path, services });
  return true;
}

/** The services; files of Compose's first version have them at the top. */
function servicesOf(root: YamlNode): readonly YamlEntry[] {
  const services = entriesAt(root, "services").filter(({ value }) => value.kind === "map");
  if (services.length > 0 || entryAt(root, "services") !== undefined || entryAt(root, "version") !== undefined)
    return services;
  const entries = entriesAt(root);
  const isService = ({ value }: YamlEntry) => ["image", "build"].some((key) => entryAt(value, key) !== undefined);
  return entries.length > 0 && entries.every(isService) ? entries : [];
}

/** A service with what it takes from another of the same file by `extends`. */
function extended(service: YamlNode, root: YamlNode, depth = 0): YamlNode {
  const base = textAt(service, "extends", "service") ?? textAt(service, "extends");
  const parent =
    base === undefined || nodeAt(service, "extends", "file") !== undefined ? undefined : nodeAt(root, "services", base);
  if (parent?.kind !== "map" || service.kind !== "map" || depth > 10) return service;
  const inherited = extended(parent, root, depth + 1);
  const names = new Set(service.entries.map(({ key }) => key.text));
  const more = inherited.kind === "map" ? inherited.entries.filter(({ key }) => !names.has(key.text)) : [];
  return { ...service, entries: [...service.entries, ...more] };
}

type Fill = (scalar: YamlScalar | undefined) => Value | undefined;

function serviceOf({ key }: YamlEntry, definition: YamlNode, fill: Fill): ComposeService {
  const image = fill(scalarAt(definition, "image"));
  const entry = entryAt(definition, "platform");
  const platform = entry?.value.kind === "scalar" && !entry.value.isNull ? fill(entry.value) : undefined;
  return {
    name: key.text,
    place: key.place,
    ...(image === undefined ? {} : { image }),
    ...(platform === undefined || entry === undefined ? {} : { platform: { value: platform, place: lineOf(entry) } }),
    builds: nodeAt(definition, "build") !== undefined,
  };
}

/** An image that is not built here must be there for every platform, or for the one that the service asks for. */
function use(
  collection: Collection,
  { image, platform, builds, place }: ComposeService,
  imagePlace: Place | undefined,
): void {
  if (image === undefined || builds) return;
  const text = platform === undefined ? "" : textOf(platform.value);
  const fixed = text === "" ? undefined : platformFrom(text);
  if (text !== "" && fixed === undefined) return;
  for (const wanted of fixed === undefined ? collection.reading.platforms : [fixed]) {
    collection.images.push({
      value: image,
      place: imagePlace ?? place,
      kind: "compose",
      platform: wanted,
      platformGiven: fixed !== undefined,
    });
  }
}

function platformFrom(text: string): Platform | undefined {
  try {
    return parsePlatform(text);
  } catch {
    return undefined;
  }
}

interface BuildParts {
  readonly path: string;
  readonly folder: string;
  readonly service: ComposeService;
  readonly build: YamlNode;
  readonly machine: Platform;
  readonly fill: Fill;
  readonly variables: ReadonlyMap<string, Value>;
}

function buildOf({ path, folder, service, build, machine, fill, variables }: BuildParts): BuildCall {
  const contextScalar = build.kind === "scalar" ? build : scalarAt(build, "context");
  const contextValue = fill(contextScalar);
  const contextText = contextValue === undefined ? "." : isKnown(contextValue) ? textOf(contextValue) : undefined;
  const isRemote = contextText !== undefined && /^[a-z+]+:\/\/|^git@/.test(contextText);
  const context = contextText === undefined || isRemote ? undefined : joinPath(folder, contextText);
  const fileValue = fill(scalarAt(build, "dockerfile"));
  const file = fileValue === undefined ? "Dockerfile" : isKnown(fileValue) ? textOf(fileValue) : undefined;
  const dockerfile = context === undefined || file === undefined ? undefined : joinPath(context, file);
  const target = fill(scalarAt(build, "target"));
  const listed = scalarsAt(build, "platforms").map((scalar) => fillIn(scalar, variables));
  const own = service.platform !== undefined && textOf(service.platform.value) !== "" ? [service.platform.value] : [];
  const platforms = listed.length > 0 ? listed : own;
  const inline = scalarAt(build, "dockerfile_inline") !== undefined;
  return {
    source: "compose",
    tool: "compose",
    place: service.place,
    machine,
    ...(dockerfile === undefined || inline ? {} : { dockerfile }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(target === undefined || !isKnown(target) ? {} : { target: textOf(target) }),
    buildArgs: argumentsOf(nodeAt(build, "args"), variables),
    ...(platforms.length === 0 ? {} : { platforms }),
    tags: service.image === undefined ? [] : [service.image],
    publishes: false,
    joined: false,
    forTests: isForTests(path),
  };
}

/** `args` as a mapping, or as a list of `NAME=VALUE`; a name alone takes its value from the environment. */
function argumentsOf(
  node: YamlNode | undefined,
  variables: ReadonlyMap<string, Value>,
): ReadonlyMap<string, Value | undefined> {
  const found = new Map<string, Value | undefined>();
  if (node?.kind === "map") {
    for (const { key, value } of node.entries) {
      const isGiven = value.kind === "scalar" && !value.isNull;
      found.set(key.text, isGiven ? fillIn(value, variables) : variables.get(key.text));
    }
  }
  for (const scalar of node?.kind === "list" ? scalarsAt(node) : []) {
    const equals = scalar.text.indexOf("=");
    const name = equals < 0 ? scalar.text : scalar.text.slice(0, equals);
    found.set(name, equals < 0 ? variables.get(name) : partFilled(scalar, equals + 1, variables));
  }
  return found;
}

function partFilled(scalar: YamlScalar, start: number, variables: ReadonlyMap<string, Value>): Value {
  const part: YamlScalar = {
    ...scalar,
    text: scalar.text.slice(start),
    locate: (from, to) => scalar.locate(start + from, start + to),
  };
  return fillIn(part, variables);
}

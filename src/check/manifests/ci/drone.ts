import { isArchitecture } from "../../../platform/spelling.ts";
import { normalizePlatform, parsePlatform, type Platform } from "../../../platform/platform.ts";
import { unknownValue, type Value } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { withoutNextLine } from "../yaml/entry-place.ts";
import {
  entriesAt,
  itemsAt,
  nodeAt,
  scalarAt,
  scalarsAt,
  scalarValue,
  textAt,
  type YamlEntry,
  type YamlNode,
} from "../yaml/node.ts";
import { joinsImages, readDockerPlugin } from "./docker-plugin.ts";
import { runJob, useImage } from "./job-script.ts";
import { isArm, usualMachine } from "./machine.ts";
import { isForTests } from "./purpose.ts";
import { substituted, type Substitution } from "./substitution.ts";

/** Reads a file of Drone or Woodpecker: one pipeline a document; in old files the steps stand in `pipeline`. */
export function readDrone(
  collection: Collection,
  path: string,
  documents: readonly YamlNode[],
  system: "drone" | "woodpecker",
): void {
  const joined = documents.some((document) =>
    stepsOf(document).some(({ step }) => joinsImages(textAt(step, "image") ?? "")),
  );
  let knowsPlatforms = joined;
  let count = 0;
  for (const document of documents) {
    const steps = stepsOf(document);
    if (steps.length === 0) continue;
    count++;
    for (const row of rowsOf(nodeAt(document, "matrix"))) {
      const machine = machineOfPipeline(document, row);
      if (machine === undefined) continue;
      knowsPlatforms ||= machine.architecture.startsWith("arm");
      for (const step of steps)
        readStep(collection, step, { machine, row, joined, names: [textAt(document, "name"), path] });
      for (const { step } of servicesOf(document)) useImageOf(collection, step, machine, row);
    }
  }
  if (count > 0) collection.manifests.push({ kind: "ci", path, system, knowsPlatforms });
}

interface Step {
  readonly name: string | undefined;
  readonly step: YamlNode;
}

function stepsOf(document: YamlNode): Step[] {
  return [...listed(document, "steps"), ...listed(document, "pipeline")];
}

function servicesOf(document: YamlNode): Step[] {
  return listed(document, "services");
}

/** A list of steps with names in them, or a mapping by name. */
function listed(document: YamlNode, key: string): Step[] {
  const named = entriesAt(document, key).map(({ key, value }: YamlEntry) => ({ name: key.text, step: value }));
  const items = itemsAt(document, key).map((step) => ({ name: textAt(step, "name"), step }));
  return [...named, ...items].filter(({ step }) => step.kind === "map");
}

type Row = ReadonlyMap<string, Value>;

/** A matrix of the older Drone and of Woodpecker: lists of values by name, or the rows themselves. */
function rowsOf(matrix: YamlNode | undefined): readonly Row[] {
  const included = itemsAt(matrix, "include");
  if (included.length > 0) return included.map((item) => rowOf(entriesAt(item)));
  let rows: Map<string, Value>[] = [new Map()];
  for (const { key } of entriesAt(matrix)) {
    const values = scalarsAt(matrix, key.text);
    rows = rows
      .flatMap((row) => values.map((value) => new Map([...row, [key.text, varied(scalarValue(value))]])))
      .slice(0, 100);
  }
  return rows;
}

function rowOf(entries: readonly YamlEntry[]): Row {
  return new Map(
    entries.map(({ key, value }) => [key.text, value.kind === "scalar" ? varied(scalarValue(value)) : unknownValue()]),
  );
}

function varied({ pieces }: Value): Value {
  return { pieces: pieces.map((piece) => ({ ...piece, dependsOnPlatform: true })) };
}

/** Both fill in `${NAME}` before anything reads a text; what they do not know themselves is left to the shell by us. */
function substitution(row: Row): Substitution {
  return { pattern: /(?<!\$)\$\{(\w+)\}/g, replace: ([, name = ""]) => row.get(name) };
}

/** `platform: {os, arch}` of Drone, `platform: linux/arm64` of older files, `labels: {platform}` of Woodpecker. */
function machineOfPipeline(document: YamlNode, row: Row): Platform | undefined {
  const os = textAt(document, "platform", "os") ?? "linux";
  if (os !== "linux") return undefined;
  // The platform says which images are meant, the labels of the node which machine runs them.
  const labelled = textAt(document, "node", "arch")?.toLowerCase();
  const architecture =
    labelled !== undefined && isArchitecture(labelled) ? labelled : textAt(document, "platform", "arch");
  if (architecture !== undefined) return normalizePlatform({ os, architecture });
  const scalar = scalarAt(document, "platform") ?? scalarAt(document, "labels", "platform");
  const text =
    scalar === undefined
      ? ""
      : substituted(scalar, substitution(row))
          .pieces.map(({ text }) => text)
          .join("");
  if (text !== "") {
    try {
      const platform = parsePlatform(text);
      return platform.os === "linux" ? platform : undefined;
    } catch {
      return usualMachine;
    }
  }
  const node = scalarsAt(document, "node", "arch").some(({ text }) => isArm(text));
  return node ? normalizePlatform({ os: "linux", architecture: "arm64" }) : usualMachine;
}

interface Around {
  readonly machine: Platform;
  readonly row: Row;
  readonly joined: boolean;
  readonly names: readonly (string | undefined)[];
}

function readStep(collection: Collection, { name, step }: Step, { machine, row, joined, names }: Around): void {
  useImageOf(collection, step, machine, row);
  const image = textAt(step, "image") ?? "";
  const call = readDockerPlugin({
    image,
    settings: nodeAt(step, "settings") ?? step,
    place: withoutNextLine(step.place),
    machine,
    joined,
    forTests: isForTests(name, ...names) && textAt(step, "settings", "dry_run") === "true",
    fill: (scalar) => substituted(scalar, substitution(row)),
  });
  if (call !== undefined) collection.calls.push(call);
  const environment = new Map<string, Value>(row);
  for (const { key, value } of entriesAt(step, "environment")) {
    const isText = value.kind === "scalar" && !value.isNull;
    environment.set(key.text, isText ? substituted(value, substitution(row)) : unknownValue());
  }
  for (const scalar of itemsAt(step, "environment")) {
    if (scalar.kind !== "scalar") continue;
    const equals = scalar.text.indexOf("=");
    if (equals > 0) environment.set(scalar.text.slice(0, equals), scalarValue(scalar, equals + 1));
  }
  runJob(collection, { commands: scalarsAt(step, "commands"), environment, machine, substitution: substitution(row) });
}

function useImageOf(collection: Collection, step: YamlNode, machine: Platform, row: Row): void {
  const image = scalarAt(step, "image");
  if (image !== undefined) useImage(collection, image, substituted(image, substitution(row)), machine);
}

import type { BuildCall } from "../../callers/build-call.ts";
import type { Repository } from "../../repository/repository.ts";
import { isKnown, textOf, type Value } from "../../value.ts";
import type { Collection } from "../collection.ts";
import { isForTests } from "../ci/purpose.ts";
import type { BakeUse } from "../github/workflow.ts";
import { folderOf, joinPath } from "../../repository/paths.ts";
import { type BakeFile, type BakeTarget, readBakeFile, textAttribute } from "./bake-file.ts";
import { hclText, hclTexts } from "./evaluate-hcl.ts";

/** Reads a file of `docker buildx bake`; `uses` are the steps of CI that run it. */
export function readBake(collection: Collection, path: string, text: string, uses: readonly BakeUse[]): void {
  const file = readBakeFile(path, text, path.endsWith(".json"));
  if (file.problem !== undefined) collection.reading.unreadable(file.problem);
  if (file.targets.length === 0) return;
  collection.manifests.push({ kind: "bake", path, targets: file.targets.map(({ name }) => name) });
  for (const target of file.targets) {
    // A name that begins with `_` is by custom a target to inherit from.
    if (target.name.startsWith("_") || isOnlyInherited(target)) continue;
    for (const machine of collection.reading.platforms) {
      const publishes = publishesOf(
        file,
        target,
        uses.filter((use) => isOf(use, path)),
      );
      collection.calls.push({ ...callOf(collection.reading.repository, path, target), machine, publishes });
    }
  }
}

/** A target without a context, a Dockerfile or tags of its own is there for others. */
function isOnlyInherited({ attributes }: BakeTarget): boolean {
  return !["context", "dockerfile", "dockerfile-inline", "tags", "target", "contexts", "inherits"].some((name) =>
    attributes.has(name),
  );
}

function isOf(use: BakeUse, path: string): boolean {
  if (use.files.length === 0) return folderOf(path) === "";
  return use.files.some((file) => joinPath("", file) === path);
}

function publishesOf(file: BakeFile, target: BakeTarget, uses: readonly BakeUse[]): boolean | "unknown" {
  const output = hclTexts(target.attributes.get("output")).map(textOf).join(" ");
  if (/type=registry|push=true/.test(output)) return true;
  const own = uses.filter(({ targets }) => reaches(file, targets.length === 0 ? ["default"] : targets, target.name));
  if (own.some(({ pushes }) => pushes === true)) return true;
  return own.length > 0 && own.every(({ pushes }) => pushes === false) ? false : "unknown";
}

function reaches({ groups }: BakeFile, names: readonly string[], wanted: string, depth = 0): boolean {
  if (names.includes(wanted)) return true;
  return (
    depth < 10 && names.some((name) => reaches({ groups, targets: [] }, groups.get(name) ?? [], wanted, depth + 1))
  );
}

function callOf(repository: Repository, path: string, target: BakeTarget): Omit<BuildCall, "machine" | "publishes"> {
  const contextValue = textAttribute(target, "context");
  const context = contextOf(repository, path, contextValue, target);
  const given = target.attributes.get("dockerfile");
  const fileValue = given === undefined ? undefined : hclText(given);
  const file = fileValue === undefined ? "Dockerfile" : isKnown(fileValue) ? textOf(fileValue) : undefined;
  const isInline = target.attributes.has("dockerfile-inline");
  const dockerfile = context === undefined || file === undefined || isInline ? undefined : joinPath(context, file);
  const platforms = target.attributes.get("platforms");
  const stage = textAttribute(target, "target");
  const args = target.attributes.get("args");
  return {
    source: "bake",
    tool: "bake",
    place: target.place,
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(fileValue === undefined ? {} : { fileValue }),
    ...(context === undefined ? {} : { context }),
    ...(textOf(stage) === "" || !isKnown(stage) ? {} : { target: textOf(stage) }),
    buildArgs: new Map(
      [...(args?.type === "map" ? args.entries : [])].map(([name, value]) => [
        name,
        value.type === "null" ? undefined : hclText(value),
      ]),
    ),
    ...(platforms === undefined || platforms.type === "null" ? {} : { platforms: hclTexts(platforms) }),
    tags: hclTexts(target.attributes.get("tags")),
    joined: false,
    forTests: isForTests(target.name),
  };
}

/** Contexts are relative to where bake is started: mostly the repository's root, else the file's folder. */
function contextOf(repository: Repository, path: string, value: Value, target: BakeTarget): string | undefined {
  if (!isKnown(value)) return undefined;
  const text = textOf(value) === "" ? "." : textOf(value);
  if (/^[a-z+]+:\/\/|^git@|^target:|^docker-image:/.test(text)) return undefined;
  const file = textOf(textAttribute(target, "dockerfile")) || "Dockerfile";
  const folders = ["", folderOf(path)].map((folder) => joinPath(folder, text));
  const found = folders.find((folder) => {
    const dockerfile = folder === undefined ? undefined : joinPath(folder, file);
    return dockerfile !== undefined && repository.file(dockerfile) !== undefined;
  });
  return found ?? folders[0];
}

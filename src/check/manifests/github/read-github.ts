import type { Collection } from "../collection.ts";
import { entriesAt, itemsAt, nodeAt, textAt, type YamlNode } from "../yaml/node.ts";
import { isArm } from "../ci/machine.ts";
import { type BakeUse, readUncalledAction, readWorkflow, type WorkflowReader } from "./workflow.ts";

/**
 * Reads the workflows of a repository and its actions. Those that others of the repository call are read as they are called; the rest by
 * themselves. Returns the uses of `docker buildx bake` by actions.
 */
export function readGithub(
  collection: Collection,
  paths: readonly string[],
  load: (path: string) => YamlNode | undefined,
): readonly BakeUse[] {
  const called = new Set<string>();
  const uses: BakeUse[] = [];
  const reader: WorkflowReader = {
    collection,
    load,
    called: (path) => called.add(path),
    bakes: (use) => uses.push(use),
  };
  const roots = paths.flatMap((path) => {
    const root = load(path);
    return root === undefined ? [] : [{ path, root }];
  });
  for (const { path, root } of roots.filter(({ root }) => !isForCallers(root))) {
    if (entriesAt(root, "jobs").length === 0) continue;
    collection.reading.signal.throwIfAborted();
    collection.manifests.push({ kind: "ci", path, system: "github", knowsPlatforms: knowsPlatforms(root) });
    readWorkflow(reader, path, root, undefined);
  }
  for (const { path, root } of roots) {
    if (called.has(path) || !isForCallers(root)) continue;
    collection.manifests.push({ kind: "ci", path, system: "github", knowsPlatforms: knowsPlatforms(root) });
    if (isAction(root)) readUncalledAction(reader, path, root);
    else readWorkflow(reader, path, root, undefined);
  }
  return uses;
}

/** An action, or a workflow that only others start. */
function isForCallers(root: YamlNode): boolean {
  if (isAction(root)) return true;
  const on = nodeAt(root, "on");
  const events = on?.kind === "map" ? on.entries.map(({ key }) => key.text) : [textAt(root, "on")];
  return events.length === 1 && events[0] === "workflow_call";
}

function isAction(root: YamlNode): boolean {
  return nodeAt(root, "runs") !== undefined;
}

function knowsPlatforms(root: YamlNode): boolean {
  return entriesAt(root, "jobs").some(({ value }) => {
    const runsOn = nodeAt(value, "runs-on");
    if (runsOn?.kind === "scalar" && isArm(runsOn.text)) return true;
    return itemsAt(value, "steps").some((step) => /qemu|binfmt/.test(`${textAt(step, "uses")} ${textAt(step, "run")}`));
  });
}

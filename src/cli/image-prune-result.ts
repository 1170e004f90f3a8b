import type { Pruned } from "../image/prune.ts";
import type { GraphRoot, ImageGraph, PrunePlan } from "../image/prune-plan.ts";
import { formatBytes, formatCount } from "../report/quantity.ts";
import { printable, type Style } from "../report/style.ts";
import type { Swept } from "../store/layout-garbage.ts";

/** What `archway image prune` found, and did. */
export interface PruneResult {
  /** Repository or layout. */
  readonly store: string;
  readonly graph: ImageGraph;
  readonly plan: PrunePlan;
  /** False for a plan that was only shown. */
  readonly done: boolean;
  readonly left: Pruned["left"];
  /** What went of a layout's files. */
  readonly swept?: Swept;
}

/** The result as `--format json` prints it (schemas/image-prune.schema.json). */
export function prunedJson({ store, plan, done, left, swept }: PruneResult): object {
  const root = ({ name, digest }: GraphRoot) => ({ ...(name === undefined ? {} : { name }), digest });
  return {
    version: 1,
    store,
    removed: done,
    keep: plan.kept.map(({ root: kept, because }) => ({ ...root(kept), because })),
    remove: plan.removed.map(({ root: gone, because, onlyName }) => ({ ...root(gone), because, onlyName })),
    manifests: plan.manifests.map(({ digest, kind }) => ({ digest, kind })),
    shared: plan.shared.map(({ digest, neededBy }) => ({ digest, neededBy: root(neededBy) })),
    left,
    ...(swept === undefined ? {} : { swept }),
  };
}

/** Lines that tell a person what stays and goes, and why. */
export function formatPrune({ store, graph, plan, done, left, swept }: PruneResult, style: Style): string[] {
  const nameOf = ({ name, digest }: GraphRoot) => printable(name ?? digest);
  const isLeft = new Map(left.map(({ name, reason }) => [name, reason]));
  const lines = [
    `${style.bold(store)}: ${formatCount(graph.roots.length, "name")}, ${formatCount(graph.nodes.size, "manifest")}`,
  ];
  for (const { root, because } of plan.kept) {
    lines.push(`  keep    ${style.green(nameOf(root))} ${style.dim(`(${printable(because)})`)}`);
  }
  for (const { root, because, onlyName } of plan.removed) {
    const only = onlyName ? "; only the name, its manifest is still needed" : "";
    const problem = isLeft.get(root.name ?? "");
    lines.push(
      `  ${done ? "removed" : "remove "} ${style.red(nameOf(root))} ${style.dim(`(${printable(because)}${only})`)}`,
    );
    if (problem !== undefined)
      lines.push(`          ${style.yellow("left")}: the registry does not remove a tag alone: ${printable(problem)}`);
  }
  const names = plan.removed.length - left.length;
  const goes = `${formatCount(names, "name")} and ${formatCount(plan.manifests.length, "manifest")}`;
  const stays =
    plan.shared.length === 0
      ? ""
      : ` ${formatCount(plan.shared.length, "manifest")} of them ${plan.shared.length === 1 ? "stays" : "stay"}, because what is kept needs ${plan.shared.length === 1 ? "it" : "them"}.`;
  if (plan.removed.length === 0) lines.push(done ? "There was nothing to remove." : "Nothing would be removed.");
  else if (!done) lines.push(`${goes} would go.${stays} ${style.bold("Nothing was removed: --yes does it.")}`);
  else lines.push(`${goes} ${names + plan.manifests.length === 1 ? "is" : "are"} gone.${stays}`);
  if (swept !== undefined) lines.push(`${formatCount(swept.blobs, "blob")}, ${formatBytes(swept.bytes)} freed.`);
  else if (done && plan.manifests.length > 0)
    lines.push("The registry frees their blobs when it collects its garbage.");
  return lines;
}

import { namesIn } from "../../../platform/architecture-words.ts";
import type { ArchitectureRule, Workload } from "../../manifests/manifest.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { imageArchitecture } from "./image-architecture.ts";
import { isTestOrDocumentation } from "./test-path.ts";

/** A workload with the file that it is in. */
interface Placed {
  readonly path: string;
  readonly workload: Workload;
}

/** `k8s-arch-pinned`: a pod may only run on some of the wanted architectures, although nothing says that its images need that. */
export const k8sArchPinned: Rule = {
  id: "k8s-arch-pinned",
  severity: "warning",
  page: {
    title: "A pod is kept on one architecture",
    what: "A `nodeSelector` or a required node affinity on `kubernetes.io/arch` whose architectures leave out one that you build for, while the images have it or may have it.",
    why: "The scheduler never places such a pod on the other nodes. Whoever runs a cluster of arm64 nodes cannot run it at all, however complete its images are.",
    symptom:
      "Pods stay `Pending`. `kubectl describe pod` says: `0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector.`",
    fix: `Delete the selector when all images have all platforms, or name them all:

\`\`\`yaml
- key: kubernetes.io/arch
  operator: In
  values: [amd64, arm64]
\`\`\``,
    ignore:
      "The pod runs a program that exists for one architecture only, or another workload serves the other architectures in a way that the repository does not show.",
  },
  *find(model) {
    const all = model.manifests.flatMap((manifest): Placed[] => {
      if (!("workloads" in manifest)) return [];
      return manifest.workloads.map((workload) => ({ path: manifest.path, workload }));
    });
    const siblings = Map.groupBy(all, ({ workload }) => `${workload.kind}\0${stem(workload.name)}`);
    for (const placed of all) {
      const { architectures } = placed.workload;
      if (architectures === undefined || architectures.allowed.length === 0) continue;
      const others = siblings.get(`${placed.workload.kind}\0${stem(placed.workload.name)}`) ?? [];
      const problem = problemOf(model, placed, architectures, others);
      if (problem !== undefined) yield problem;
    }
  },
};

function problemOf(
  model: Model,
  { path, workload }: Placed,
  { allowed, place, names }: ArchitectureRule,
  siblings: readonly Placed[],
): Problem | undefined {
  const missing = model.platforms.filter((platform) => {
    if (platform.os !== "linux" || allowed.includes(platform.architecture)) return false;
    if (siblings.some((other) => covers(other.workload, workload, platform.architecture))) return false;
    return !workload.images.some(({ value }) => imageArchitecture(value, platform, model).has === false);
  });
  const [first] = missing;
  if (first === undefined) return undefined;
  const wanted = missing.map(({ architecture }) => architecture).join(" and ");
  const name = workload.name === "" || workload.kind === "values" ? "The pod" : `${workload.kind} ${workload.name}`;
  return {
    rule: k8sArchPinned.id,
    message: `${name} may only run on ${allowed.join(" and ")}: it is never placed on nodes with ${wanted}.`,
    platforms: missing,
    place,
    spots: names.map((spot) => ({ place: spot.place, text: spot.text })),
    advice: `Delete the rule on kubernetes.io/arch, or add ${wanted} to it.`,
    ...(isTestOrDocumentation(path) ? { severity: "note" } : {}),
  };
}

/** Whether another workload of the same name (but for the architecture in it) may run where this one may not. */
function covers(other: Workload, workload: Workload, architecture: string): boolean {
  if (other === workload) return false;
  const isTwin = other.name === workload.name && other.architectures === undefined;
  return !isTwin && (other.architectures?.allowed.includes(architecture) ?? false);
}

/** A name without the architectures in it: `flannel-ds` of `flannel-ds-arm64`. */
function stem(name: string): string {
  let result = name;
  for (const { start, end } of namesIn(name).toReversed()) result = result.slice(0, start) + result.slice(end);
  return result.replaceAll(/[-_.]+/g, "-").replace(/^-|-$/, "");
}

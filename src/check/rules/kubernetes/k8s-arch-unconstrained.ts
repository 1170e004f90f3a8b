import type { Platform } from "../../../platform/platform.ts";
import type { Workload } from "../../manifests/manifest.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { imageArchitecture } from "./image-architecture.ts";
import { isTestOrDocumentation } from "./test-path.ts";

/** `k8s-arch-unconstrained`: a pod with an image for one architecture may be placed on nodes of every other. */
export const k8sArchUnconstrained: Rule = {
  id: "k8s-arch-unconstrained",
  severity: "warning",
  page: {
    title: "A pod with an image for one architecture may run on any node",
    what: "A container whose image lacks a platform that you ask for (the registry says so, or its name ends in `-amd64` or the like), in a pod without a rule on `kubernetes.io/arch`.",
    why: "In a cluster with nodes of several architectures the scheduler does not look at images. It places the pod on any node, and the container does not start on the wrong one.",
    symptom:
      "The pod is in `CrashLoopBackOff` and its log has one line: `exec /usr/bin/app: exec format error`. Or it is in `ImagePullBackOff`: `no match for platform in manifest: not found`.",
    fix: `Use an image with all platforms. As long as there is none, keep the pod where it can run:

\`\`\`yaml
nodeSelector:
  kubernetes.io/arch: amd64
\`\`\``,
    ignore: "The cluster has nodes of one architecture only and will stay so.",
  },
  *find(model) {
    for (const manifest of model.manifests) {
      if (manifest.kind !== "kubernetes" && manifest.kind !== "helm") continue;
      for (const workload of manifest.workloads) {
        if (workload.architectures !== undefined || workload.isOpen) continue;
        yield* problemsOf(model, manifest.path, workload);
      }
    }
  },
};

function* problemsOf(model: Model, path: string, workload: Workload): Generator<Problem> {
  for (const { value, place } of workload.images) {
    const missing: Platform[] = [];
    let isByName = false;
    for (const platform of model.platforms.filter(({ os }) => os === "linux")) {
      const { has, by } = imageArchitecture(value, platform, model);
      if (has !== false) continue;
      missing.push(platform);
      isByName ||= by === "name";
    }
    if (missing.length === 0) continue;
    const wanted = missing.map(({ architecture }) => architecture).join(" and ");
    const how = isByName ? "by its name is not made for" : "does not have";
    yield {
      rule: k8sArchUnconstrained.id,
      message: `The image ${textOf(value)} ${how} ${wanted}, and nothing keeps the pod away from such nodes.`,
      platforms: missing,
      place,
      spots: [{ place, text: textOf(value) }],
      advice: "Use an image with all platforms, or add a nodeSelector on kubernetes.io/arch.",
      ...(isTestOrDocumentation(path) ? { severity: "note" } : {}),
    };
  }
}

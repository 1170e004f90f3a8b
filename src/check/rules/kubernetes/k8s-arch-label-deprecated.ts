import type { Rule } from "../../rule.ts";
import { isTestOrDocumentation } from "./test-path.ts";

/** `k8s-arch-label-deprecated`: a selector uses the name that a label of nodes had before Kubernetes 1.14. */
export const k8sArchLabelDeprecated: Rule = {
  id: "k8s-arch-label-deprecated",
  severity: "note",
  page: {
    title: "An old name of a node label is used",
    what: "`beta.kubernetes.io/arch` or `beta.kubernetes.io/os` in a manifest or a template of one.",
    why: "Kubernetes 1.14 brought the labels `kubernetes.io/arch` and `kubernetes.io/os` and declared the others deprecated. They are still set by today's kubelets, but tools that make nodes (autoscalers above all) may know the new ones alone.",
    symptom:
      'Nothing yet on most clusters; `kubectl apply` warns: `spec.template.spec.nodeSelector[beta.kubernetes.io/arch]: deprecated since v1.14; use "kubernetes.io/arch" instead`.',
    fix: `\`\`\`diff
-  beta.kubernetes.io/arch: amd64
+  kubernetes.io/arch: amd64
\`\`\``,
    ignore: "The manifest must work on clusters older than Kubernetes 1.14.",
  },
  *find(model) {
    for (const manifest of model.manifests) {
      if (!("labels" in manifest) || isTestOrDocumentation(manifest.path)) continue;
      for (const { text, place } of manifest.labels) {
        if (!text.startsWith("beta.")) continue;
        yield {
          rule: k8sArchLabelDeprecated.id,
          message: `The label ${text} is deprecated since Kubernetes 1.14.`,
          platforms: model.platforms,
          place,
          spots: [{ place, text }],
          advice: `Write ${text.replace("beta.", "")}.`,
          key: `${k8sArchLabelDeprecated.id}\0${manifest.path}`,
        };
      }
    }
  },
};

import type { Entry } from "../entry.ts";

/** Where pods land. */
export const kubernetes: readonly Entry[] = [
  {
    code: "E65",
    title: "No node has the architecture that the pod asks for",
    severity: "error",
    signs: [
      {
        words: ["match pod's node affinity", "match node selector", "didn't match pod", "match node affinity"],
        pattern:
          /node\(s\) didn't match (?:Pod's )?(?:node (?:affinity\/selector|selector|affinity)|nodeSelector)|node\(s\) didn't match Pod's node affinity/,
        when: ({ context, near }) =>
          context.has("arch-selector") || near(/(?:kubernetes\.io\/)?arch(?:itecture)?[=:]|arm64|amd64/),
        condition: "for a pod that selects an architecture",
      },
      {
        words: ["untolerated taint", "had taint"],
        pattern: /node\(s\) had (?:untolerated )?taints? \{(?:kubernetes\.io\/)?arch(?:itecture)?[:=] ?(?<arch>\w+)/,
      },
    ],
    cause:
      "The pod's node selector or affinity (or a taint of the nodes) names an architecture, and no node that is free for it has that.",
    fixes: [
      {
        text: "kubectl get nodes -L kubernetes.io/arch shows what there is. Add nodes, tolerate the taint (key kubernetes.io/arch), or drop the selector when the image has the nodes' platform.",
      },
    ],
    url: "https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/",
  },
];

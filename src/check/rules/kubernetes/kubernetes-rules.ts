import type { Rule } from "../../rule.ts";
import { composePlatformPinned } from "./compose-platform-pinned.ts";
import { k8sArchLabelDeprecated } from "./k8s-arch-label-deprecated.ts";
import { k8sArchPinned } from "./k8s-arch-pinned.ts";
import { k8sArchUnconstrained } from "./k8s-arch-unconstrained.ts";

/** The rules of this folder. */
export const kubernetesRules: readonly Rule[] = [
  k8sArchPinned,
  k8sArchUnconstrained,
  k8sArchLabelDeprecated,
  composePlatformPinned,
];

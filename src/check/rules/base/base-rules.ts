import type { Rule } from "../../rule.ts";
import { archArgDefault } from "./arch-arg-default.ts";
import { baseDigestSingleArch } from "./base-digest-single-arch.ts";
import { baseImageArchPinned } from "./base-image-arch-pinned.ts";
import { baseImageMissingPlatform } from "./base-image-missing-platform.ts";
import { finalStageBuildPlatform } from "./final-stage-build-platform.ts";
import { fromPlatformConstant } from "./from-platform-constant.ts";
import { globalArgNotInStage } from "./global-arg-not-in-stage.ts";
import { platformArgShadowed } from "./platform-arg-shadowed.ts";
import { platformArgUndeclared } from "./platform-arg-undeclared.ts";

/** The rules about base images, platforms and variables of Dockerfiles. */
export const baseRules: readonly Rule[] = [
  baseImageMissingPlatform,
  baseImageArchPinned,
  baseDigestSingleArch,
  fromPlatformConstant,
  finalStageBuildPlatform,
  platformArgShadowed,
  platformArgUndeclared,
  globalArgNotInStage,
  archArgDefault,
];

import type { Rule } from "../../rule.ts";
import { buildArgNotPassed } from "./build-arg-not-passed.ts";
import { dockerBuildSinglePlatform } from "./docker-build-single-platform.ts";
import { dockerPullNoPlatform } from "./docker-pull-no-platform.ts";
import { imageRefArchSuffixed, imageRefSingleArch } from "./image-references.ts";
import { makeArchBranchMissing } from "./make-arch-branch-missing.ts";
import { makeArchDefault, makeTargetArch } from "./make-in-run.ts";
import { perArchDockerfile } from "./per-arch-dockerfile.ts";
import { perArchTag } from "./per-arch-tag.ts";
import { releaseMatrixMissingArch } from "./release-matrix-missing-arch.ts";

/** The rules of this folder. */
export const callersRules: readonly Rule[] = [
  buildArgNotPassed,
  makeArchDefault,
  makeTargetArch,
  makeArchBranchMissing,
  dockerBuildSinglePlatform,
  dockerPullNoPlatform,
  perArchTag,
  perArchDockerfile,
  imageRefArchSuffixed,
  imageRefSingleArch,
  releaseMatrixMissingArch,
];

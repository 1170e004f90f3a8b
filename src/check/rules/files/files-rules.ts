import type { Rule } from "../../rule.ts";
import { committedBinary } from "./committed-binary.ts";
import { copyArchPath, stageCopyArchPath } from "./copy-arch-path.ts";
import { crossRunsTargetBinary } from "./cross-runs-target-binary.ts";
import { dockerignoreHidesArch } from "./dockerignore-hides-arch.ts";
import { multiarchLibdir } from "./multiarch-libdir.ts";
import { unqualifiedHostBinary } from "./unqualified-host-binary.ts";

/** The rules of this folder. */
export const filesRules: readonly Rule[] = [
  copyArchPath,
  stageCopyArchPath,
  dockerignoreHidesArch,
  unqualifiedHostBinary,
  committedBinary,
  multiarchLibdir,
  crossRunsTargetBinary,
];

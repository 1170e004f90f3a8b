import type { Rule } from "../../rule.ts";
import { cgoCrossWithoutCc } from "./cgo-cross-without-cc.ts";
import { emulatedCompile } from "./emulated-compile.ts";
import { goarchHardcoded } from "./goarch-hardcoded.ts";
import { goarchImplicitHost } from "./goarch-implicit-host.ts";
import { pageSizeAssumption } from "./page-size-assumption.ts";
import { rustTargetHardcoded } from "./rust-target-hardcoded.ts";
import { sourcePlatformConstant } from "./source-platform-constant.ts";
import { targetNotPropagated } from "./target-not-propagated.ts";
import { x86CompilerFlag } from "./x86-compiler-flag.ts";

/** The rules of this folder. */
export const compileRules: readonly Rule[] = [
  goarchHardcoded,
  targetNotPropagated,
  rustTargetHardcoded,
  cgoCrossWithoutCc,
  x86CompilerFlag,
  pageSizeAssumption,
  goarchImplicitHost,
  sourcePlatformConstant,
  emulatedCompile,
];

import type { Rule } from "../../rule.ts";
import { cargoNativeBuild } from "./cargo-native-build.ts";
import { goAssemblyOnly } from "./go-assembly-only.ts";
import { jvmNativeLib } from "./jvm-native-lib.ts";
import { mavenArchClassifier } from "./maven-arch-classifier.ts";
import { npmNativeNoArm64 } from "./npm-native-no-arm64.ts";
import { pipNoArm64Wheel } from "./pip-no-arm64-wheel.ts";
import { pipSdistNeedsToolchain } from "./pip-sdist-needs-toolchain.ts";

/** The rules of this folder. */
export const packagesRules: readonly Rule[] = [
  pipNoArm64Wheel,
  pipSdistNeedsToolchain,
  npmNativeNoArm64,
  mavenArchClassifier,
  jvmNativeLib,
  cargoNativeBuild,
  goAssemblyOnly,
];

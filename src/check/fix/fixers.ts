import { takeNewerBase } from "./base-fixers.ts";
import { addBranch } from "./branch-fixers.ts";
import { addMakeBranch, passArgument } from "./caller-fixers.ts";
import { crossCompile } from "./cross/cross-compile.ts";
import type { Fixer } from "./fixer.ts";
import { takeIndexDigest, takeNewerImage, takePlainName } from "./image-fixers.ts";
import { allowArchitectures } from "./kubernetes-fixers.ts";
import { keepVariable } from "./lost-variable-fixers.ts";
import { addClassifier } from "./package-fixers.ts";
import { publishForAll } from "./publish-fixers.ts";
import { pullForPlatform } from "./pull-fixers.ts";
import { allowOtherArchitectures } from "./ignore-fixers.ts";
import { followChecksum, followPlatform } from "./name-fixers.ts";
import { declareArguments, freePlatform, removeArgumentDefault } from "./platform-fixers.ts";

import {
  exportVariables,
  followGoArchitecture,
  followPackageArchitecture,
  removeLine,
  renameLabel,
} from "./text-fixers.ts";

/** How the findings of a rule are repaired; rules that are not here are for people to decide. */
export const fixers: ReadonlyMap<string, Fixer> = new Map([
  ["platform-arg-undeclared", declareArguments],
  ["global-arg-not-in-stage", declareArguments],
  ["platform-arg-shadowed", removeArgumentDefault],
  ["base-image-missing-platform", takeNewerBase],
  ["dockerignore-hides-arch", allowOtherArchitectures],
  ["build-arg-not-passed", passArgument],
  ["make-arch-branch-missing", addMakeBranch],
  ["arch-case-incomplete", addBranch],
  ["base-digest-single-arch", takeIndexDigest],
  ["base-image-arch-pinned", takePlainName],
  ["image-ref-single-arch", takeNewerImage],
  ["k8s-arch-pinned", allowArchitectures],
  ["run-export-lost", keepVariable],
  ["maven-arch-classifier", addClassifier],
  ["docker-build-single-platform", publishForAll],
  ["docker-pull-no-platform", pullForPlatform],
  ["emulated-compile", crossCompile],
  ["final-stage-build-platform", freePlatform],
  ["from-platform-constant", freePlatform],
  ["hardcoded-arch-download", followPlatform],
  ["single-arch-checksum", followChecksum],
  ["copy-arch-path", followPlatform],
  ["stage-copy-arch-path", followPlatform],
  ["arch-path-reference", followPlatform],
  ["multiarch-libdir", followPlatform],
  ["rust-target-hardcoded", followPlatform],
  ["arch-arg-default", followPlatform],
  ["goarch-hardcoded", followGoArchitecture],
  ["arch-var-not-exported", exportVariables],
  ["repo-arch-pinned", followPackageArchitecture],
  ["k8s-arch-label-deprecated", renameLabel],
  ["compose-platform-pinned", removeLine],
]);

/** Rules whose fix changes more than a mistake: it is made only when it is asked for by name. */
export const optInFixes: ReadonlySet<string> = new Set(["emulated-compile"]);

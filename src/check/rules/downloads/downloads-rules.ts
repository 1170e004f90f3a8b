import type { Rule } from "../../rule.ts";
import { aptMirrorX86 } from "./apt-mirror-x86.ts";
import { archPathReference } from "./arch-path-reference.ts";
import { hardcodedArchDownload } from "./hardcoded-arch-download.ts";
import { implicitArchDownload } from "./implicit-arch-download.ts";
import { repoArchPinned } from "./repo-arch-pinned.ts";
import { singleArchChecksum } from "./single-arch-checksum.ts";
import { x86OnlyPackage } from "./x86-only-package.ts";

/** The rules of this folder. */
export const downloadsRules: readonly Rule[] = [
  hardcodedArchDownload,
  implicitArchDownload,
  singleArchChecksum,
  repoArchPinned,
  aptMirrorX86,
  x86OnlyPackage,
  archPathReference,
];

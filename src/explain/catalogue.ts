import { builders } from "./catalogue/builders.ts";
import { compilers } from "./catalogue/compilers.ts";
import { emulators } from "./catalogue/emulators.ts";
import { kubernetes } from "./catalogue/kubernetes.ts";
import { libraries } from "./catalogue/libraries.ts";
import { manifests } from "./catalogue/manifests.ts";
import { packages } from "./catalogue/packages.ts";
import { programs } from "./catalogue/programs.ts";
import { registries } from "./catalogue/registries.ts";
import type { Entry } from "./entry.ts";

/** Every error that is known, by its code: E01 … E69, then the warnings. */
export const catalogue: readonly Entry[] = [
  ...programs,
  ...manifests,
  ...builders,
  ...emulators,
  ...registries,
  ...packages,
  ...compilers,
  ...libraries,
  ...kubernetes,
].toSorted((a, b) => (a.code < b.code ? -1 : 1));

import { architecturesIn } from "../../dockerfile/architecture-name.ts";
import { samePlatform, type Platform } from "../../platform/platform.ts";
import { isKnown, textOf, type Value } from "../value.ts";
import { architectureNamed, holdsArchitecture } from "./asked-variables.ts";
import type { Expansion } from "./expand.ts";
import { trimValue } from "./make-words.ts";

/** The platform that the name of a target names; the other one when it names none or several. */
export function platformNamed(name: string, other: Platform): Platform {
  const [named, more] = new Set(architecturesIn(name).map(({ architecture }) => architecture));
  return named === undefined || more !== undefined ? other : platformOf(named, other);
}

/** The platform that variables of a call name (`ARCH=arm64`); the other one when they name none. */
export function wantedBy(variables: ReadonlyMap<string, Value>, other: Platform): Platform {
  for (const [name, value] of variables) {
    if (!holdsArchitecture(name) || !isKnown(value)) continue;
    const architecture = architectureNamed(textOf(trimValue(value)));
    if (architecture !== undefined) return platformOf(architecture, other);
  }
  return other;
}

/** The platform that a make which called this one has put into the environment; the other one when it has not. */
export function platformGiven(expansion: Expansion, other: Platform): Platform {
  const given = new Map<string, Value>();
  for (const name of ["ARCH", "GOARCH", "TARGETARCH"]) {
    const binding = expansion.scope.get(name);
    if (binding?.origin === "environment" && binding.parts.length > 0) given.set(name, expansion.variable(name));
  }
  return wantedBy(given, other);
}

/** The platform of an architecture (OCI's name), with the variant of the wanted one if it is the same architecture. */
function platformOf(architecture: string, wanted: Platform): Platform {
  if (wanted.architecture === architecture) return wanted;
  const variant = architecture === "arm" ? { variant: "v7" } : {};
  const platform = { os: wanted.os, architecture, ...variant };
  return samePlatform(platform, wanted) ? wanted : platform;
}

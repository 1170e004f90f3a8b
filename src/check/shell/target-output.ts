import { findArchitecture } from "../../platform/architecture.ts";
import { normalizePlatform, type Platform } from "../../platform/platform.ts";
import { architectureValue, isKnown, textOf, unknownValue, type Value } from "../value.ts";
import type { Call, Process } from "./machine.ts";

/**
 * What `xx-info` prints: it tells the target, from the same variables as BuildKit gives. Undefined for other programs. Source: tonistiigi/xx,
 * `base/xx-info`.
 */
export function targetOf(
  program: string,
  args: readonly Value[],
  { place }: Call,
  process: Process,
): Value | undefined {
  if (program !== "xx-info") return undefined;
  const target = targetPlatform(process);
  const row = target === undefined ? undefined : findArchitecture(target);
  const [query = "triple"] = args.map(textOf);
  const text = {
    arch: target?.architecture,
    os: target?.os,
    variant: target?.variant ?? "",
    march: row?.machine,
    "alpine-arch": row?.alpine,
    "debian-arch": row?.debian,
    "rhel-arch": row?.rpm,
  }[query];
  return target === undefined || text === undefined
    ? unknownValue({ place, dependsOnPlatform: true })
    : architectureValue(`${text}\n`, place);
}

function targetPlatform({ variables }: Process): Platform | undefined {
  const textIn = (name: string): string | undefined => {
    const value = variables.get(name)?.value;
    return value === undefined || !isKnown(value) || textOf(value) === "" ? undefined : textOf(value);
  };
  const [os, architecture = textIn("TARGETARCH"), variant = textIn("TARGETVARIANT")] =
    textIn("TARGETPLATFORM")?.split("/") ?? [];
  if (architecture === undefined) return undefined;
  return normalizePlatform({ os: os ?? "linux", architecture, ...(variant === undefined ? {} : { variant }) });
}

import { formatPlatform, type Platform } from "../platform/platform.ts";

/** Build arguments that BuildKit sets by itself. In FROM they are always there, in a stage only after `ARG NAME`. */
export const automaticArgNames = [
  "BUILDPLATFORM",
  "BUILDOS",
  "BUILDOSVERSION",
  "BUILDARCH",
  "BUILDVARIANT",
  "TARGETPLATFORM",
  "TARGETOS",
  "TARGETOSVERSION",
  "TARGETARCH",
  "TARGETVARIANT",
  "TARGETSTAGE",
] as const;

/** Those automatic arguments that tell the platform the image is for. */
export const targetArgNames = ["TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT"] as const;

/** Name of an automatic argument. */
export type AutomaticArgName = (typeof automaticArgNames)[number];

/** True for the name of an automatic argument. */
export function isAutomaticArg(name: string): name is AutomaticArgName {
  return automaticArgNames.some((automatic) => automatic === name);
}

/** True for build arguments that mean something without an ARG: proxies and BuildKit's own settings. */
export function isPredefinedArg(name: string): boolean {
  return /^(https?|ftp|no|all)_proxy$/i.test(name) || name.startsWith("BUILDKIT_") || name === "SOURCE_DATE_EPOCH";
}

/** Values of the automatic arguments; a build argument of the same name replaces one (dockerfile2llb, `defaultArgs`). */
export function automaticArgs(
  buildPlatform: Platform,
  targetPlatform: Platform,
  targetStage: string,
  buildArgs: Readonly<Record<string, string>>,
): Map<string, string> {
  const values: Readonly<Record<AutomaticArgName, string>> = {
    BUILDPLATFORM: formatPlatform(buildPlatform),
    BUILDOS: buildPlatform.os,
    BUILDOSVERSION: "",
    BUILDARCH: buildPlatform.architecture,
    BUILDVARIANT: buildPlatform.variant ?? "",
    TARGETPLATFORM: formatPlatform(targetPlatform),
    TARGETOS: targetPlatform.os,
    TARGETOSVERSION: "",
    TARGETARCH: targetPlatform.architecture,
    TARGETVARIANT: targetPlatform.variant ?? "",
    TARGETSTAGE: targetStage,
  };
  return new Map(
    automaticArgNames.map((name) => [name, Object.hasOwn(buildArgs, name) ? (buildArgs[name] ?? "") : values[name]]),
  );
}

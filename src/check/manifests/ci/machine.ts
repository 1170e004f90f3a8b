import { architecturesIn } from "../../../dockerfile/architecture-name.ts";
import { normalizePlatform, type Platform } from "../../../platform/platform.ts";

/** The platform of machines that CI services give to those who ask for no architecture: all of the services here have amd64. */
export const usualMachine: Platform = { os: "linux", architecture: "amd64" };

/** The platform of a CI machine by its labels or its name; undefined for one without Linux. */
export function machineOf(labels: readonly string[]): Platform | undefined {
  const text = labels.join(" ").toLowerCase();
  if (/\b(?:windows|macos|macstadium|osx|darwin|xcode|freebsd)/.test(text)) return undefined;
  const [name] = architecturesIn(text.replaceAll("_", "-").replaceAll("x86-64", "x64"));
  if (name === undefined) return /(?:^|[-_. ])arm(?:$|[-_. ])/.test(text) ? arm64 : usualMachine;
  // GitHub's `ubuntu-24.04-arm` is arm64, like every `arm` among the machines of today's services.
  if (name.text.toLowerCase() === "arm") return arm64;
  return normalizePlatform({ os: "linux", architecture: name.architecture });
}

const arm64: Platform = { os: "linux", architecture: "arm64" };

/** True when a label asks for a machine with ARM. */
export function isArm(label: string): boolean {
  return machineOf([label])?.architecture.startsWith("arm") === true;
}

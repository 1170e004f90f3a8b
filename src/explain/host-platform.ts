import { normalizePlatform, type Platform } from "../platform/platform.ts";

/** Words of which a line that tells the machine's architecture has one. */
export const hostWords: readonly string[] = [
  "detected host platform",
  "architecture:",
  "gnu/linux",
  "\nx86_64",
  " x86_64\n",
  "\naarch64",
  " aarch64\n",
  "\narmv7l",
  " armv7l\n",
  "\narmv6l",
  " armv6l\n",
  " riscv64\n",
  "raspberry pi",
  "graviton",
  "apple m",
  "ubuntu-24.04",
  "ubuntu-22.04",
  "ubuntu-latest",
  "saas-linux",
  "linux-arm64",
  "platforms:",
  "darwin/arm64",
  "apple silicon",
  "runner architecture",
];

const machine = "x86_64|amd64|aarch64|arm64|armv[678]l?|armhf|i[36]86|ppc64le|s390x|riscv64|loongarch64";

/** How certainly a line tells the machine's platform: a guess gives way to a fact. */
export interface HostHint {
  readonly platform: Platform;
  readonly certain: boolean;
}

/** Reads what a line outside of a build's steps says of the machine that the job runs on. */
export function readHost(text: string): HostHint | undefined {
  const detected = /detected host platform \((?<os>\w+)\/(?<arch>\w+)(?:\/(?<variant>\w+))?\)/.exec(text)?.groups;
  if (detected) {
    const { os = "linux", arch = "", variant } = detected;
    return { platform: normalizePlatform({ os, architecture: arch, variant }), certain: true };
  }
  const told =
    new RegExp(String.raw`^\s*(?:Runner |CPU |OS\/)?Arch(?:itecture)?: +(?:linux\/)?(${machine})\b`, "i").exec(text) ??
    new RegExp(String.raw`^(${machine})$`).exec(text) ??
    new RegExp(String.raw`^Linux \S+ \S+ .*\b(${machine})(?: GNU\/Linux)?$`).exec(text);
  if (told?.[1] !== undefined) return hint(told[1], true);
  // docker buildx ls and inspect name a node's own platform first.
  const platforms = /^\s*Platforms: +linux\/(\w+)/.exec(text)?.[1];
  if (platforms !== undefined && !/--platform|platforms: \S+$/.test(text)) return hint(platforms, true);
  if (
    /ubuntu-2\d\.04-arm|Graviton|Raspberry Pi (?:4|5)|Apple (?:M\d|Silicon)|darwin\/arm64|linux-\w+-arm64/i.test(text)
  )
    return hint("arm64", false);
  if (/ubuntu-(?:latest|2\d\.04)\b(?!-arm)|saas-linux-\w+-amd64/.test(text)) return hint("amd64", false);
  return undefined;
}

function hint(name: string, certain: boolean): HostHint {
  return { platform: normalizePlatform({ os: "linux", architecture: name }), certain };
}

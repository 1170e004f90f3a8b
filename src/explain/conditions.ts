/** Conditions that several entries of the catalogue share. Each answers from what stands around a line. */
import type { Evidence } from "./entry.ts";

/** Files that an interpreter runs: what is wrong with them is seldom their architecture. */
export const scriptName = /\.(?:sh|bash|ash|py|pl|rb|php|js|mjs|lua)(?=["'`:\s)\]]|$)/;

/** The platform of the step is foreign to the machine, or an emulator speaks nearby. */
export function isForeign(evidence: Evidence): boolean {
  return evidence.foreign === true || evidence.near(/\bqemu[-:]|rosetta error|buildkit_qemu_emulator/);
}

/** Programs are emulated: foreign, or an emulator is set up and nothing says that the step is native. */
export function isEmulated(evidence: Evidence): boolean {
  return isForeign(evidence) || (evidence.foreign === undefined && evidence.context.emulator);
}

/** The error is about an architecture that fewer packages are made for than for amd64. */
export function isRarePlatform({ platform, foreign, context, step }: Evidence): boolean {
  const subject = step?.runsOn ?? platform;
  if (subject) return subject.architecture !== "amd64";
  const { host } = context;
  return host !== undefined && host.architecture !== "amd64" && foreign !== true;
}

/** 32-bit platforms, by the step or by names nearby. */
export function is32Bit(evidence: Evidence): boolean {
  const { platform } = evidence;
  if (platform) return ["arm", "386", "mips", "mipsle"].includes(platform.architecture);
  return evidence.near(/\barmhf\b|\barmv[67]l?\b|\barmel\b|linux\/arm\/v[67]|arm32v[67]|\bi386\b|linux\/386/);
}

/** How the same command ended for amd64: a package that is missing there too is missing for another reason. */
export function onAmd64({ step, context }: Evidence): "failed" | "done" | undefined {
  if (!step) return undefined;
  const twins = context.steps.filter(
    (other) => other !== step && other.command === step.command && other.runsOn?.architecture === "amd64",
  );
  if (twins.some(({ state }) => state === "failed")) return "failed";
  return twins.some(({ state }) => state === "done" || state === "cached") ? "done" : undefined;
}

/** Something is not to be had for the platform of the step, though it is for amd64 or, as far as the log tells, may be. */
export function isMissingHere(evidence: Evidence): boolean {
  const twin = onAmd64(evidence);
  if (twin !== undefined) return twin === "done";
  if (
    evidence.near(
      /temporary error|[Tt]emporary failure|[Cc]ould not (?:connect|resolve)|Connection (?:refused|timed out)|network is unreachable/,
    )
  )
    return false;
  return isRarePlatform(evidence);
}

/** A name of an architecture as a part of a file's or package's name. */
export const archInName =
  /(?:^|[^a-z0-9])(?:amd64|arm64|x86[_-]64|aarch64|armhf|armel|armv[5678]l?|arm32v7|arm|s390x|ppc64(?:le|el)|riscv64|386|i[36]86)(?![a-z0-9])/i;

/** A compiler of a target by its triplet: `aarch64-linux-gnu-gcc`. */
export const crossTool = String.raw`(?:aarch64|arm|armv7l?|x86_64|i[36]86|riscv64\w*|powerpc64le|s390x|mips\w*|loongarch64)-[\w.-]*?-?(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?|ld|ar|as|strip|cpp|gfortran)(?:-\d+)?`;

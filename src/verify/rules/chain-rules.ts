import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { abiFindings } from "./abi-rules.ts";
import type { Exceptions } from "./allow.ts";
import type { ChainFile, StartChain } from "../chain/chain-parts.ts";
import type { ElfFacts } from "../program/elf.ts";
import { isCompanion } from "./exemptions.ts";
import { hasChoices } from "../chain/floor.ts";
import { damage, fileFinding, mismatch, wrongCodeFinding } from "./finding-parts.ts";
import { gapFinding } from "./gap-rules.ts";
import {
  armNeeds,
  declaredVersion,
  describeCode,
  floatOf,
  isOf,
  levelNeeds,
  profileNeeds,
} from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";

/** Findings about what a container starts with: what is wrong here keeps it from starting (or from being healthy). */
export function chainFindings(image: ImageFacts, chain: StartChain, exceptions: Exceptions): Finding[] {
  const wrong: Finding[] = [];
  const damaged: Finding[] = [];
  const variants: Finding[] = [];
  for (const link of chain.files) {
    const { elf } = link.file.entry;
    if (elf === undefined) continue;
    if (isOf(elf, image.expected.architecture)) {
      if (elf.truncated === true) damaged.push(damagedFinding(image, link));
      const found = [...variantFindings(image, link, elf), ...abiFindings(image, link, elf, chain)];
      // A script may choose what it starts by the processor.
      variants.push(
        ...(link.ofScript === true ? found.map((one) => ({ ...one, severity: "warning" as const })) : found),
      );
    } else wrong.push(wrongLink(image, link, elf));
  }
  const folded = exceptions.fold(variants, ({ path }) => [path], foldVariants);
  return [...wrong, ...damaged, ...folded, ...chain.gaps.map((gap) => gapFinding(image, gap))];
}

/** A file of the right architecture that ends before its code does. */
function damagedFinding(image: ImageFacts, { path, via, file, origin, role }: ChainFile): Finding {
  const effect = origin === "healthcheck" ? "the health check fails" : "a container does not start";
  const what = role === "library" ? "a library" : "a program";
  return {
    ...fileFinding(image, {
      rule: "entrypoint-damaged",
      severity: "error",
      path,
      message: `${path} (${via}) is ${what} that was cut off: its headers speak of more bytes than the file has (${file.entry.size}), so ${effect}.`,
      file,
    }),
    ...damage,
  };
}

/** A base for another variant makes the same finding of every file: the heaviest first one stands for all. */
function foldVariants(findings: readonly Finding[]): Finding[] {
  const groups = Map.groupBy(findings, ({ rule, cause }) => `${rule} ${cause?.code}`);
  return [...groups.values()].flatMap((group) => {
    const first = group.find(({ severity }) => severity === "error") ?? group[0];
    if (first === undefined || group.length === 1) return first ?? [];
    const others = group.filter((finding) => finding !== first).map(({ path }) => path);
    const names = `${others.slice(0, 3).join(", ")}${others.length > 3 ? " …" : ""}`;
    return {
      ...first,
      message: `${first.message} So ${others.length === 1 ? "is" : `are ${others.length} more:`} ${names}.`,
    };
  });
}

function wrongLink(image: ImageFacts, link: ChainFile, elf: ElfFacts): Finding {
  const { path, file, via } = link;
  const companion = isCompanion(elf, image.expected.architecture);
  const effect = companion
    ? "it starts only on hosts that run 32-bit x86 code too"
    : link.origin === "healthcheck"
      ? "the health check always fails"
      : 'a container ends at once with "exec format error"';
  return wrongCodeFinding(image, elf, {
    rule: wrongRule(link),
    severity: companion ? "warning" : "error",
    path,
    message: `${path} (${via}) ${mismatch(image, elf)}: ${effect}.`,
    file,
  });
}

function wrongRule({ role, origin }: ChainFile): string {
  if (role === "loader" || role === "library") return `${role}-wrong-architecture`;
  return origin === "healthcheck" ? "healthcheck-wrong-architecture" : "entrypoint-wrong-architecture";
}

/** The right architecture, but more than its variant has: floating point, ARM version, x86-64 level. */
function variantFindings(image: ImageFacts, link: ChainFile, elf: ElfFacts): Finding[] {
  const { platform, architecture } = image.expected;
  if (architecture.name === "arm") return armFindings(image, link, elf);
  if (architecture.name === "riscv64") {
    const profile = profileNeeds(elf);
    if (profile === undefined || profile.version <= declaredVersion(platform)) return [];
    return [tooNew(image, link, profile.words, `linux/riscv64/rva${profile.version}u64`, "warning")];
  }
  const needs = architecture.name === "amd64" ? levelNeeds(elf) : undefined;
  if (needs === undefined || needs.version <= declaredVersion(platform)) return [];
  return [tooNew(image, link, needs.words, `linux/amd64/v${needs.version}`, "error")];
}

function armFindings(image: ImageFacts, link: ChainFile, elf: ElfFacts): Finding[] {
  const { platform, architecture } = image.expected;
  const findings: Finding[] = [];
  const float = floatOf(elf);
  const isDynamic = elf.interpreter !== undefined || link.role === "library" || link.role === "loader";
  if (isDynamic && float !== undefined && architecture.float !== undefined && float !== architecture.float) {
    // Soft-float code (Debian's armel) runs on every ARM, and containerd reads the name armel as v6.
    const severity = float === "soft" && declaredVersion(platform) === 6 ? "warning" : "error";
    findings.push({
      ...fileFinding(image, {
        rule: "float-abi-mismatch",
        severity,
        path: link.path,
        message:
          `${link.path} (${link.via}) is ${describeCode(elf)} code, but the port that ${formatPlatform(platform)} stands for has ${architecture.float} float: ` +
          "the two cannot be loaded together.",
        file: link.file,
      }),
      cause: {
        code: "float-abi-mismatch",
        text: "The compiler or the base image is of another ARM port (Debian: armel has soft float, armhf hard float).",
      },
      fix: {
        title: `Compile with the tool-chain for ${architecture.triplet}, and take a base image for ${formatPlatform(platform)}.`,
      },
    });
  }
  const needs = armNeeds(elf);
  if (needs !== undefined && needs.version > declaredVersion(platform)) {
    const severity = hasChoices(link) ? "warning" : "error";
    findings.push(tooNew(image, link, needs.words, `linux/arm/v${needs.version}`, severity));
  }
  return findings;
}

function tooNew(
  image: ImageFacts,
  link: ChainFile,
  words: string,
  fitting: string,
  severity: "error" | "warning",
): Finding {
  const declared = formatPlatform(image.expected.platform);
  return {
    ...fileFinding(image, {
      rule: "variant-too-new",
      severity,
      path: link.path,
      message: `${link.path} (${link.via}) needs ${words}, but the image is declared ${declared}: it ends with "Illegal instruction" or is not loaded on such a machine.`,
      file: link.file,
    }),
    cause: {
      code: "variant-too-new",
      text: `The compiler or the base image aims at newer processors than ${declared} stands for: distributions differ in what their ARM and x86-64 ports need.`,
    },
    fix: { title: `Compile for ${declared} and take a base image built for it, or declare the image as ${fitting}.` },
  };
}

import type { Finding, Severity } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { abiFindings } from "./abi-rules.ts";
import type { Exceptions } from "./allow.ts";
import type { ChainFile, ChainGap, StartChain } from "../chain/chain-parts.ts";
import type { ElfFacts } from "../program/elf.ts";
import { isCompanion } from "./exemptions.ts";
import type { ForeignProgram } from "../layer/facts.ts";
import { hasChoices } from "../chain/floor.ts";
import { damage, fileFinding, mismatch, wrongCodeFinding } from "./finding-parts.ts";
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
import { baseName } from "../view/view.ts";

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

/** Rule, severity and words of something missing. */
function gapFinding(image: ImageFacts, gap: ChainGap): Finding {
  const { path, file, via, wanted, role, origin } = gap;
  const severity = origin === "healthcheck" || gap.optional === true ? "warning" : "error";
  const at = path.startsWith("/") ? path : "/";
  const finding = (
    rule: string,
    message: string,
    cause: string,
    fix: string,
    weight: Severity = severity,
  ): Finding => ({
    ...fileFinding(image, { rule, severity: weight, path: at, message, file }),
    cause: { code: rule, text: cause },
    fix: { title: fix },
  });
  switch (gap.reason) {
    case "wrong-architecture":
      return wrongLibrary(image, gap);
    case "carriage-return":
      return finding(
        "script-carriage-return",
        `The first line of ${path} ends with a carriage return: the kernel looks for "${wanted}\\r", which does not exist.`,
        "The script was saved with Windows line ends.",
        "Save the file with line feeds alone, and keep it so with `*.sh text eol=lf` in .gitattributes.",
      );
    case "not-executable":
      return finding(
        "entrypoint-not-executable",
        `${path} (${via}) has no permission to execute.`,
        "The file was added without its x bit.",
        `Set it: \`COPY --chmod=0755 …\` or \`RUN chmod +x ${path}\`.`,
      );
    case "unknown-format":
      if (file?.entry.program !== undefined) return foreignProgram(image, gap, file.entry.program);
      return finding(
        "entrypoint-unknown-format",
        `${path} (${via}) is no program: it is neither an ELF file nor a script with a #! line; it begins with ${JSON.stringify((file?.entry.head ?? "").slice(0, 24))}.`,
        "A download that answered with a page of text, an archive that was not unpacked, or a script without its first line.",
        "Look at the file; let downloads fail on errors (`curl -f`), and begin scripts with `#!/bin/sh`.",
      );
    case "directory":
    case "link-loop":
      return finding(
        role === "interpreter" ? "interpreter-missing" : "entrypoint-missing",
        gap.reason === "directory"
          ? `${wanted} (${via}) is a folder, and no program.`
          : `${wanted} (${via}) is a symbolic link that leads back to itself: there is no program.`,
        gap.reason === "directory"
          ? "The name is that of a folder, often the one that holds the program: a file was copied into a folder of the name that it should have."
          : "Links were made in a circle: one of them replaced the program that it should lead to.",
        gap.reason === "directory"
          ? `Name the program in ${wanted}, or copy it to that path itself.`
          : `Let ${wanted} lead to the program itself.`,
      );
    case "missing":
      if (role === "loader") return missingLoader(image, gap);
      if (role === "library") {
        const { words, weight } = missingLibrary(gap, severity);
        const need = gap.optional === true ? `that LD_PRELOAD puts into ${path}` : `which ${path} needs to start`;
        return finding(
          "library-missing",
          `${wanted}, ${need}, is not in the image${words}.`,
          "The package that holds the library is not installed in the final stage, or is in a folder that the loader does not search.",
          `Install the package that holds ${wanted}, or name its folder in /etc/ld.so.conf.d or LD_LIBRARY_PATH.`,
          weight,
        );
      }
      return finding(
        role === "interpreter" ? "interpreter-missing" : "entrypoint-missing",
        role === "interpreter"
          ? `"${wanted}", the ${via}, is not in the image.`
          : `${wanted} (${via}) is not in the image${path === wanted ? "" : `; ${path} leads to nothing`}.`,
        `The file was not copied, has another name on this platform (a name with the architecture in it), ${gap.optional === true ? "comes with a volume, " : ""}or is a link to nothing.`,
        `Put ${wanted} into the final stage, or correct the name.`,
      );
  }
}

/** A program of Windows or macOS where one of Linux belongs. */
function foreignProgram(image: ImageFacts, gap: ChainGap, program: ForeignProgram): Finding {
  const { path, file, via, origin } = gap;
  const { format, architectures } = program;
  const isManaged = architectures.length === 0;
  const system = format === "pe" ? "Windows" : "macOS";
  const kind = isManaged ? "a .NET program" : `a ${system} program (${architectures.join(" and ")})`;
  return {
    ...fileFinding(image, {
      rule: "entrypoint-foreign-program",
      severity: origin === "healthcheck" ? "warning" : "error",
      path,
      message: `${path} (${via}) is ${kind}, which Linux does not start: a container ends at once with "exec format error".`,
      file,
    }),
    cause: {
      code: "entrypoint-foreign-program",
      text: isManaged
        ? "A .NET assembly is started by the runtime, not by its name."
        : `The program was built on or for ${system}: without GOOS=linux or a target for Linux, compilers take the system that they run on.`,
    },
    fix: {
      title: isManaged
        ? `Start it with the runtime: \`ENTRYPOINT ["dotnet", "${path}"]\`.`
        : `Build it in the Dockerfile, or for ${formatPlatform(image.expected.platform)} (Go: GOOS=linux GOARCH=$TARGETARCH).`,
    },
  };
}

function missingLoader(image: ImageFacts, gap: ChainGap): Finding {
  const { path, file, wanted } = gap;
  const { loader } = image.expected.architecture;
  const kind = baseName(wanted).startsWith("ld-musl-") ? "musl" : "glibc";
  const other = kind === "musl" ? loader.glibc : loader.musl;
  const hasOther = image.view.resolve(other).kind === "file";
  const float = wanted !== loader[kind] && baseName(wanted).startsWith("ld-linux");
  return {
    ...fileFinding(image, {
      rule: "loader-missing",
      severity: gap.origin === "healthcheck" ? "warning" : "error",
      path,
      message:
        `${path} needs the loader ${wanted}, which is not in the image: it cannot start, and the message will be "no such file or directory"` +
        `${hasOther ? ` (the image has ${other})` : ""}.`,
      file,
    }),
    cause: {
      code: "loader-missing",
      text: hasOther
        ? `The program was linked for ${kind} and the base image has the other C library.`
        : float
          ? "The program was compiled for another variant of the architecture (soft against hard float) than the base image."
          : "The program is linked dynamically, and the base image has no C library.",
    },
    fix: {
      title: hasOther
        ? `Build the program on a base with the same C library, or link it statically (Go: CGO_ENABLED=0).`
        : "Take a base image with this C library, or link the program statically (Go: CGO_ENABLED=0).",
    },
  };
}

function wrongLibrary(image: ImageFacts, gap: ChainGap): Finding {
  const { path, file, via, wanted } = gap;
  const elf = file?.entry.elf;
  const severity = gap.optional === true ? "warning" : "error";
  const parts = { rule: "library-wrong-architecture", severity, path, file } as const;
  if (elf === undefined) return fileFinding(image, { ...parts, message: `${wanted} (${via}) cannot be loaded.` });
  const effect =
    gap.optional === true
      ? "the loader complains, and goes on without it"
      : "and there is no other: the program does not start";
  const message = `${path} (${wanted}, ${via}) ${mismatch(image, elf)}${gap.optional === true ? ":" : ","} ${effect}.`;
  return wrongCodeFinding(image, elf, { ...parts, message });
}

/** Libraries that the container runtime puts in when the container starts: NVIDIA's driver. */
const injected = /^lib(?:cuda|nvidia-[\w-]+|nvcuvid|nvoptix)\.so/;

function missingLibrary(gap: ChainGap, severity: Severity): { words: string; weight: Severity } {
  if (injected.test(baseName(gap.wanted))) return { words: "; the runtime of the GPU brings it", weight: "note" };
  const [elsewhere] = gap.elsewhere ?? [];
  // The entrypoint may set LD_LIBRARY_PATH, or a library loaded before may bring it.
  return elsewhere === undefined
    ? { words: "", weight: severity }
    : { words: ` where the loader looks (it is at ${elsewhere})`, weight: "warning" };
}

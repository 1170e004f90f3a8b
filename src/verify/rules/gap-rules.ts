import type { Finding, Severity } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { ChainGap } from "../chain/chain-parts.ts";
import type { ForeignProgram } from "../layer/facts.ts";
import { fileFinding, mismatch, wrongCodeFinding } from "./finding-parts.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { baseName } from "../view/view.ts";

/** Rule, severity and words of something missing. */
export function gapFinding(image: ImageFacts, gap: ChainGap): Finding {
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

import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { pathDirectories } from "../chain/environment.ts";
import type { ForeignProgram } from "../layer/facts.ts";
import { systemNamed } from "../program/platform-words.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import type { ViewFile } from "../view/view.ts";
import { baseName } from "../view/view.ts";
import { homeOf } from "./exemptions.ts";
import { fileFinding } from "./finding-parts.ts";
import { libraryFolders } from "./library-folders.ts";

/** Names that say themselves that a file is for Windows, macOS or firmware: nobody takes it for a program of Linux. */
const openName = /\.(?:exe|dll|com|scr|cpl|ocx|drv|sys|efi|mui|pyd|dylib|bundle)(?:\.\w+)?$/i;

/** Folders and names of builds for other systems: cross compilers and packages that bring all of them. */
const otherSystem =
  /(?<![a-z0-9])(?:win(?:dows|32|64)?|darwin|mac(?:os(?:x)?)?|osx|apple|mingw\w*|cygwin|uefi|efi)(?![a-z])/i;

/** Loaders of Wine, which start programs of Windows: then those are in PATH on purpose. */
const wineLoaders = ["wine", "wine64", "wine-stable", "wine-development", "wine-preloader", "wine64-preloader"];

/**
 * Programs of Windows and macOS where programs and libraries of Linux belong, under names that do not tell: a build without
 * GOOS, or a file copied from a developer's machine. Those that the start chain reported are left out. Code for the .NET
 * runtime is no defect: its starter may be set up.
 */
export function foreignProgramFindings(image: ImageFacts, reported: ReadonlySet<string>): Finding[] {
  const { view, config } = image;
  const folders = pathDirectories(config.environment);
  const hasWine = folders.some((folder) =>
    wineLoaders.some((name) => view.resolve(`${folder}/${name}`).kind === "file"),
  );
  const findings = new Map<string, Finding>();
  const look = (folder: string, kind: "executable" | "library") => {
    for (const name of view.list(folder)) {
      const found = view.resolve(`${folder}/${name}`);
      if (found.kind !== "file" || reported.has(found.path) || findings.has(found.path)) continue;
      const { path, file } = found;
      const { program, mode } = file.entry;
      if (program === undefined || program.architectures.length === 0) continue;
      if (kind === "executable" ? (mode & 0o111) === 0 : !/\.so(?:\.|$)/.test(name)) continue;
      if ([name, baseName(path)].some((one) => openName.test(one)) || isAtHome(`${folder}/${name}`) || isAtHome(path))
        continue;
      if (program.format === "pe" && hasWine) continue;
      findings.set(path, foreignProgram(image, path, file, program, { kind, name: `${folder}/${name}`, folder }));
    }
  };
  for (const folder of new Set(folders)) look(folder, "executable");
  for (const folder of libraryFolders(image)) look(folder, "library");
  return [...findings.values()];
}

function isAtHome(path: string): boolean {
  return homeOf(path) !== undefined || otherSystem.test(path) || systemNamed(path) !== undefined;
}

/** How a file is reached. */
interface Reach {
  readonly kind: "executable" | "library";
  readonly name: string;
  readonly folder: string;
}

function foreignProgram(
  image: ImageFacts,
  path: string,
  file: ViewFile,
  program: ForeignProgram,
  { kind, name, folder }: Reach,
): Finding {
  const system = program.format === "pe" ? "Windows" : "macOS";
  const where = kind === "executable" ? `in PATH as ${name}` : `a library in ${folder}`;
  const effect = kind === "executable" ? "Linux does not start it" : "Linux does not load it";
  return {
    ...fileFinding(image, {
      rule: `${kind}-foreign-program`,
      severity: "error",
      path,
      message: `${path} (${where}) is ${system} code (${program.architectures.join(" and ")}): ${effect}.`,
      file,
    }),
    cause: {
      code: "foreign-program",
      text: `The file was built on or for ${system}: without GOOS=linux or a target for Linux, compilers take the system that they run on.`,
    },
    fix: {
      title: `Build it in the Dockerfile, or for ${formatPlatform(image.expected.platform)} (Go: GOOS=linux GOARCH=$TARGETARCH).`,
    },
  };
}

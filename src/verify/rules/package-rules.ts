import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import { wrongBase } from "./cause.ts";
import { fileFinding } from "./finding-parts.ts";
import { architectureOf, isOf } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { packageFit } from "../packages/package-architecture.ts";
import type { ArchitectureFile, Installed, PackageDatabase, PackageDatabases } from "../packages/package-databases.ts";
import type { ViewFile } from "../view/view.ts";

/** How many packages a finding names. */
const maxNamed = 5;

/**
 * What the databases of package managers tell about an image: packages of another architecture, also those without a line of
 * machine code; an architecture that apk would install for; and databases that were not read.
 */
export function packageFindings(image: ImageFacts, packages: PackageDatabases): Finding[] {
  const wrong = packages.databases.flatMap((database) => wrongPackages(image, database, packages));
  const isWhole = wrong.some(({ severity }) => severity === "error");
  const ofApk = isWhole ? undefined : apkFinding(image, packages.apkArchitecture);
  const unread = packages.unread.map(({ path, file, reason }) =>
    fileFinding(image, {
      rule: "packages-not-read",
      severity: "note",
      path,
      file,
      message: `The package database ${path} was not read: it ${reason}. Its packages were not looked at, and no file's package is named by it.`,
    }),
  );
  return [...wrong, ...(ofApk === undefined ? [] : [ofApk]), ...unread];
}

/** Packages of one architecture that is not the platform's. */
interface ForeignPackages {
  /** As the package manager spells it. */
  readonly word: string;
  /** OCI's name; absent where there are no images of it. */
  readonly name?: string;
  readonly installed: readonly Installed[];
}

type KnownPackages = ForeignPackages & Required<Pick<ForeignPackages, "name">>;

function wrongPackages(image: ImageFacts, database: PackageDatabase, packages: PackageDatabases): Finding[] {
  const { groups, own } = grouped(image, database);
  return groups.flatMap((group) => {
    const total = own + groups.reduce((sum, { installed }) => sum + installed.length, 0);
    const { name } = group;
    if (name === undefined) return [unknownPackages(image, database, group, total)];
    const isMost = group.installed.length * 2 > total;
    const isCompanion = image.expected.architecture.name === "amd64" && name === "386";
    // 32-bit packages may outnumber the others (Wine); a userland has the package manager's own ones.
    if (isCompanion && own > 0) return [];
    if (isMost) return [wrongUserland(image, database, { ...group, name }, total)];
    const isEnabled = database.kind === "dpkg" && packages.dpkgArchitectures?.words.includes(group.word) === true;
    return isEnabled ? [] : [singlePackages(image, database, group, total)];
  });
}

/** Packages of foreign architectures, by their word; `own` counts those of the platform itself. */
function grouped(image: ImageFacts, { kind, installed }: PackageDatabase): { groups: ForeignPackages[]; own: number } {
  const byWord = new Map<string, { name?: string; installed: Installed[] }>();
  let own = 0;
  for (const one of installed) {
    const word = one.package.architecture;
    const fit = packageFit(kind, word, image.expected);
    if (fit.kind === "own") own++;
    if (fit.kind !== "foreign" && fit.kind !== "companion") continue;
    const name = fit.kind === "companion" ? "386" : fit.name;
    const group = byWord.get(word) ?? { ...(name === undefined ? {} : { name }), installed: [] };
    group.installed.push(one);
    byWord.set(word, group);
  }
  return { groups: [...byWord].map(([word, group]) => ({ word, ...group })), own };
}

/** The whole database is of another architecture. */
function wrongUserland(image: ImageFacts, database: PackageDatabase, group: KnownPackages, total: number): Finding {
  const { word, name, installed } = group;
  const platform = formatPlatform(image.expected.platform);
  const counted =
    `${installed.length} of ${total} architecture-dependent packages are for ${word} ` +
    `(${database.kind}: ${named(installed)}), but the image is declared ${platform}`;
  if (holdsOwnCode(image)) {
    return {
      ...finding(
        image,
        database,
        group,
        "warning",
        `${counted}, and so is its machine code: the database does not belong to the files.`,
      ),
      cause: {
        code: "foreign-package-database",
        text: "The database was copied from an image of another platform, or the base without code of its own is of another platform.",
      },
      fix: {
        title: `Take base and database from an image for ${platform}: scanners and package managers go by what the database says.`,
      },
    };
  }
  return {
    ...finding(image, database, group, "error", `${counted}: its root file system is of another architecture.`),
    ...wrongBase(name, image.expected.architecture.name),
  };
}

/** Embedded distributions name packages by the model of the processor (Yocto: `cortexa57`), which says nothing against them. */
function unknownPackages(image: ImageFacts, database: PackageDatabase, group: ForeignPackages, total: number): Finding {
  const { word, installed } = group;
  const message = `${installed.length} of ${total} architecture-dependent packages are for ${word} (${database.kind}: ${named(installed)}), which Archway does not know.`;
  return finding(image, database, group, "note", message);
}

/** Some packages of an architecture that was not enabled. */
function singlePackages(image: ImageFacts, database: PackageDatabase, group: ForeignPackages, total: number): Finding {
  const { word, installed } = group;
  const platform = formatPlatform(image.expected.platform);
  const are = installed.length === 1 ? "is" : "are";
  const message =
    `${installed.length} of ${total} architecture-dependent packages ${are} for ${word} (${database.kind}: ${named(installed)}), ` +
    `but the image is declared ${platform}.`;
  return {
    ...finding(image, database, group, "warning", message),
    cause: {
      code: "foreign-package",
      text: "A package file was downloaded for a fixed architecture and installed by force, or an architecture option was given to the package manager.",
    },
    fix: {
      title: `Install the package for ${image.expected.architecture.name}, from the distribution or by $TARGETARCH.`,
    },
  };
}

function finding(
  image: ImageFacts,
  database: PackageDatabase,
  { installed }: ForeignPackages,
  severity: Finding["severity"],
  message: string,
): Finding {
  const file = firstFile(image, installed) ?? database.file;
  const [only, ...more] = installed;
  const made = fileFinding(image, { rule: "package-wrong-architecture", severity, path: database.path, file, message });
  if (only === undefined || more.length > 0) return made;
  const { name, version, architecture } = only.package;
  return { ...made, package: { database: database.kind, name, version, architecture } };
}

/** A file that one of the packages brought: its layer is where they were installed; the database changes with every package. */
function firstFile(image: ImageFacts, installed: readonly Installed[]): ViewFile | undefined {
  for (const path of installed.flatMap(({ files }) => files.slice(0, 1))) {
    const found = image.view.resolve(path);
    if (found.kind === "file") return found.file;
  }
  return undefined;
}

/** Whether the machine code that the platform can run outweighs that of other platforms. */
function holdsOwnCode({ view, expected }: ImageFacts): boolean {
  let own = 0;
  let other = 0;
  for (const { file } of view.files()) {
    const { elf } = file.entry;
    if (elf === undefined || architectureOf(elf) === undefined) continue;
    if (isOf(elf, expected.architecture)) own++;
    else other++;
  }
  return own > other;
}

function named(installed: readonly Installed[]): string {
  const names = installed.slice(0, maxNamed).map(({ package: { name, version } }) => `${name} ${version}`);
  return `${names.join(", ")}${installed.length > maxNamed ? " …" : ""}`;
}

/** apk installs for what this file says, whatever machine it runs on. */
function apkFinding(image: ImageFacts, file: ArchitectureFile | undefined): Finding | undefined {
  const [word] = file?.words ?? [];
  if (file === undefined || word === undefined) return undefined;
  const fit = packageFit("apk", word, image.expected);
  if (fit.kind === "own" || fit.kind === "independent") return undefined;
  const platform = formatPlatform(image.expected.platform);
  return {
    ...fileFinding(image, {
      rule: "apk-architecture-mismatch",
      severity: "warning",
      path: file.path,
      file: file.file,
      message: `${file.path} says ${word}, but the image is declared ${platform}: apk installs packages for ${word} into it.`,
    }),
    cause: {
      code: "apk-architecture-mismatch",
      text: "The file was copied from an image of another platform, or the final stage stands on one.",
    },
    fix: { title: `Leave ${file.path} as the base image for ${platform} has it.` },
  };
}

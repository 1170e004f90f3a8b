import type { Finding, OwningPackage } from "../finding/finding.ts";
import { architectureOf } from "./identity.ts";
import type { ImageFacts } from "./image-facts.ts";
import { packageFit } from "./package-architecture.ts";
import type { PackageDatabases } from "./package-databases.ts";
import type { FileSystemView, ViewFile } from "./view.ts";
import { baseName, parentPath } from "./view.ts";

/** Rules about machine code that is not the platform's: their cause may be the package. */
const aboutForeignCode = /-wrong-architecture$|^float-abi-mismatch$/;

/** Rules whose path is only an example of many. */
const aboutManyFiles: ReadonlySet<string> = new Set(["userland-wrong-architecture", "foreign-code-expected"]);

/**
 * Which packages list a file. Packages name folders that may be links in the image (`/bin/ls` of a system where `/bin` is
 * `usr/bin`), so that paths are compared with their folder's links followed.
 */
class Owners {
  readonly #view: FileSystemView;
  readonly #byPath = new Map<string, OwningPackage[]>();
  readonly #folders = new Map<string, string>();

  constructor(view: FileSystemView, { databases }: PackageDatabases) {
    this.#view = view;
    for (const { kind, installed } of databases) {
      for (const { package: one, files } of installed) {
        const { name, version, architecture } = one;
        const owner: OwningPackage = { database: kind, name, version, architecture };
        for (const path of files) this.#add(this.#real(path), owner);
      }
    }
  }

  of(path: string): readonly OwningPackage[] {
    return this.#byPath.get(this.#real(path)) ?? [];
  }

  #add(path: string, owner: OwningPackage): void {
    const owners = this.#byPath.get(path);
    if (owners === undefined) this.#byPath.set(path, [owner]);
    else owners.push(owner);
  }

  #real(path: string): string {
    const parent = parentPath(path);
    let folder = this.#folders.get(parent);
    if (folder === undefined) {
      const found = this.#view.resolve(parent);
      folder = found.kind === "directory" ? found.path.replace(/\/$/, "") : parent;
      this.#folders.set(parent, folder);
    }
    return `${folder}/${baseName(path)}`;
  }
}

/**
 * Names the package of each finding's file. Where foreign machine code comes with a package that is itself for another
 * architecture, the package is the cause.
 */
export function withOwners(
  findings: readonly Finding[],
  image: ImageFacts,
  packages: PackageDatabases,
): readonly Finding[] {
  if (packages.databases.length === 0 || !findings.some(isAboutFile)) return findings;
  const owners = new Owners(image.view, packages);
  return findings.map((finding) => {
    if (!isAboutFile(finding)) return finding;
    // What is in an archive belongs to the archive's package.
    const [path = ""] = finding.path.split("!/", 1);
    const found = image.view.resolve(path);
    const owner = ownerOf(owners.of(path), found.kind === "file" ? found.file : undefined, image);
    return owner === undefined ? finding : blaming({ ...finding, package: owner }, owner, image, packages);
  });
}

function isAboutFile(finding: Finding): boolean {
  return finding.path !== "/" && finding.package === undefined && !aboutManyFiles.has(finding.rule);
}

/** Of several packages that share a path, the one whose architecture is that of the code. */
function ownerOf(
  owners: readonly OwningPackage[],
  file: ViewFile | undefined,
  image: ImageFacts,
): OwningPackage | undefined {
  const elf = file?.entry.elf;
  const code = elf && architectureOf(elf);
  const own = image.expected.architecture.name;
  return (
    owners.find(({ database, architecture }) => {
      const fit = packageFit(database, architecture, image.expected);
      const name =
        fit.kind === "own" ? own : fit.kind === "companion" ? "386" : fit.kind === "foreign" ? fit.name : undefined;
      return name !== undefined && name === code;
    }) ?? owners[0]
  );
}

function blaming(finding: Finding, owner: OwningPackage, image: ImageFacts, packages: PackageDatabases): Finding {
  const { database, name, version, architecture } = owner;
  const fit = packageFit(database, architecture, image.expected);
  if (!aboutForeignCode.test(finding.rule) || (fit.kind !== "foreign" && fit.kind !== "companion")) return finding;
  const isEnabled = database === "dpkg" && packages.dpkgArchitectures?.words.includes(architecture) === true;
  const spelled = database === "dpkg" ? `${name}:${architecture}` : `${name}.${architecture}`;
  const of = isEnabled ? `the enabled foreign architecture ${architecture}` : `the architecture ${architecture}`;
  return {
    ...finding,
    cause: { code: "foreign-package", text: `The file is of the package ${spelled} ${version}, which is for ${of}.` },
    fix: {
      title:
        `Install ${name} for ${image.expected.architecture.name} (without ":${architecture}" or another architecture option, in a stage of this platform), ` +
        "or remove the package.",
    },
  };
}

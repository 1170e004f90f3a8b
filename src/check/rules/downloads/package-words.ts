import type { ReachedCommand } from "../../shell/trace.ts";
import { sliceValue, textOf, unknownMark, type Value } from "../../value.ts";
import { isUrl } from "./asset-kind.ts";
import { realProgram } from "./download-words.ts";
import type { PackageManager } from "./x86-packages.ts";

/** A package that a command installs. */
export interface InstalledPackage {
  readonly manager: PackageManager;
  /** Without version and architecture. */
  readonly name: string;
  /** What is behind the colon (apt): `i386`. */
  readonly architecture?: string;
  readonly word: Value;
}

const programs: Readonly<Record<string, PackageManager>> = {
  "apt-get": "apt",
  apt: "apt",
  aptitude: "apt",
  "apt-install": "apt",
  install_packages: "apt",
  apk: "apk",
  yum: "dnf",
  dnf: "dnf",
  dnf5: "dnf",
  microdnf: "dnf",
  tdnf: "dnf",
  zypper: "dnf",
};

/** Options that take the next word. */
const withValue =
  /^(?:-t|--target-release|-o|--option|-c|--config-file|--virtual|-X|--repository|-p|--root|--repositories-file|--installroot|--releasever|--enablerepo|--disablerepo|--setopt|-x|--exclude|--keys-dir)$/;

/** The packages that a command installs by name. */
export function installedPackages(command: ReachedCommand): InstalledPackage[] {
  const { program, at } = realProgram(command);
  const manager = programs[program];
  if (manager === undefined) return [];
  const words = command.words.slice(at + 1);
  const found: InstalledPackage[] = [];
  let isInstall = program === "apt-install" || program === "install_packages";
  for (let index = 0; index < words.length; index++) {
    const word = words[index];
    if (word === undefined) break;
    const text = textOf(word);
    if (text.startsWith("-")) index += withValue.test(text) ? 1 : 0;
    else if (isInstall) found.push(...packageOf(word, manager));
    else if (/^(?:install|add|in|reinstall|localinstall|build-dep|satisfy)$/.test(text)) isInstall = true;
    else return [];
  }
  return found;
}

function packageOf(word: Value, manager: PackageManager): InstalledPackage[] {
  const text = textOf(word);
  const name = /^[^=<>~\s]+/.exec(text)?.[0] ?? "";
  if (name === "" || name.includes(unknownMark) || isUrl(name)) return [];
  const [, bare = name, architecture] = manager === "apt" ? (/^([^:/]+)(?::([\w-]+))?(?:\/.*)?$/.exec(name) ?? []) : [];
  return [
    {
      manager,
      name: bare,
      word: sliceValue(word, 0, name.length),
      ...(architecture === undefined ? {} : { architecture }),
    },
  ];
}

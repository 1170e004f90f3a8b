import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { dependsOnPlatform, textOf, type Value } from "../../value.ts";
import { platformOf } from "./download.ts";
import { installedPackages, type InstalledPackage } from "./package-words.ts";
import { packageIndexOf } from "./release.ts";
import { isLookedAt, weigh } from "./weigh.ts";
import { x86Packages } from "./x86-packages.ts";

const id = "x86-only-package";

/** Finds packages that another platform's index does not have. */
export const x86OnlyPackage: Rule = {
  id,
  severity: "error",
  page: {
    title: "A package that exists for x86 alone",
    what: "A package manager is asked, on a platform other than amd64, for a package that its index has for amd64 (and i386) alone: Google Chrome, `gcc-multilib`, `msodbcsql17`, 32-bit libraries, Intel's libraries. That is known from the package index when there is one, else from a built-in table with the source of each entry. `playwright install chrome` and `msedge` count, too.",
    why: "Every architecture has a package index of its own. What nobody built for it is not there.",
    symptom:
      "`E: Unable to locate package google-chrome-stable`, `E: Package 'gcc-multilib' has no installation candidate`, `ERROR: Failed to install msedge: not supported on Linux Arm64`",
    fix: 'Install it only where it exists, or take what all architectures have:\n\n```diff\n-RUN apt-get install -y build-essential gcc-multilib\n+RUN apt-get install -y build-essential \\\n+ && if [ "$(dpkg --print-architecture)" = amd64 ]; then apt-get install -y gcc-multilib; fi\n```',
    ignore: "When a repository that the image adds has the package for the platform.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  for (const execution of model.executions) {
    if (execution.scope === "runner" || !isLookedAt(execution)) continue;
    const platform = execution.stage === undefined ? execution.machine : platformOf(execution.stage);
    if (platform.os !== "linux") continue;
    for (const command of execution.trace.commands) {
      for (const each of installedPackages(command)) {
        const found = lacking(each, platform, execution, model);
        if (found !== undefined) yield problemOf(each.word, found, platform, execution, command);
      }
      for (const word of unsupportedBrowsers(command)) {
        if (platform.architecture === "amd64") continue;
        const found = {
          name: textOf(word),
          instead: "Install chromium, which has builds for arm64.",
          certain: true,
          reason: "browsers",
        };
        yield problemOf(word, found, platform, execution, command);
      }
      if (platform.architecture !== "amd64" && isGitLfsScript(command)) yield oldGitLfs(platform, execution, command);
    }
  }
}

interface Lacking {
  readonly name: string;
  /** What is wrong, when it is not that the package is for amd64 alone. */
  readonly message?: string;
  /** Packages of one command that are missing for the same reason have the same. */
  readonly reason: string;
  readonly instead: string;
  readonly certain: boolean;
  readonly folder?: string;
}

/** Says why a package cannot be installed on a platform; undefined when it can, or when that is not known. */
function lacking(each: InstalledPackage, platform: Platform, execution: Execution, model: Model): Lacking | undefined {
  const { name, manager, architecture, word } = each;
  if (architecture !== undefined) return foreignPackage(name, architecture, platform);
  const fact = factOf(each, execution, model);
  if (fact !== undefined) {
    if (fact === null || fact.platforms === "all" || fact.platforms.length === 0) return undefined;
    if (fact.platforms.some((other) => samePlatform(other, platform))) return undefined;
    return {
      name,
      instead: `Install it only where it exists, or take another package on ${formatPlatform(platform)}.`,
      certain: true,
      reason: name,
    };
  }
  if (platform.architecture === "amd64" || platform.architecture === "386") return undefined;
  const known = x86Packages.find((entry) => entry.managers.includes(manager) && entry.name.test(name));
  if (known !== undefined) {
    const { instead, certain, folder } = known;
    return { name, instead, certain, reason: known.name.source, ...(folder === undefined ? {} : { folder }) };
  }
  if (dependsOnPlatform(word)) return undefined;
  // Kernels, boot loaders and the like end in the name of their architecture: linux-image-amd64, foo.x86_64.
  const last = namesIn(name).at(-1);
  const isOwn = last !== undefined && last.end === name.length && /[-.]/.test(name.charAt(last.start - 1));
  if (
    !isOwn ||
    !/^(?:amd64|x86[_-]64)$/.test(last.text) ||
    /cross|gcc|g\+\+|binutils|qemu|\.(?:deb|rpm|apk)$/.test(name)
  )
    return undefined;
  return {
    name,
    message: `The package ${name} is the one for amd64.`,
    instead: `Take the package for ${platform.architecture}.`,
    certain: true,
    reason: "own name",
  };
}

/** `libc6:i386` on arm64: apt may get it when told, but its programs do not run. */
function foreignPackage(name: string, architecture: string, platform: Platform): Lacking | undefined {
  const isX86 = platform.architecture === "amd64" || platform.architecture === "386";
  if (isX86 || !/^(?:i386|amd64)$/.test(architecture)) return undefined;
  return {
    name: `${name}:${architecture}`,
    message: `The package ${name}:${architecture} is for x86: its programs do not run on other platforms.`,
    instead: "Install it on amd64 alone.",
    certain: false,
    reason: "foreign packages",
  };
}

function factOf({ manager, name }: InstalledPackage, { stage }: Execution, model: Model) {
  if (stage === undefined || name.includes("/") || manager === "dnf") return undefined;
  const index = packageIndexOf(stage);
  if (manager === "apk") return index.apk === undefined ? undefined : model.facts.package(`apk:${index.apk}:${name}`);
  return index.apt === undefined ? undefined : model.facts.package(`deb:${index.apt}:${name}`);
}

/** Browsers that Playwright gets for amd64 alone: `playwright install --with-deps chromium msedge`. */
function unsupportedBrowsers({ words }: ReachedCommand): Value[] {
  const texts = words.map(textOf);
  const tool = texts.findIndex((text) => /(?:^|[/@])playwright(?:-core)?(?:[/@]|$)/.test(text));
  const install = texts.indexOf("install", tool + 1);
  if (tool < 0 || install < 0) return [];
  return words.slice(install + 1).filter((word) => /^(?:chrome|msedge)(?:-(?:beta|dev|canary))?$/.test(textOf(word)));
}

function problemOf(
  word: Value,
  found: Lacking,
  platform: Platform,
  execution: Execution,
  command: ReachedCommand,
): Problem {
  const { stage } = execution;
  const weight = weigh({ execution, command, ...(stage === undefined ? {} : { stage }) });
  const isDoubtful = weight.severity === "error" && (!found.certain || command.guarded);
  const place = placeOf(word, command);
  return {
    rule: id,
    severity: isDoubtful ? "warning" : weight.severity,
    message: [found.message ?? `There is no package ${found.name} for platforms other than amd64.`, weight.because]
      .filter(Boolean)
      .join(" "),
    platforms: [platform],
    place,
    key: [id, command.place.path, command.place.line, command.place.column, found.reason].join("\0"),
    spots: [{ place, text: textOf(word) }],
    related: programsIn(found.folder, execution),
    advice: found.instead,
  };
}

/** The commands that run a program of a package's own folder. */
function programsIn(folder: string | undefined, { trace }: Execution): NonNullable<Problem["related"]> {
  if (folder === undefined) return [];
  return trace.commands
    .filter(({ words: [program] }) => program !== undefined && textOf(program).startsWith(folder))
    .map(({ place }) => ({ place, message: "A program of the package is run here." }));
}

function placeOf(word: Value, command: ReachedCommand): Place {
  const [piece] = word.pieces;
  return word.pieces.length === 1 && piece?.place !== undefined ? piece.place : command.place;
}

/**
 * The repository of Git LFS on packagecloud: https://github.com/git-lfs/git-lfs/issues/4546 (amd64 alone), and pull request 4728, which brings arm64 for
 * Debian 11 and later, from version 3.1 on (2021-11).
 */
function isGitLfsScript({ words }: ReachedCommand): boolean {
  return words.some((word) => /packagecloud\.io\/install\/repositories\/github\/git-lfs/.test(textOf(word)));
}

function oldGitLfs(platform: Platform, execution: Execution, command: ReachedCommand): Problem {
  const { stage } = execution;
  const suite = stage === undefined ? undefined : packageIndexOf(stage).apt;
  const weight = weigh({ execution, command, ...(stage === undefined ? {} : { stage }) });
  const isOld = suite !== undefined && !/^(?:bullseye|bookworm|trixie)$/.test(suite) && weight.severity === "error";
  return {
    rule: id,
    severity: isOld ? "warning" : "note",
    message: "This repository has git-lfs for arm64 only on Debian 11 and later; elsewhere it is for amd64 alone.",
    platforms: [platform],
    place: command.place,
    advice: "Install the distribution's own package git-lfs, or the archive of the release for the platform.",
  };
}

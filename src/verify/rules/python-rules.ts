import type { Finding } from "../../finding/finding.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { Explanation } from "./cause.ts";
import { homeOf } from "./exemptions.ts";
import { fileFinding } from "./finding-parts.ts";
import { describeCode, isOf } from "../program/identity.ts";
import type { ImageFacts } from "../view/image-facts.ts";
import { namesArchitecture } from "../program/platform-words.ts";
import { firstOf } from "./tally.ts";
import type { ViewFile } from "../view/view.ts";
import { parentPath } from "../view/view.ts";

/** Findings about Python packages, and the extension modules that they speak of. */
export interface PythonFindings {
  readonly findings: readonly Finding[];
  readonly reported: ReadonlySet<string>;
}

/** Something wrong with one package or module. */
interface Doubt {
  readonly rule: "wheel-wrong-architecture" | "wheel-wrong-libc" | "python-extension-mismatch";
  /** Folder that the packages are installed in. */
  readonly folder: string;
  /** What it was made for, in words. */
  readonly made: string;
  readonly name: string;
  readonly path: string;
  readonly file: ViewFile;
}

/** `numpy-1.26.4.dist-info/WHEEL` in a folder of packages. */
const wheelFile = /^(.*\/(?:site|dist)-packages)\/([^/]+)\.dist-info\/WHEEL$/;

/**
 * What an extension module is for, by its name (PEP 3149, PEP 425): Python imports none with the name of another platform. Those
 * with `.abi3.so` or `.so` alone do not say.
 */
const extensionName =
  /\/([^/.]+)\.(?:(?:cpython|pypy|graalpy)[\w-]*?-([a-z0-9_]+-linux-\w+|darwin)\.so|cp\d+[a-z]*-(win\w+)\.pyd)$/;

/** Platform tags of wheels for Linux (PEP 600, PEP 656): a C library with its version, and the machine as `uname -m` has it. */
const linuxTag = /^(manylinux(?:\d+|_\d+_\d+)|musllinux_\d+_\d+|linux)_(\w+)$/;

/**
 * Wheels that were made for another platform or C library than the image's, by their tags, and extension modules that cannot be
 * imported, by their names. Warnings: whether anything needs them is not known, and machine code that does is judged by itself.
 */
export function pythonFindings(image: ImageFacts): PythonFindings {
  const doubts: Doubt[] = [];
  const modules: { readonly doubt: Doubt; readonly key: string }[] = [];
  const right = new Set<string>();
  for (const { path, file } of image.view.files()) {
    const wheel = file.entry.text === undefined ? undefined : wheelDoubt(image, path, file, file.entry.text);
    if (wheel !== undefined) doubts.push(wheel);
    if (file.entry.elf === undefined && file.entry.program === undefined) continue;
    const extension = extensionName.exec(path);
    if (extension === null || homeOf(path) !== undefined) continue;
    const [, name = "", unix, windows] = extension;
    const key = `${parentPath(path)}/${name}`;
    const made = moduleDoubt(image, file, unix ?? windows ?? "");
    if (made === undefined) right.add(key);
    else
      modules.push({
        key,
        doubt: { rule: "python-extension-mismatch", folder: packagesFolder(path), made, name, path, file },
      });
  }
  // Beside the module for this platform the others are spare.
  const wrong = modules.filter(({ key }) => !right.has(key)).map(({ doubt }) => doubt);
  const groups = Map.groupBy([...doubts, ...wrong], ({ rule, folder, made }) => `${rule} ${folder} ${made}`);
  return {
    findings: [...groups.values()].flatMap((group) => folded(image, group)),
    reported: new Set(wrong.map(({ path }) => path)),
  };
}

function packagesFolder(path: string): string {
  return /^.*\/(?:site|dist)-packages(?=\/)/.exec(path)?.[0] ?? parentPath(path);
}

/** What a module is made for, when Python for this platform cannot import it. */
function moduleDoubt(image: ImageFacts, file: ViewFile, suffix: string): string | undefined {
  const { architecture, platform } = image.expected;
  const isNamedRight = suffix.includes("-linux-") && namesArchitecture(suffix, architecture.name);
  if (!isNamedRight) return `named for ${suffix}, which Python on ${formatPlatform(platform)} does not look for`;
  const { elf } = file.entry;
  if (elf !== undefined && isOf(elf, architecture)) return undefined;
  return `named for ${suffix}, but compiled for ${elf === undefined ? "another system" : describeCode(elf)}`;
}

function wheelDoubt(image: ImageFacts, path: string, file: ViewFile, text: string): Doubt | undefined {
  const found = wheelFile.exec(path);
  if (found === null || homeOf(path) !== undefined) return undefined;
  const [, folder = "", distribution = ""] = found;
  const tags = [...text.matchAll(/^Tag:[ \t]*\S+-(\S+?)\s*$/gm)].flatMap(([, platforms = ""]) => platforms.split("."));
  if (tags.length === 0 || tags.includes("any")) return undefined;
  const name = distribution.replace(/-([^-]+)$/, " $1");
  const made = `made for ${firstOf(tags.slice(0, 2), tags.length)}`;
  const fitting = tags.filter((tag) => fitsMachine(tag, image.expected.architecture.name));
  if (fitting.length === 0) return { rule: "wheel-wrong-architecture", folder, made, name, path, file };
  const libc = onlyLibc(image);
  const isOther = (tag: string) =>
    (libc === "musl" && tag.startsWith("manylinux")) || (libc === "glibc" && tag.startsWith("musllinux"));
  return fitting.every(isOther) ? { rule: "wheel-wrong-libc", folder, made, name, path, file } : undefined;
}

function fitsMachine(tag: string, architecture: string): boolean {
  const [, kind, machine = ""] = linuxTag.exec(tag) ?? [];
  if (kind === undefined) return false;
  // Wheels that were built in a 32-bit userland under a 64-bit kernel may have the kernel's name.
  if (kind === "linux" && architecture === "arm" && machine === "aarch64") return true;
  if (kind === "linux" && architecture === "386" && machine === "x86_64") return true;
  return /^armv\d/.test(machine) ? architecture === "arm" : namesArchitecture(machine, architecture);
}

/** The C library of an image that has one alone. */
function onlyLibc({ view, expected }: ImageFacts): "glibc" | "musl" | undefined {
  const { loader } = expected.architecture;
  const has = (path: string) => view.resolve(path).kind === "file";
  const [glibc, musl] = [has(loader.glibc), has(loader.musl)];
  return glibc === musl ? undefined : glibc ? "glibc" : "musl";
}

/** One finding for all packages of a folder that have the same fault. */
function folded(image: ImageFacts, group: readonly Doubt[]): Finding[] {
  const [first] = group.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  if (first === undefined) return [];
  const { rule, folder, made, path, file } = first;
  const platform = formatPlatform(image.expected.platform);
  const names = [...new Set(group.map(({ name }) => name))].sort();
  const listed = firstOf(names.slice(0, 5), names.length);
  const isModule = rule === "python-extension-mismatch";
  const one = group.length === 1;
  const message = isModule
    ? `In ${folder} ${group.length} extension module${one ? "" : "s"} (${listed}) ${one ? "is" : "are"} ${made}: importing ${one ? "it" : "them"} fails.`
    : `In ${folder} ${group.length} wheel${one ? " is" : "s are"} ${made} (${listed}), but ${declaredAs(image, rule, platform)}: importing fails.`;
  return [
    {
      ...fileFinding(image, {
        rule,
        severity: "warning",
        path,
        message,
        file,
      }),
      ...explain(image),
    },
  ];
}

/** What the image is, which the wheels are not. */
function declaredAs(image: ImageFacts, rule: Doubt["rule"], platform: string): string {
  return rule === "wheel-wrong-libc"
    ? `the image has ${onlyLibc(image) ?? "another C library"}`
    : `the image is declared ${platform}`;
}

function explain({ expected }: ImageFacts): Explanation {
  const { machine } = expected.architecture;
  return {
    cause: {
      code: "python-packages-copied",
      text: "The packages were installed on another platform and copied, or pip was told another one (`--platform`).",
    },
    fix: {
      title: `Run \`pip install\` in a stage of this platform and on this C library; where pip downloads for another machine, name it (\`--platform manylinux2014_${machine}\`).`,
    },
  };
}

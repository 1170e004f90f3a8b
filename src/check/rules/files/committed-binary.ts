import { posix } from "node:path";
import { formatPlatform } from "../../../platform/platform.ts";
import type { BinaryIdentity } from "../../repository/binary.ts";
import { contextOpener, pathInContext, sourceFiles, type SourceFile } from "../../repository/build-context.ts";
import type { Repository } from "../../repository/repository.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { setKey } from "../../../verify/program/platform-words.ts";
import { contextFolders, isKnownText, platformsOf, reachedSources, type ReachedSource } from "./reached-copies.ts";

/** Folders whose programs are data for tests and examples. */
const testData =
  /(?:^|\/)(?:testdata|test-?data|tests?|spec|fixtures?|examples?|samples?|docs?|vendor|node_modules|third_party|\.git[^/]*|corpus|golden)\//i;

/** Files of one copied folder that are told of by name. */
const maxNamed = 5;

/** A file with machine code that is kept in the repository and copied into the image of another architecture. */
export const committedBinary: Rule = {
  id: "committed-binary",
  severity: "error",
  page: {
    title: "A program of one architecture is kept in the repository and copied into every image",
    what: "A `COPY` or `ADD` that takes a file with machine code from the repository: a program, a library, a static library, a `.deb`, `.rpm`, wheel or jar with native code. What it is for is read from its header. Files that have a sibling for every platform are fine.",
    why: "The file has code for one processor. The image for the other platforms gets it all the same.",
    symptom:
      "`exec /tini: exec format error`, `cannot execute binary file: Exec format error`, `wrong ELF class`, or `package architecture (amd64) does not match system (arm64)` from dpkg.",
    fix: "Take the program from the distribution (`apk add tini`), or download the file of the platform that is built, with a checksum for each:\n\n```diff\n-COPY bin/tini /tini\n+ARG TARGETARCH\n+ADD https://github.com/krallin/tini/releases/download/v0.19.0/tini-${TARGETARCH} /tini\n```\n\nOr keep one file for each platform and copy `bin/tini-${TARGETARCH}`.",
    ignore: "The file is data: nothing in the image executes or loads it.",
  },
  *find(model) {
    const binariesOf = finder(model.repository);
    for (const source of reachedSources(model)) {
      if (source.copy.from.kind === "context" && isKnownText(source.text)) yield* problemsOf(binariesOf, source);
    }
  },
};

interface Found {
  readonly file: SourceFile;
  readonly identity: BinaryIdentity;
}

/** Finds the files with machine code that a source takes from a context, each question once: variants of a build ask the same. */
function finder(repository: Repository): (dockerfile: string, folder: string, source: string) => readonly Found[] {
  const open = contextOpener(repository);
  const known = new Map<string, readonly Found[]>();
  return (dockerfile, folder, source) => {
    const context = open(dockerfile, folder);
    const key = [context.ignoreFile ?? "", folder, source].join("\0");
    const found =
      known.get(key) ??
      sourceFiles(repository, context, source).flatMap((file): Found[] => {
        const identity = repository.binary(file.file.path);
        return identity === undefined ? [] : [{ file, identity }];
      });
    known.set(key, found);
    return found;
  };
}

function* problemsOf(binariesOf: ReturnType<typeof finder>, source: ReachedSource): Generator<Problem, void, void> {
  const { file, text, copy, stage, variant } = source;
  const wanted = platformsOf(source);
  const whole = pathInContext(text) === "";
  for (const folder of contextFolders(source)) {
    const binaries = binariesOf(file.path, folder, text);
    const own = binaries.filter(({ identity }) => wanted.some(({ architecture }) => isFor(identity, architecture)));
    const siblings = new Set(own.map(({ file }) => keyOf(file)));
    const foreign = binaries.filter(
      (each) =>
        !own.includes(each) &&
        each.identity.machines.some(({ os }) => os === "linux") &&
        !siblings.has(keyOf(each.file)) &&
        !(whole && testData.test(each.file.path)),
    );
    const [first] = foreign;
    if (first === undefined) continue;
    const isFile = foreign.some(({ file }) => file.path === pathInContext(text));
    const used = foreign.filter((each) => isFile || isUsed(source, posix.basename(each.file.path)));
    const named = (used.length > 0 ? used : foreign).map((each) => each.file.file.path);
    const platform = stage.role === "build" ? stage.stage.platform : variant.platform;
    const list =
      named.slice(0, maxNamed).join(", ") + (named.length > maxNamed ? ` and ${named.length - maxNamed} more` : "");
    yield {
      rule: "committed-binary",
      severity: used.length > 0 ? (stage.role === "build" ? "warning" : "error") : "note",
      message:
        `${list} ${named.length > 1 ? "are" : "is"} for ${machinesOf(used[0] ?? first)} by the header, but ${named.length > 1 ? "go" : "goes"} into the image ` +
        `for ${formatPlatform(platform)} too: there ${named.length > 1 ? "they fail" : "it fails"} with "exec format error".`,
      platforms: [platform],
      place: copy.place,
      advice: "Install the program from the distribution, or download the file of the platform by TARGETARCH.",
    };
    return;
  }
}

function isFor({ machines }: BinaryIdentity, architecture: string): boolean {
  return machines.some((machine) => {
    if (machine.os !== "linux") return false;
    return machine.architecture === architecture || (machine.architecture === "386" && architecture === "amd64");
  });
}

/** Equal for the builds of one thing for several platforms. */
function keyOf({ path }: SourceFile): string {
  const { folder, name } = setKey(`/${path}`);
  return `${folder}\0${name}`;
}

function machinesOf({ identity }: Found): string {
  return identity.machines.map(({ os, architecture }) => `${os}/${architecture}`).join(", ");
}

/** True when a command, an entry point or a variable of the build names the file, or a folder is copied where programs and libraries are looked for. */
function isUsed({ variant, copy }: ReachedSource, name: string): boolean {
  if (/^\/(?:usr\/)?(?:local\/)?(?:bin|sbin|lib|lib64)(?:\/|$)/.test(textOf(copy.destination))) return true;
  return variant.stages.some(({ stage, runs }) => {
    const isStarted = stage.instructions.some(({ keyword, instruction }) => {
      return (keyword === "ENTRYPOINT" || keyword === "CMD") && names(instruction.source, name);
    });
    return (
      isStarted ||
      runs.some(({ trace }) => trace.commands.some(({ words }) => words.some((word) => names(textOf(word), name))))
    );
  });
}

function names(text: string, name: string): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const around = text.charAt(at - 1) + text.charAt(at + name.length);
    if (!/[\w.-]/.test(around)) return true;
  }
  return false;
}

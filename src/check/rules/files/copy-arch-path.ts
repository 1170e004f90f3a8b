import { formatPlatform } from "../../../platform/platform.ts";
import type { CopyModel, Model, StageModel } from "../../model.ts";
import type { ForeignName } from "../../names/foreign.ts";
import { spotsOf } from "../../names/foreign.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { isLibraryFolder } from "./library-folder.ts";
import {
  foreignToAll,
  isPort,
  pathPattern,
  platformsOf,
  reachedSources,
  reachedStages,
  type ReachedSource,
} from "./reached-copies.ts";

/** Sources of programs and documents: a name of an architecture in theirs says what they are about, and not what they run on. */
const sourceCode =
  /\.(?:s|asm|c|cc|cpp|cxx|h|hh|hpp|inc|go|rs|java|kt|cs|swift|zig|md|rst|adoc|txt|patch|diff|html?|svg|png|dts|dtsi|ld|lds|proto)$/i;

/** Texts that may well be made for one architecture, and may as well be about one. */
const textFile =
  /\.(?:sh|bash|py|rb|pl|js|ts|json|ya?ml|toml|ini|conf|cfg|env|list|repo|sources|xml|properties|mk|cmake|service|tmpl|tpl|lock)$/i;

/** QEMU's emulators are named after the machine that they emulate: that is never the one that they run on. */
const emulator = /(?:^|\/)qemu-[a-z0-9_]+(?:-static)?$/i;

/** COPY and ADD of a file from the context that is named after another architecture. */
export const copyArchPath: Rule = {
  id: "copy-arch-path",
  severity: "error",
  page: {
    title: "A file of one fixed architecture is copied into the image of every platform",
    what: "A `COPY` or `ADD` whose source in the build context names an architecture (`bin/app-amd64`, `dist/x86_64/app`) that is not the one of the platform the image is for. Variables are followed, and nothing is said when siblings for all platforms are copied.",
    why: "The image for the other platforms gets the program of the first one, or its build ends because the file is not there: the Makefile made `bin/app-arm64`.",
    symptom:
      'Either the build ends with `lstat bin/app-amd64: no such file or directory` (BuildKit: `failed to calculate checksum of ref …: "/bin/app-amd64": not found`), or the container ends at its start with `exec /app: exec format error`.',
    fix: "Take the name from the platform that is built:\n\n```diff\n+ARG TARGETARCH\n-COPY bin/app-amd64 /usr/bin/app\n+COPY bin/app-${TARGETARCH} /usr/bin/app\n```\n\nIf the files have other names than Docker's (`x86_64`, `aarch64`), rename them where they are made. Copy to a path without an architecture, so that nothing else in the Dockerfile needs the name.",
    ignore: "The image is for one architecture only, or the file is data that only carries the name.",
  },
  *find(model) {
    for (const source of reachedSources(model)) {
      if (source.copy.from.kind !== "context") continue;
      const found = archPathProblem(model, source, "copy-arch-path");
      if (found !== undefined) yield found;
    }
  },
};

/** COPY from another stage of a path that is named after another architecture. */
export const stageCopyArchPath: Rule = {
  id: "stage-copy-arch-path",
  severity: "error",
  page: {
    title: "A path of one fixed architecture is copied from another stage",
    what: "A `COPY --from=STAGE` whose source names an architecture that is not the one of the platform the image is for: `target/x86_64-unknown-linux-musl/release/app`.",
    why: "On the other platforms the stage before has its files under another name, or it made them for the wrong architecture.",
    symptom:
      '`failed to calculate checksum of ref …: "/src/target/x86_64-unknown-linux-musl/release/app": not found`, or `exec format error` when the container starts.',
    fix: 'Let the stage before put its result at a path without an architecture:\n\n```diff\n-RUN cargo build --release --target x86_64-unknown-linux-musl\n+RUN cargo build --release --target "$(uname -m)-unknown-linux-musl" \\\n+ && cp target/*-unknown-linux-musl/release/app /app\n …\n-COPY --from=build /src/target/x86_64-unknown-linux-musl/release/app /usr/bin/app\n+COPY --from=build /app /usr/bin/app\n```',
    ignore: "The image is for one architecture only.",
  },
  *find(model) {
    for (const source of reachedSources(model)) {
      if (source.copy.from.kind === "context" || isMadeThere(source)) continue;
      const found = archPathProblem(model, source, "stage-copy-arch-path");
      if (found !== undefined) yield found;
    }
  },
};

/** True when the stage itself writes the very path on this platform (`go build -o`, `cp`): the name is then only a name. */
function isMadeThere({ copy: { from }, text, variant }: ReachedSource): boolean {
  if (from.kind !== "stage") return false;
  const maker = variant.stages.find(({ stage }) => stage.index === from.index);
  const commands = maker?.runs.flatMap(({ trace }) => trace.commands) ?? [];
  return commands.some(({ program, words, outputs }) => {
    const texts = words.map(textOf);
    const written = outputs.map(textOf);
    if (texts.includes("-o")) written.push(texts[texts.indexOf("-o") + 1] ?? "");
    if (/^(?:cp|mv|install|ln)$/.test(program)) written.push(texts.at(-1) ?? "");
    const plain = (path: string): string => path.replace(/^\.?\/+/, "");
    return written.some((path) => path !== "" && (path === text || text.endsWith(`/${plain(path)}`)));
  });
}

function archPathProblem(model: Model, source: ReachedSource, rule: string): Problem | undefined {
  const { text, value, copy, variant, stage, file } = source;
  if (sourceCode.test(text) || emulator.test(text)) return undefined;
  const names = foreignToAll(value, platformsOf(source)).filter(({ name }) => !isLibraryFolder(text, name));
  const [first] = names;
  if (first === undefined || hasOwnSibling(source)) return undefined;
  const onBuilder = stage.role === "build";
  const platform = onBuilder ? stage.stage.platform : variant.platform;
  const severity = textFile.test(text) || isPort(first, model) ? "note" : onBuilder ? "warning" : "error";
  const cause = causeOf(first, copy);
  const here = copy.place;
  const isElsewhere =
    cause !== undefined && (cause.path !== here.path || cause.line < here.line || cause.line > here.endLine);
  const message =
    `${text} is for ${first.name.architecture} by its name, but is copied into the ${onBuilder ? "build stage" : "image"} for ${formatPlatform(platform)} too: ` +
    'there it is missing, or its programs fail with "exec format error".';
  return {
    rule,
    severity,
    message,
    platforms: [platform],
    place: isElsewhere ? cause : here,
    spots: spotsOf(names),
    ...(isElsewhere ? { related: [{ place: here, message: "The file is copied here." }] } : {}),
    advice: adviceFor(first, text),
    // Lines of one stage that name the same architecture are one mistake, and are repaired together.
    key: [
      rule,
      file.path,
      stage.stage.index,
      isElsewhere ? `${cause.line}:${cause.column}` : first.name.text,
      severity,
    ].join("\0"),
  };
}

/** Where the name is written, when a variable brought it. */
function causeOf({ through, place }: ForeignName, copy: CopyModel) {
  return through.length > 0 ? place : place === undefined ? undefined : copy.place;
}

function adviceFor({ name }: ForeignName, text: string): string {
  if (name.text === name.architecture) {
    const better = `${text.slice(0, name.start)}\${TARGETARCH}${text.slice(name.end)}`;
    return `Declare ARG TARGETARCH and copy ${better}.`;
  }
  return `Make the file under Docker's name of the architecture, and copy ${text.slice(0, name.start)}\${TARGETARCH}${text.slice(name.end)}.`;
}

/** True when the build copies the same thing for this platform too: `app-amd64` beside `app-arm64`, to choose at run time. */
function hasOwnSibling({ variant, text, value }: ReachedSource): boolean {
  const pattern = pathPattern(text);
  return reachedStages(variant).some((stage) => siblingsIn(stage, pattern, value).length > 0);
}

function siblingsIn(stage: StageModel, pattern: string, value: ReachedSource["value"]) {
  return stage.copies
    .flatMap(({ sources }) => sources)
    .filter((other) => {
      return (
        other !== value &&
        pathPattern(textOf(other)) === pattern &&
        foreignToAll(other, [stage.variant.platform]).length === 0
      );
    });
}

import type { IgnorePattern } from "../../../dockerfile/ignore-pattern.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, type Platform } from "../../../platform/platform.ts";
import { spellingFor } from "../../names/spelling.ts";
import type { Place } from "../../place.ts";
import { contextOpener, hasWildcard, pathInContext, type BuildContext } from "../../repository/build-context.ts";
import type { Repository } from "../../repository/repository.ts";
import type { Problem, Rule } from "../../rule.ts";
import { outputFolders, type OutputFolder } from "./output-folders.ts";
import { contextFolders, isKnownText, reachedSources, type ReachedSource } from "./reached-copies.ts";

/** An ignore file that lets the files of one architecture into the context and not those of another. */
export const dockerignoreHidesArch: Rule = {
  id: "dockerignore-hides-arch",
  severity: "error",
  page: {
    title: "The ignore file hides the files of an architecture from the build",
    what: "A `COPY` takes files that are named after an architecture, and `.dockerignore` (or `NAME.dockerignore` beside the Dockerfile) leaves those of one platform out of the build context while it lets another's in. Typical is a list of what is allowed: `*`, then `!dist/amd64/app`. As a note it also tells when the folder in which the builds of all architectures lie is hidden while the image takes a single file that fits one of them only.",
    why: "The engine sends only what the ignore file lets through; the last pattern that matches a path decides. A file of another architecture that nobody lists stays out, though it lies on the disk. BuildKit's own check (`CopyIgnoredFile`) is silent as soon as the file has a line with `!`.",
    symptom:
      '`COPY failed: file not found in build context or excluded by .dockerignore: stat dist/arm64/app: file does not exist`, or with BuildKit `failed to calculate checksum of ref …: "/dist/arm64/app": not found`.',
    fix: "List the files of every architecture, or their folder:\n\n```diff\n *\n-!dist/amd64/app\n+!dist/*/app\n```",
    ignore: "The Dockerfile is built for the listed architectures only.",
  },
  *find(model) {
    const sources = [...reachedSources(model)].filter(
      ({ copy, text }) => copy.from.kind === "context" && isKnownText(text),
    );
    const open = contextOpener(model.repository);
    const outputs = outputFolders(model.repository);
    for (const source of sources) {
      for (const folder of contextFolders(source)) {
        const context = open(source.file.path, folder);
        const found = hiddenSource(context, source, model.platforms, sources);
        if (found !== undefined) yield found;
        yield* hiddenOutputs(model.repository, outputs, context, source);
      }
    }
  },
};

/** A source that is hidden for the platform of the build, as it is written or as it would be called there, and let through for another. */
function hiddenSource(
  context: BuildContext,
  { text, variant, copy, file }: ReachedSource,
  platforms: readonly Platform[],
  sources: readonly ReachedSource[],
): Problem | undefined {
  const { ignoreFile } = context;
  const path = pathInContext(text);
  if (ignoreFile === undefined || namesIn(path).length === 0) return undefined;
  const { platform } = variant;
  const here = respelled(path, platform) ?? path;
  const excluded = isHidden(context, here) ? context.decidedBy(probe(here)) : undefined;
  if (excluded === undefined) return undefined;
  const others = new Set([
    path,
    ...platforms.flatMap((other) => respelled(path, other) ?? []),
    ...sources.filter((other) => other.copy.place === copy.place).map((other) => pathInContext(other.text)),
  ]);
  const shown = [...others].filter((other) => other !== here && !isHidden(context, other));
  const place = placeOf(ignoreFile, excluded);
  const copied = { place: copy.place, message: `The build takes ${text} from here.` };
  const [example] = shown;
  if (example === undefined) {
    // Hidden on all platforms: this build fails everywhere, or it has another context than the one that is known.
    if (variant.call?.context !== context.folder) return undefined;
    return {
      rule: "dockerignore-hides-arch",
      severity: "note",
      message: `${here} is left out of the build context by this line, and so are the files of all other architectures.`,
      platforms: [platform],
      place,
      related: [copied],
      advice: `Write !${here} behind it, for every platform.`,
      key: ["dockerignore-hides-arch", ignoreFile, excluded.line, "all"].join("\0"),
    };
  }
  const brings = shown.flatMap((other) => {
    const pattern = context.decidedBy(probe(other));
    return pattern?.exception === true ? [pattern] : [];
  });
  return {
    rule: "dockerignore-hides-arch",
    message: `This line leaves ${here} out of the build context, which the image for ${formatPlatform(platform)} needs; ${example} is let through.`,
    platforms: [platform],
    place,
    related: [
      ...brings.map((pattern) => ({
        place: placeOf(ignoreFile, pattern),
        message: `This line lets the files of one architecture through, and no line those for ${platform.architecture}.`,
      })),
      copied,
    ],
    advice: `Write !${here} behind it.`,
    key: ["dockerignore-hides-arch", ignoreFile, excluded.line, file.path].join("\0"),
  };
}

/** The path with all names of architectures replaced by the platform's own in the same spelling. */
function respelled(path: string, platform: Platform): string | undefined {
  let result = "";
  let end = 0;
  for (const name of namesIn(path)) {
    const spelling = spellingFor(name, platform, path);
    if (spelling === undefined) return undefined;
    result += path.slice(end, name.start) + spelling;
    end = name.end;
  }
  return result + path.slice(end);
}

/** A path stands for a file in it too: `!dist/amd64/*` lets through what is in a folder, and not the folder. */
function isHidden(context: BuildContext, path: string): boolean {
  const plain = probe(path);
  return (
    context.hides(plain) &&
    context.hides(`${plain}/file`) &&
    !context.patterns.some((pattern) => reachesInto(pattern, plain))
  );
}

/** An exception for something in a folder lets that into the context: a COPY of the folder works. */
function reachesInto({ exception, text }: IgnorePattern, folder: string): boolean {
  return exception && text.startsWith(`${folder}/`);
}

/** A path that a source with wildcards may mean. */
function probe(path: string): string {
  return hasWildcard(path) ? path.replaceAll(/\[[^\]]*\]|[*?]/g, "x") : path;
}

function placeOf(path: string, { line = 1, text, exception }: IgnorePattern): Place {
  return { path, line, column: 1, endLine: line, endColumn: 1 + text.length + (exception ? 1 : 0) };
}

/** The builds of all architectures lie in a folder that is hidden, and the image takes one file without a name of an architecture. */
function* hiddenOutputs(
  repository: Repository,
  outputs: readonly OutputFolder[],
  context: BuildContext,
  { text, copy, variant }: ReachedSource,
): Generator<Problem, void, void> {
  const { ignoreFile } = context;
  const path = pathInContext(text);
  if (ignoreFile === undefined || hasWildcard(path) || namesIn(path).length > 0) return;
  if (repository.file(context.folder === "" ? path : `${context.folder}/${path}`) !== undefined) return;
  for (const { tool, file, folder, programs } of outputs) {
    if (!programs.some((program) => path.split(/[/_.-]/).includes(program))) continue;
    const built = `${folder}/linux-${variant.platform.architecture}/${programs[0] ?? ""}`;
    const pattern = context.hides(built) ? context.decidedBy(built) : undefined;
    if (pattern === undefined) continue;
    yield {
      rule: "dockerignore-hides-arch",
      severity: "note",
      message: `This line leaves ${folder}, where ${tool} puts the builds for all architectures (${file}), out of the build context: an image for several platforms cannot take ${built} from there.`,
      platforms: [variant.platform],
      place: placeOf(ignoreFile, pattern),
      related: [{ place: copy.place, message: "The image takes a file without an architecture in its name." }],
      advice: `Write !${folder}/linux-* behind it, and copy ${folder}/linux-\${TARGETARCH}/${programs[0] ?? ""}.`,
      key: ["dockerignore-hides-arch", ignoreFile, pattern.line, "outputs"].join("\0"),
    };
  }
}

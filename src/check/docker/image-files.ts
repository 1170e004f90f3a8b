import { posix } from "node:path";
import type { EvaluatedCopy, EvaluatedRun, Origin } from "../../dockerfile/evaluation.ts";
import { locateIn } from "../place.ts";
import { hasWildcard, pathInContext, sourceMatcher, type BuildContext } from "../repository/build-context.ts";
import type { Repository } from "../repository/repository.ts";
import type { Script } from "../shell/trace.ts";
import { unknownMark } from "../value.ts";

/** Most stages that a file is followed through. */
const maxStages = 50;

/** Where a shell looks for a program without a slash. */
const programFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Which files of the repository are in the file system of a stage, as far as COPY and ADD brought them. Grows with the instructions. */
export class ImageFiles {
  private readonly copies: EvaluatedCopy[] = [];
  private readonly parent: ImageFiles | undefined;
  private readonly build: BuildFiles;

  /** `parent` are the files of the stage that this one begins from. */
  constructor(build: BuildFiles, parent?: ImageFiles) {
    this.build = build;
    this.parent = parent;
  }

  add(copy: EvaluatedCopy): void {
    this.copies.push(copy);
  }

  /** What was copied until now, as text: two stages of which it is the same have the same files. */
  get signature(): string {
    const own = this.copies.map(({ sources, destination, origin }) => {
      return [origin.kind, originNumber(origin), ...sources, destination].join(" ");
    });
    return [this.parent?.signature ?? "", ...own].join("\n");
  }

  /** The file of the repository that is at an absolute path. */
  find(path: string, depth = 0): string | undefined {
    if (depth > maxStages) return undefined;
    for (const { origin, sources, destination, instruction } of this.copies.toReversed()) {
      for (const source of sources) {
        const places = placesOf(source, destination, path, instruction.parents);
        for (const place of places) {
          const found = this.build.find(origin, place, depth + 1);
          if (found !== undefined) return found;
        }
      }
    }
    return this.parent?.find(path, depth + 1);
  }

  /** The script at a path that a RUN calls in a folder; its mounts lie over what was copied. */
  findScript(run: EvaluatedRun, path: string, directory: string): Script | undefined {
    const folders = path.includes("/") ? [directory] : [directory, ...programFolders];
    for (const folder of folders) {
      const absolute = posix.resolve("/", folder, path);
      const found = this.findMounted(run, absolute) ?? this.find(absolute);
      const text = found === undefined ? undefined : this.build.repository.text(found);
      if (found !== undefined && text !== undefined) return { text, locate: locateIn(found, text) };
    }
    return undefined;
  }

  private findMounted(run: EvaluatedRun, path: string): string | undefined {
    for (const { type, target, source = "/", origin } of run.mounts.toReversed()) {
      if (type !== "bind" || target === undefined) continue;
      const at = posix.resolve("/", run.workdir, target);
      const rest = relative(at, path);
      if (rest === undefined) continue;
      return this.build.find(origin, posix.join(posix.resolve("/", source), rest), 0);
    }
    return undefined;
  }
}

function originNumber(origin: Origin): string {
  return origin.kind === "stage" ? `${origin.index}` : "";
}

/** The contexts of a build and the files of its stages. */
export class BuildFiles {
  readonly repository: Repository;
  private readonly contexts: readonly BuildContext[];
  private readonly stages = new Map<number, ImageFiles>();

  constructor(repository: Repository, contexts: readonly BuildContext[]) {
    this.repository = repository;
    this.contexts = contexts;
  }

  /** Begins a stage; `parent` is the index of the stage that it begins from. */
  begin(index: number, parent: number | undefined): ImageFiles {
    const files = new ImageFiles(this, parent === undefined ? undefined : this.stages.get(parent));
    this.stages.set(index, files);
    return files;
  }

  /** The file of the repository at an absolute path of a context or a stage. */
  find(origin: Origin, path: string, depth: number): string | undefined {
    if (origin.kind === "stage") return this.stages.get(origin.index)?.find(path, depth);
    if (origin.kind !== "build context") return undefined;
    const inside = pathInContext(path);
    for (const context of this.contexts) {
      const file = [context.folder, inside].filter((part) => part !== "").join("/");
      if (this.repository.file(file) !== undefined && !context.hides(inside)) return file;
    }
    return undefined;
  }
}

/** Where a file that a COPY put at `path` may stand in its origin; absolute. Sources may be files or folders: which one is not known here. */
function placesOf(source: string, destination: string, path: string, parents: boolean): string[] {
  if (source.includes(unknownMark) || destination.includes(unknownMark) || /^[a-z+]+:\/\//.test(source)) return [];
  const rest = relative(destination.replace(/(?<=.)\/$/, ""), path);
  if (rest === undefined) return [];
  const from = posix.resolve("/", source);
  if (parents) return sourceMatcher(source)(rest) ? [`/${rest}`] : [];
  if (hasWildcard(source)) {
    const place = posix.join(posix.dirname(from), rest);
    return sourceMatcher(source)(place.slice(1)) ? [place] : [];
  }
  if (rest === "") return [from];
  const asFolder = posix.join(from, rest);
  return posix.basename(from) === rest ? [from, asFolder] : [asFolder];
}

/** The path below a folder; empty for the folder itself, undefined for what is elsewhere. */
function relative(folder: string, path: string): string | undefined {
  if (path === folder) return "";
  const start = folder === "/" ? "/" : `${folder}/`;
  return path.startsWith(start) ? path.slice(start.length) : undefined;
}

import type { Execution, Model, StageModel } from "../../model.ts";
import type { Dependency, PackageFile } from "../../packages/dependency.ts";
import { readRequirement } from "../../packages/requirements.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, unknownMark, type Value } from "../../value.ts";

/** A command of an image's build that installs packages of Python. */
export interface PythonInstall {
  readonly run: Execution;
  readonly stage: StageModel;
  readonly command: ReachedCommand;
  /** The files of the repository that it installs from. */
  readonly files: readonly PackageFile[];
  /** What it names itself. */
  readonly named: readonly Dependency[];
  /** True when it may compile nothing (`--only-binary`). */
  readonly onlyBinary: boolean;
}

/** The commands in Dockerfiles that install packages of Python, once for every variant. */
export function pythonInstalls(model: Model): PythonInstall[] {
  const files = (model.packages ?? []).filter(({ kind }) => pythonKinds.has(kind));
  return model.executions.flatMap((run): PythonInstall[] => {
    const { stage } = run;
    if (run.kind !== "run" || stage === undefined) return [];
    return run.trace.commands.flatMap((command) => installOf(command, run, stage, files, model) ?? []);
  });
}

const pythonKinds: ReadonlySet<string> = new Set(["requirements", "pyproject", "pipfile", "python-lock", "setup.cfg"]);

function installOf(
  command: ReachedCommand,
  run: Execution,
  stage: StageModel,
  files: readonly PackageFile[],
  model: Model,
): PythonInstall | undefined {
  const words = command.words.slice(1);
  const texts = words.map(textOf);
  const at = installAt(command.program, texts);
  if (at === undefined) return undefined;
  const common = { run, stage, command, onlyBinary: texts.some((text) => text.startsWith("--only-binary")) };
  if (!isPip(command.program, texts)) {
    const projects = files.filter(({ kind, path }) => kind !== "requirements" && isInContext(path, stage));
    return { ...common, files: projects, named: [] };
  }
  const wanted: string[] = [];
  const named: Dependency[] = [];
  let isProject = false;
  for (let index = at + 1; index < texts.length; index++) {
    const text = texts[index] ?? "";
    const [, attached] = /^(?:-r|-c|--requirement=|--constraint=)(.+)$/.exec(text) ?? [];
    if (attached !== undefined) wanted.push(attached);
    else if (/^(?:-r|-c|--requirement|--constraint)$/.test(text)) wanted.push(texts[++index] ?? "");
    else if (
      /^(?:-i|-f|-t|-e|--index-url|--extra-index-url|--find-links|--target|--root|--prefix|--trusted-host|--cache-dir|--python|-p)$/.test(
        text,
      )
    ) {
      index++;
      isProject ||= text === "-e";
    } else if (text.startsWith("-")) continue;
    else if (/^[./]/.test(text)) isProject = true;
    else named.push(...namedBy(words[index], command, model));
  }
  const listed = wanted.flatMap((path) => filesAt(path, stage, files));
  const projects = isProject
    ? files.filter(({ kind, path }) => (kind === "pyproject" || kind === "setup.cfg") && isInContext(path, stage))
    : [];
  return { ...common, files: withIncludes([...listed, ...projects], files), named };
}

function installAt(program: string, texts: readonly string[]): number | undefined {
  const at = texts.findIndex((text) => /^(?:install|sync)$/.test(text));
  if (at < 0) return undefined;
  if (/^(?:pip[\d.]*|poetry|pipenv|pdm)$/.test(program)) return at;
  if (program === "uv") return at;
  return /^python[\d.]*$/.test(program) && texts[0] === "-m" && /^(?:pip|poetry|pipenv)$/.test(texts[1] ?? "")
    ? at
    : undefined;
}

function isPip(program: string, texts: readonly string[]): boolean {
  if (/^pip[\d.]*$/.test(program)) return true;
  return (program === "uv" && texts[0] === "pip") || (texts[0] === "-m" && texts[1] === "pip");
}

function namedBy(word: Value | undefined, command: ReachedCommand, { platforms }: Model): Dependency[] {
  if (word === undefined) return [];
  const text = textOf(word);
  if (text.includes(unknownMark)) return [];
  const place = word.pieces.find((piece) => piece.place !== undefined)?.place ?? command.place;
  const found = readRequirement(text, { platforms }, () => place, 0, 0);
  return found === undefined ? [] : [found];
}

/** The files that a path inside of the image may be: those of the context whose paths end like it, the shortest first. */
function filesAt(path: string, stage: StageModel, files: readonly PackageFile[]): PackageFile[] {
  if (path.includes(unknownMark)) return [];
  const name = path.slice(path.lastIndexOf("/") + 1);
  const candidates = files.filter(
    (file) =>
      file.kind === "requirements" &&
      file.path.slice(file.path.lastIndexOf("/") + 1) === name &&
      isInContext(file.path, stage),
  );
  const tail = path.replace(/^(?:\.?\/)+/, "");
  const exact = candidates.filter((file) => file.path === tail || file.path.endsWith(`/${tail}`));
  const copied = candidates.filter((file) =>
    stage.copies.some(({ sources }) =>
      sources.some((source) => file.path.endsWith(textOf(source).replace(/^(?:\.?\/)+/, ""))),
    ),
  );
  const [best] = [...(exact.length > 0 ? exact : copied.length > 0 ? copied : candidates)].sort(
    (a, b) => a.path.length - b.path.length,
  );
  return best === undefined ? [] : [best];
}

function isInContext(path: string, { variant }: StageModel): boolean {
  return variant.file.contexts.some((context) => context === "" || context === "." || path.startsWith(`${context}/`));
}

function withIncludes(found: readonly PackageFile[], files: readonly PackageFile[]): PackageFile[] {
  const all = new Set(found);
  for (const { includes = [] } of all) for (const file of files) if (includes.includes(file.path)) all.add(file);
  return [...all];
}

import { readFileSync, type Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { configName } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { writeFirstPipeline } from "../pipeline/init/first-pipeline.ts";
import { recognizeImages } from "../pipeline/init/images.ts";
import { recognizeLanguages } from "../pipeline/init/languages.ts";
import type { RecognizedImage, RecognizedLanguage, RepositoryFiles } from "../pipeline/init/repository-files.ts";
import { mainBranch, suggestDestination } from "../pipeline/init/git-facts.ts";
import type { Platform } from "../platform/platform.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { writePipeline } from "./write-pipeline.ts";

/** What the user asked of `archway init`. */
export interface InitOptions {
  readonly platforms?: readonly Platform[];
  /** The text goes to standard output, and no file is written. */
  readonly print: boolean;
  readonly force: boolean;
}

const usualPlatforms: readonly Platform[] = [
  { os: "linux", architecture: "amd64" },
  { os: "linux", architecture: "arm64" },
];

/** Folders that hold what others wrote, or what a build made. */
const skipped = new Set([".git", "node_modules", "vendor", "target", "dist", ".venv", "venv"]);

/**
 * `archway init`: writes a first pipeline and says what it was made from. Returns 0.
 *
 * @throws ArchwayError `CONFIG_EXISTS`, `DIRECTORY_UNREADABLE`, `FILE_UNWRITABLE` (kind `input`).
 */
export async function runInit(context: CliContext, directory: string, options: InitOptions): Promise<number> {
  const folder = resolve(context.cwd, directory);
  const files = await listRepository(folder);
  const platforms = options.platforms ?? usualPlatforms;
  const found = { languages: recognizeLanguages(files), images: recognizeImages(files) };
  const text = writeFirstPipeline({
    ...found,
    platforms,
    branch: mainBranch(files),
    destination: suggestDestination(files),
  });
  const notes = [
    ...recognized(found.languages, found.images),
    `Platforms: ${platforms.map(formatPlatform).join(", ")}${options.platforms ? "" : " (choose others with --platform)"}`,
  ];
  if (options.print) {
    context.stderr.write(`${notes.join("\n")}\n`);
    context.stdout.write(text);
    return 0;
  }
  await writePipeline(
    join(folder, configName),
    text,
    options.force,
    "See what would be written with archway init --print; replace the file with --force.",
  );
  context.stdout.write(
    `${[...notes, `Wrote ${join(directory, configName)}`, "", ...nextSteps(found.images)].join("\n")}\n`,
  );
  return 0;
}

function recognized(languages: readonly RecognizedLanguage[], images: readonly RecognizedImage[]): string[] {
  const found = [
    ...languages.flatMap(({ title, file, doubt }) => [
      `Recognised ${title} by ${file}`,
      ...(doubt === undefined ? [] : [`  Look at the test job: ${doubt}`]),
    ]),
    ...images.map(({ file, job }) => `Recognised ${file}: the job "${job}" builds it for every platform`),
  ];
  if (languages.length > 0) return found;
  return [...found, "No language was recognised (Go, Node.js, Python, Rust, Java, C with CMake or make)"];
}

function nextSteps(images: readonly RecognizedImage[]): string[] {
  return [
    "Next:",
    ...(images.length > 0 ? ["  archway check            what would break on another architecture"] : []),
    "  archway pipeline check   whether every image exists for every platform",
    "  archway pipeline show    the jobs that will run",
    "  archway run              run them here",
  ];
}

/** Folders below the root whose files are looked at: `services/api`. */
const maxDepth = 2;

/** The names at the root of a repository and in the folders below it. */
async function listRepository(folder: string): Promise<RepositoryFiles> {
  const names: string[] = [];
  const visit = async (entries: readonly Dirent[], prefix: string, depth: number): Promise<void> => {
    for (const entry of entries) {
      const name = `${prefix}${entry.name}`;
      if (!entry.isDirectory()) names.push(name);
      else if (depth < maxDepth && !skipped.has(entry.name)) {
        const inner = await readdir(join(folder, name), { withFileTypes: true }).catch(() => []);
        await visit(inner, `${name}/`, depth + 1);
      }
    }
  };
  await visit(await readFolder(folder), "", 0);
  return {
    names: names.toSorted(),
    read: (name) => {
      try {
        return readFileSync(join(folder, name), "utf8");
      } catch {
        return undefined;
      }
    },
  };
}

async function readFolder(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw new ArchwayError({
      code: "DIRECTORY_UNREADABLE",
      kind: "input",
      message: `The folder ${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint: "Name the folder of a repository: archway init DIR",
      cause: error,
    });
  }
}

import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { invalidConfig } from "./invalid-config.ts";
import type { ConfigContent } from "./schema.ts";

/** Name of the configuration at a repository's root. */
export const configName = ".archway.yaml";

/** Bytes that a configuration may have: 1 MiB. */
const maxConfigBytes = 1024 ** 2;

/** The configuration of a repository; file names in it are absolute. */
export interface Config extends ConfigContent {
  /** Absolute path of the file; absent when there is none and everything is default. */
  readonly file?: string;
}

/**
 * The configuration of a repository that has none: what the schema makes of `version: 1`. It stands here in full because making the schema takes longer
 * than a small join.
 */
export const defaultConfig: Config = {
  version: 1,
  platforms: [],
  nodes: [],
  registries: {},
  build: { tags: [], args: {}, labels: {}, annotations: [], cacheFrom: [], cacheTo: [], nativeOnly: false },
  verify: { allow: [] },
  check: { ignore: [] },
  on: {},
  env: {},
  jobs: {},
  on_failure: [],
};

/**
 * Loads the configuration of a repository. With `file` that file must be there (`CONFIG_MISSING`); otherwise `.archway.yaml` is
 * looked for in `directory` and its parents up to the repository's root (the folder that has `.git`), and defaults are returned when
 * there is none. Outside of a repository only `directory` itself is looked at, and then `otherwise` is taken in its place. Throws
 * `CONFIG_INVALID`, `CONFIG_UNREADABLE`, `EXTENDS_INVALID` (kind `input`).
 */
export async function loadConfig(from: {
  readonly directory: string;
  /** Where the user works, when that is not `directory`. */
  readonly otherwise?: string;
  readonly file?: string | undefined;
}): Promise<Config> {
  const file = from.file === undefined ? await findAny([from.directory, from.otherwise]) : resolve(from.file);
  if (file === undefined) return defaultConfig;
  const content = await readBounded(file);
  const { parseExtending } = await import("./parse-config.ts");
  const { repository = dirname(file) } = await findConfig(dirname(file));
  return parseExtending(content, { file, root: repository, read: readBounded });
}

/** The configuration of the first folder that has one, or that is in a repository: one without a configuration wants the defaults. */
async function findAny(folders: readonly (string | undefined)[]): Promise<string | undefined> {
  for (const folder of folders) {
    const found = folder === undefined ? {} : await findConfig(resolve(folder));
    if (found.file !== undefined || found.repository !== undefined) return found.file;
  }
  return undefined;
}

/** The configuration that a folder's files are under, and the root of their repository, as far as there are such. */
async function findConfig(directory: string): Promise<{ readonly file?: string; readonly repository?: string }> {
  const own = join(directory, configName);
  let nearest: string | undefined;
  for (let folder = directory; ; folder = dirname(folder)) {
    const candidate = join(folder, configName);
    if (nearest === undefined && (await exists(candidate))) nearest = candidate;
    if (await exists(join(folder, ".git"))) {
      return { repository: folder, ...(nearest === undefined ? {} : { file: nearest }) };
    }
    if (folder === dirname(folder)) return nearest === own ? { file: own } : {};
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Reads a small text file through one descriptor, so that what is measured is what is read; does not wait for the writer of a pipe. */
async function readBounded(file: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const found = await handle.stat();
    if (!found.isFile()) throw invalidConfig(file, "the configuration is not a file.");
    if (found.size > maxConfigBytes)
      throw invalidConfig(file, `the configuration is larger than ${maxConfigBytes} bytes.`);
    bytes = await handle.readFile();
  } catch (error) {
    if (error instanceof ArchwayError || !(error instanceof Error)) throw error;
    const missing = "code" in error && error.code === "ENOENT";
    throw new ArchwayError({
      code: missing ? "CONFIG_MISSING" : "CONFIG_UNREADABLE",
      kind: "input",
      message: missing
        ? `There is no configuration ${file}.`
        : `The configuration ${file} cannot be read: ${error.message}.`,
      cause: error,
    });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw invalidConfig(file, "the configuration is not UTF-8 text.");
  }
}

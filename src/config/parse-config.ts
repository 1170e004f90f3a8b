import { dirname, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { Config } from "./config.ts";
import { invalidConfig } from "./invalid-config.ts";
import { documentError, formatPath } from "./issue.ts";
import { configSchema } from "./schema.ts";
import { foreignHint } from "./pipeline/foreign-keys.ts";
import { mergeSources } from "./merge-sources.ts";
import { readExtended } from "./read-extended.ts";
import { findLongList, maxEntries, requireReadable } from "./yaml-bounds.ts";
import { parseYaml, type YamlSource } from "./yaml-source.ts";

const configDocument = { code: "CONFIG_INVALID", name: "the configuration", schema: configSchema, foreignHint };

/**
 * Reads the content of a configuration. `file` is its absolute path, for error places and relative names. Throws `CONFIG_INVALID` (kind
 * `input`) with line and column.
 */
export function parseConfig(content: string, file: string): Config {
  requireReadable(content, file);
  return checkSource(parseYaml(content, file), file);
}

/**
 * Reads the content of a configuration and the files of `root` that it extends: later ones over earlier ones, and its own keys over all. Throws what
 * {@link parseConfig} and `read` throw, and `EXTENDS_INVALID` (kind `input`).
 */
export async function parseExtending(
  content: string,
  from: { readonly file: string; readonly root: string; readonly read: (file: string) => Promise<string> },
): Promise<Config> {
  requireReadable(content, from.file);
  const own = parseYaml(content, from.file);
  const extended = await readExtended(own, from);
  return checkSource(extended.length === 0 ? own : mergeSources([own, ...extended.toReversed()]), from.file);
}

function checkSource(source: YamlSource, file: string): Config {
  if (source.value === undefined || source.value === null) {
    throw invalidConfig(file, "the configuration is empty.", 'Write at least "version: 1".');
  }
  const long = findLongList(source.value);
  if (long !== undefined) {
    throw new ArchwayError({
      code: "CONFIG_INVALID",
      kind: "input",
      message: `${long.length === 0 ? "the configuration" : formatPath(long)} has more than ${maxEntries} entries.`,
      place: source.place(long),
    });
  }
  const result = configSchema.safeParse(source.value, { reportInput: true, jitless: true });
  if (!result.success) throw documentError(result.error.issues, source, configDocument);
  const absolute = (name: string) => resolve(dirname(file), name);
  const { build, registries } = result.data;
  return {
    ...result.data,
    build: {
      ...build,
      ...(build.context === undefined ? {} : { context: absolute(build.context) }),
      ...(build.file === undefined ? {} : { file: absolute(build.file) }),
    },
    registries: Object.fromEntries(
      Object.entries(registries).map(([host, entry]) => [
        host,
        { ...entry, ...(entry.ca === undefined ? {} : { ca: absolute(entry.ca) }) },
      ]),
    ),
    file,
  };
}

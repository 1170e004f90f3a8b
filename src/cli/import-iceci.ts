import { resolve } from "node:path";
import { importIceci } from "../pipeline/iceci/import-iceci.ts";
import type { Profile } from "../pipeline/iceci/profiles.ts";
import { parseProfiles } from "../pipeline/iceci/profiles.ts";
import { parsePlatform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { readPair } from "./parse-option.ts";
import { readUserFile } from "./user-file.ts";
import { writePipeline } from "./write-pipeline.ts";

/** What the user asked of `archway import iceci`. */
export interface ImportIceciOptions {
  /** File that is written; absent: standard output. */
  readonly output?: string;
  readonly force: boolean;
  /** Files with manifests of runtime profiles. */
  readonly profiles: readonly string[];
  /** `NAME=PLATFORM`, over what the manifests say. */
  readonly platforms: readonly string[];
}

/**
 * `archway import iceci`: prints or writes the pipeline. Returns 0.
 *
 * @throws ArchwayError `ICECI_INVALID`, `PROFILE_UNKNOWN`, `PROFILES_INVALID`, `OPTION_INVALID`, `FILE_UNREADABLE`, `CONFIG_EXISTS`,
 * `FILE_UNWRITABLE` (kind `input`).
 */
export async function runImportIceci(context: CliContext, file: string, options: ImportIceciOptions): Promise<number> {
  const { cwd, stdout } = context;
  const path = resolve(cwd, file);
  const profiles = new Map<string, Profile>();
  for (const name of options.profiles) {
    const manifests = resolve(cwd, name);
    for (const [key, profile] of parseProfiles(await readUserFile(manifests, name), manifests))
      profiles.set(key, profile);
  }
  for (const option of options.platforms) {
    const [name, platform] = readPair("--profile", option, "NAME=PLATFORM, for example raspberry=linux/arm/v7");
    profiles.set(name, { limits: {}, lost: [], ...profiles.get(name), platform: parsePlatform(platform) });
  }
  const text = importIceci(await readUserFile(path, file), { profiles, file: path });
  if (options.output === undefined) stdout.write(text);
  else {
    const written = resolve(cwd, options.output);
    await writePipeline(written, text, options.force, "Replace it with --force, or write to another file.");
    context.stderr.write(`Wrote ${written}. Read its comments, then check it: archway pipeline check\n`);
  }
  return 0;
}

/** The folder that outlives a test bed: built programs, base images, Debian packages. It may be deleted at any time. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { ArchwayError } from "../../src/error/error.ts";

/** `$XDG_CACHE_HOME/archway-bed`, by default `~/.cache/archway-bed`, with `parts` below it. */
export function cacheFolder(...parts: readonly string[]): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "archway-bed", ...parts);
}

/**
 * Makes a folder of the cache once. `make` fills a temporary folder beside it, which gets its name when complete: a folder that
 * exists is whole, whatever was killed. Several processes that want the same one wait for the first.
 */
export async function makeOnce(folder: string, make: (temporary: string) => Promise<void>): Promise<string> {
  if (existsSync(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  await using _ = await lock(join(dirname(folder), `.${basename(folder)}.lock`));
  if (existsSync(folder)) return folder;
  // Only the holder of the lock writes here, so what lies here was left by one that was killed.
  const temporary = join(dirname(folder), `.${basename(folder)}.part`);
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary);
  await make(temporary);
  await rename(temporary, folder);
  return folder;
}

/**
 * Waits for an exclusive lock on `file` (made if missing). It is the kernel's lock, held by util-linux's `flock` for as long as
 * its standard input is open: it goes away with this process, however that ends.
 */
export async function lock(file: string): Promise<AsyncDisposable> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn("flock", ["--exclusive", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "inherit"],
    // Apart from the terminal's group, so that Ctrl-C does not open the lock before this process is done.
    detached: true,
  });
  const ended = once(holder, "close");
  const held = await Promise.race([once(holder.stdout, "data").then(() => true), ended.then(() => false)]);
  if (!held) {
    throw new ArchwayError({
      code: "BED_LOCK_FAILED",
      kind: "failed",
      message: `flock (package util-linux) could not lock ${file}`,
    });
  }
  holder.stdout.resume();
  return {
    async [Symbol.asyncDispose]() {
      holder.stdin.end();
      await ended;
    },
  };
}

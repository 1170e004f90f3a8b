/** The files of single Debian packages, for images that are put together from them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { ArchwayError } from "../../../src/error/error.ts";
import { cacheFolder, makeOnce } from "../cache-folder.ts";
import type { Log } from "../log.ts";
import { openArchive, type DebianArchitecture } from "./debian-archive.ts";

/**
 * Gives the file of a package's uncompressed tar, as dpkg would unpack it into the root; fetched once. Throws
 * `BED_COMMAND_FAILED` when the package cannot be had.
 */
export async function packageTar(architecture: DebianArchitecture, name: string, log: Log): Promise<string> {
  const folder = await makeOnce(cacheFolder("packages", `${architecture}-${name}`), async (temporary) => {
    log(`fetching the package ${name} for ${architecture} …`);
    const archive = await openArchive(architecture, [], log);
    const [fetched] = await archive.fetch([name]);
    const unpacking = spawn("dpkg-deb", ["--fsys-tarfile", fetched?.file ?? ""], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(unpacking, "close");
    await pipeline(unpacking.stdout, createWriteStream(join(temporary, "data.tar")));
    const [code] = await ended;
    if (code === 0) return;
    throw new ArchwayError({
      code: "BED_COMMAND_FAILED",
      kind: "failed",
      message: `dpkg-deb could not unpack ${name} for ${architecture}: exit ${code}`,
    });
  });
  return join(folder, "data.tar");
}

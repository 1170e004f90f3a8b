import { execFile } from "node:child_process";
import { mkdir, readFile, realpath } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** What an overlay over `target` keeps its changes in: a folder beside it. */
export function layersOf(target: string): string {
  return `${target}.layers`;
}

/** Whether mount options can name a path: commas and colons separate there. */
export function canBeNamed(path: string): boolean {
  return !/[,:\\"\s]/.test(path);
}

/**
 * Mounts a folder as it would be with changes of its own over `source`, which nobody may change meanwhile. Folders of the source can be renamed; nothing is synced, since
 * what is in it goes with the job: without that each unmount would wait for all that the disk has to write.
 *
 * @throws Error with what `mount` says, the signal's reason when it is aborted before
 */
export async function mountOverlay(source: string, target: string, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted();
  const layers = layersOf(target);
  const [upper, work] = [`${layers}/upper`, `${layers}/work`];
  for (const folder of [target, upper, work]) await mkdir(folder, { recursive: true });
  const options = `lowerdir=${source},upperdir=${upper},workdir=${work},redirect_dir=on,volatile`;
  // Takes milliseconds. One that went on after a cancel would mount what has just been unmounted.
  await run("mount", ["-t", "overlay", "-o", options, "archway", target]);
}

/** Unmounts all that is mounted in a folder, the deepest first. What a process still uses is taken out of sight at once and goes with that process. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const place of await mountsBelow(folder)) {
    await run("umount", [place]).catch(() => run("umount", ["-l", place]));
  }
}

/** Places below a folder, or itself, that something is mounted on, the deepest first: paths without links, as the system names them. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  // Systems other than Linux have no such file, and no overlays.
  const text = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  const real = await withoutLinks(folder);
  return text
    .split("\n")
    .map((line) => decodePlace(line.split(" ")[4] ?? ""))
    .filter((place) => place === real || place.startsWith(`${real}/`))
    .reverse();
}

/** The path of a folder after all links on the way to it; the folder itself need not be there. */
async function withoutLinks(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch {
    const parent = dirname(folder);
    return parent === folder ? folder : join(await withoutLinks(parent), basename(folder));
  }
}

/** Blanks, line ends and backslashes are octal there (proc(5)). */
function decodePlace(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

async function run(program: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, args);
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(said === "" ? `${program} could not be started` : said, { cause: error });
  }
}

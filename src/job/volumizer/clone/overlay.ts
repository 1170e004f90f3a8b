import { execFile } from "node:child_process";
import { mkdir, readFile } from "node:fs/promises";
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
 * @throws Error with what `mount` says
 */
export async function mountOverlay(source: string, target: string, signal?: AbortSignal): Promise<void> {
  const layers = layersOf(target);
  const [upper, work] = [`${layers}/upper`, `${layers}/work`];
  for (const folder of [target, upper, work]) await mkdir(folder, { recursive: true });
  const options = `lowerdir=${source},upperdir=${upper},workdir=${work},redirect_dir=on,volatile`;
  await run("mount", ["-t", "overlay", "-o", options, "archway", target], signal);
}

/** Unmounts all that is mounted in a folder, the deepest first. What a process still uses is taken out of sight at once and goes with that process. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const place of await mountsBelow(folder)) {
    await run("umount", [place]).catch(() => run("umount", ["-l", place]));
  }
}

/** Places below a folder, or itself, that something is mounted on, the deepest first. */
export async function mountsBelow(folder: string): Promise<readonly string[]> {
  // Systems other than Linux have no such file, and no overlays.
  const text = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
  return text
    .split("\n")
    .map((line) => decodePlace(line.split(" ")[4] ?? ""))
    .filter((place) => place === folder || place.startsWith(`${folder}/`))
    .reverse();
}

/** Blanks, line ends and backslashes are octal there (proc(5)). */
function decodePlace(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)));
}

async function run(program: string, args: readonly string[], signal?: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(program, args, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(said === "" ? `${program} could not be started` : said, { cause: error });
  }
}

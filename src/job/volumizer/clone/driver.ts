import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../../../error/error.ts";
import { removeFolder } from "../remove-folder.ts";
import { copyFolder } from "./copy-folder.ts";
import { seesFolder } from "./engine-view.ts";
import { canBeNamed, mountOverlay } from "./overlay.ts";

export type DriverName = "overlay" | "reflink" | "copy";

/** How folders are cloned for jobs. */
export interface CloneDriver {
  readonly name: DriverName;
  /**
   * Makes an empty folder, or one that is not there, a writable clone of a folder that nobody changes as long as the clone is there. {@link removeFolder} removes it.
   *
   * @throws Error with what the system says, the signal's reason
   */
  clone(source: string, target: string, signal?: AbortSignal): Promise<void>;
}

export const drivers: Readonly<Record<DriverName, CloneDriver>> = {
  overlay: { name: "overlay", clone: mountOverlay },
  reflink: {
    name: "reflink",
    clone: (source, target, signal) => copyFolder(source, target, { reflink: true, signal }),
  },
  copy: { name: "copy", clone: (source, target, signal) => copyFolder(source, target, { reflink: false, signal }) },
};

/**
 * The quickest driver that works in a folder: each is tried on a small clone. An overlay counts only when the engine sees it.
 *
 * @param wanted.folder where the clones will be
 * @param wanted.endpoint of the engine whose containers get them
 * @param wanted.forced the only one that may be taken
 * @throws ArchwayError `DRIVER_UNUSABLE` (kind `input`) when the forced one is unknown or does not work here
 */
export async function chooseDriver(
  wanted: { readonly folder: string; readonly endpoint: string; readonly forced?: string | undefined },
  signal: AbortSignal,
): Promise<CloneDriver> {
  const names = (["overlay", "reflink", "copy"] as const).filter(
    (name) => wanted.forced === undefined || wanted.forced === "" || name === wanted.forced,
  );
  let reason = "it is none of overlay, reflink and copy";
  for (const name of names) {
    const problem = await problemWith(drivers[name], wanted, signal);
    if (problem === undefined) return drivers[name];
    reason = problem;
  }
  throw new ArchwayError({
    code: "DRIVER_UNUSABLE",
    kind: "input",
    message: `Workspaces cannot be made with the driver "${wanted.forced ?? "copy"}": ${reason}.`,
    hint: "Without ARCHWAY_WORKSPACE_DRIVER the quickest one that works here is taken.",
  });
}

/** Why a driver cannot be taken here. */
async function problemWith(
  driver: CloneDriver,
  { folder, endpoint }: { readonly folder: string; readonly endpoint: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (driver.name === "overlay" && !canBeNamed(folder)) return `the path ${folder} cannot stand in mount options`;
  const place = join(folder, `probe-${randomUUID()}`);
  const [source, target] = [join(place, "source"), join(place, "target")];
  try {
    await mkdir(source, { recursive: true });
    await writeFile(join(source, "file"), "before");
    await driver.clone(source, target, signal);
    await writeFile(join(target, "file"), "after");
    if ((await readFile(join(source, "file"), "utf8")) !== "before")
      return "a change of the clone changed the original";
    if (driver.name === "overlay" && !(await seesFolder(endpoint, target)))
      return `it cannot be told that ${endpoint} sees what is mounted here`;
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  } finally {
    // It lies among what goes with this process: what cannot be removed now a later run removes.
    await removeFolder(place).catch(() => undefined);
  }
}

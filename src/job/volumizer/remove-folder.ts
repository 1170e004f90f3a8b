import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { unmountBelow } from "./clone/overlay.ts";

/** Removes a folder, also one with overlays mounted in it, or with folders that nobody may write to, as Go's module cache makes them. */
export async function removeFolder(folder: string): Promise<void> {
  await unmountBelow(folder);
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM")))
      throw error;
    await openFolders(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lets us into all folders that are ours, from the top down: one that is closed cannot be listed either. */
async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700).catch(() => undefined);
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => []))
    if (entry.isDirectory()) await openFolders(join(folder, entry.name));
}

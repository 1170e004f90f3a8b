import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Removes a folder, also one with folders in it that nobody may write to, as Go's module cache makes them. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && (error.code === "EACCES" || error.code === "EPERM")))
      throw error;
    const entries = await readdir(folder, { withFileTypes: true, recursive: true });
    for (const entry of entries) if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o700);
    await rm(folder, { recursive: true, force: true });
  }
}

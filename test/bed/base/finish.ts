/** What maintainer scripts do when packages are installed, as far as the base images need it: nothing of theirs is run here. */
import { existsSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "../command.ts";
import type { DebianArchive, PackageFile } from "./debian-archive.ts";
import type { LayerRecipe } from "./recipes.ts";

/** The folders that Debian 12 merged into /usr, as links of the root. */
const mergedUsr = ["bin", "lib", "lib32", "lib64", "libx32", "sbin"];

/** Unpacks package files into a root folder, as dpkg does it: a folder of a package follows a link that is there. */
export async function unpack(files: readonly PackageFile[], root: string, signal?: AbortSignal): Promise<void> {
  for (const { file } of files) {
    const extract =
      'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --keep-directory-symlink --no-same-owner --same-permissions';
    await run("sh", ["-ec", extract, "unpack", file, root], { signal });
  }
}

/** Links /bin and the like to /usr, in a root that layers over such a root or becomes one. */
export async function mergeUsr(root: string): Promise<void> {
  for (const name of mergedUsr) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
}

/** Removes the links of {@link mergeUsr} whose folder stayed empty. */
export async function dropEmptyMerged(root: string): Promise<void> {
  for (const name of mergedUsr) {
    if ((await readdir(join(root, "usr", name))).length > 0) continue;
    await rm(join(root, name));
    await rm(join(root, "usr", name), { recursive: true });
  }
}

/** Writes a recipe's files and links, then does its `finish`. `native` is the archive of this machine's own architecture. */
export async function finish(recipe: LayerRecipe, root: string, native: () => Promise<DebianArchive>): Promise<void> {
  if (recipe.finish === "busybox") await finishBusybox(root, native);
  if (recipe.finish === "debian") await finishDebian(root);
  for (const [path, content] of Object.entries(recipe.files ?? {})) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content, { mode: content.startsWith("#!") ? 0o755 : 0o644 });
  }
  for (const [path, target] of Object.entries(recipe.links ?? {})) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await rm(join(root, path), { force: true });
    await symlink(target, join(root, path));
  }
}

/** A link for each of busybox's commands, where it would install them, and the files that a shell and `id` expect. */
async function finishBusybox(root: string, native: () => Promise<DebianArchive>): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "archway-busybox-"));
  try {
    await unpack(await (await native()).fetch(["busybox-static"]), scratch);
    const commands = (await run(join(scratch, "bin", "busybox"), ["--list-full"])).split("\n");
    for (const command of commands) {
      await mkdir(dirname(join(root, command)), { recursive: true });
      if (!existsSync(join(root, command))) await symlink("/bin/busybox", join(root, command));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  await mkdir(join(root, "etc"), { recursive: true });
  await writeFile(
    join(root, "etc", "passwd"),
    "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
  );
  await writeFile(join(root, "etc", "group"), "root:x:0:\nnogroup:x:65534:\n");
  await makeFolders(root);
}

/** Accounts (base-passwd), `/bin/sh` (dash) and the bundle of certificates (ca-certificates). */
async function finishDebian(root: string): Promise<void> {
  await copyFile(join(root, "usr/share/base-passwd/passwd.master"), join(root, "etc/passwd"));
  await copyFile(join(root, "usr/share/base-passwd/group.master"), join(root, "etc/group"));
  if (!existsSync(join(root, "usr/bin/sh"))) await symlink("dash", join(root, "usr/bin/sh"));
  const authorities = join(root, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(authorities)).filter((name) => name.endsWith(".crt")).sort();
  const bundle = await Promise.all(names.map((name) => readFile(join(authorities, name), "utf8")));
  await mkdir(join(root, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(root, "etc/ssl/certs/ca-certificates.crt"), bundle.join(""));
  await makeFolders(root);
}

async function makeFolders(root: string): Promise<void> {
  for (const name of ["dev", "etc", "proc", "root", "run", "sys", "tmp", "var/tmp"]) {
    await mkdir(join(root, name), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  await chmod(join(root, "var/tmp"), 0o1777);
}

/** Engines that unpack images for real: what each makes of an image's layers, as a listing. */
import type { Stats } from "node:fs";
import { lstat, mkdir, readdir, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";

/** Path → what it is: `directory`, `file SIZE`, `link TARGET`, `special`. */
export type Listing = Readonly<Record<string, string>>;

/** An engine that unpacks the images of one OCI layout. */
export interface Unpacker {
  readonly name: string;
  /** What an image looks like unpacked, or the last line of the engine's words when it refuses. */
  unpack(tag: string): Promise<Listing | { readonly refused: string }>;
}

/** umoci, as root. */
export function umoci(layout: string, work: string): Unpacker {
  return {
    name: "umoci",
    async unpack(tag) {
      const bundle = join(work, `umoci-${tag}`);
      return attempt(async () => {
        await run("umoci", ["unpack", "--image", `${layout}:${tag}`, bundle]);
        return list(join(bundle, "rootfs"));
      }, [() => rm(bundle, { recursive: true, force: true })]);
    },
  };
}

/** Buildah with its overlay storage. */
export async function buildah(bed: Bed, layout: string): Promise<Unpacker> {
  const { env } = await bed.buildah();
  return {
    name: "buildah",
    async unpack(tag) {
      const container = `overlay-${tag}`;
      return attempt(async () => {
        // Buildah makes a name out of a layout's folder, which fails for capital letters.
        const image = `localhost/overlay:${tag}`;
        await run("skopeo", ["copy", "--quiet", `oci:${layout}:${tag}`, `containers-storage:${image}`], { env });
        await run("buildah", ["from", "--quiet", "--pull-never", "--name", container, image], { env });
        return list(await run("buildah", ["mount", container], { env }));
      }, [() => run("buildah", ["rm", container], { env })]);
    },
  };
}

/** The containerd of the bed's Docker Engine, with one of its snapshotters. `archive` is a tar of the layout. */
export async function containerd(
  bed: Bed,
  { archive, work, snapshotter }: { archive: string; work: string; snapshotter: "overlayfs" | "native" },
): Promise<Unpacker> {
  await bed.docker();
  const socket = join(bed.dir, "docker", "exec", "containerd", "containerd.sock");
  const ctr = (...args: readonly string[]) =>
    run("ctr", ["--address", socket, "--namespace", snapshotter, ...args], { env: bed.env });
  const name = "overlay.test/image";
  await ctr("images", "import", "--local", "--no-unpack", "--base-name", name, archive);
  return {
    name: `containerd (${snapshotter})`,
    async unpack(tag) {
      const folder = join(work, `${snapshotter}-${tag}`);
      await mkdir(folder);
      return attempt(async () => {
        await ctr("images", "mount", "--snapshotter", snapshotter, `${name}:${tag}`, folder);
        return list(folder);
      }, [() => ctr("images", "unmount", "--snapshotter", snapshotter, "--rm", folder)]);
    },
  };
}

async function attempt(
  unpack: () => Promise<Listing>,
  cleanUps: readonly (() => Promise<unknown>)[],
): Promise<Listing | { readonly refused: string }> {
  try {
    return await unpack();
  } catch (error) {
    return { refused: (error instanceof Error ? error.message : String(error)).split("\n").at(-1) ?? "" };
  } finally {
    for (const cleanUp of cleanUps) await cleanUp().catch(() => undefined);
  }
}

/** What lies in a folder. */
async function list(root: string, folder = "", listing: Record<string, string> = {}): Promise<Listing> {
  for (const name of await readdir(join(root, folder))) {
    const at = `${folder}/${name}`;
    const path = join(root, at);
    const status: Stats | undefined = await lstat(path).catch(() => undefined);
    // A whiteout over nothing: the overlay lists its name and says that there is nothing.
    if (status === undefined) continue;
    if (status.isDirectory()) {
      listing[at] = "directory";
      await list(root, at, listing);
    } else if (status.isSymbolicLink()) listing[at] = `link ${await readlink(path)}`;
    else listing[at] = status.isFile() ? `file ${status.size}` : "special";
  }
  return listing;
}

import { createHash } from "node:crypto";
import { buffer } from "node:stream/consumers";
import { formatPlatform, type Platform } from "../../platform/platform.ts";
import { tarOf } from "./engine-archive.ts";

/** Name of the program in a tiny image. */
const program = "program";

/**
 * A Docker archive of an image with one static program and nothing else, or with nothing at all. Every `POST /images/load` takes it: for containers that hold volumes and never start, and to see whether an
 * engine runs programs of a platform.
 *
 * @param name with tag
 */
export async function tinyImage(
  name: string,
  platform: Platform,
  content: Uint8Array = new Uint8Array(),
): Promise<Uint8Array> {
  const layer = await tarBytes({ [program]: content }, 0o755);
  const { os, architecture, variant } = platform;
  const config = Buffer.from(
    JSON.stringify({
      os,
      architecture,
      ...(variant === undefined ? {} : { variant }),
      config: { Cmd: [`/${program}`] },
      rootfs: { type: "layers", diff_ids: [`sha256:${digest(layer)}`] },
      history: [{ created_by: `archway: ${formatPlatform(platform)}` }],
    }),
  );
  const manifest = [{ Config: `${digest(config)}.json`, RepoTags: [name], Layers: ["layer.tar"] }];
  return tarBytes(
    { [`${digest(config)}.json`]: config, "layer.tar": layer, "manifest.json": Buffer.from(JSON.stringify(manifest)) },
    0o644,
  );
}

function tarBytes(files: Readonly<Record<string, Uint8Array>>, mode: number): Promise<Buffer> {
  return buffer(
    tarOf((tar) => {
      for (const [name, content] of Object.entries(files))
        tar.entry({ name, mode, mtime: new Date(0) }, Buffer.from(content));
    }),
  );
}

function digest(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

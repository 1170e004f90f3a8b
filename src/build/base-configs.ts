import type { BaseImageConfig } from "../dockerfile/evaluation.ts";
import { readConfig, readDocument } from "../image/children.ts";
import type { ImageConfig } from "../oci/config.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { BaseImage } from "./bases.ts";

/** Reads what the config of a base image for a platform adds to a Dockerfile; nothing when the image lacks the platform. */
export type ReadBaseConfig = (base: BaseImage, platform: Platform) => Promise<BaseImageConfig | undefined>;

/** Reads each config once. What stores throw is thrown to all who ask for it. */
export function baseConfigReader(signal: AbortSignal): ReadBaseConfig {
  const known = new Map<string, Promise<BaseImageConfig | undefined>>();
  return (base, platform) => {
    const name = `${base.pinned} ${formatPlatform(platform)}`;
    const config = known.get(name) ?? readBaseConfig(base, platform, signal);
    known.set(name, config);
    return config;
  };
}

async function readBaseConfig(
  { children, store }: BaseImage,
  platform: Platform,
  signal: AbortSignal,
): Promise<BaseImageConfig | undefined> {
  const child = children.find(({ descriptor }) => descriptor.platform && samePlatform(descriptor.platform, platform));
  if (!child) return undefined;
  const manifest = await readDocument(store, child.descriptor, { signal });
  return manifest.kind === "manifest" ? addsTo(await readConfig(store, manifest, { signal })) : undefined;
}

function addsTo({ environment, workingDirectory, onbuild }: ImageConfig): BaseImageConfig {
  const env = environment.map((entry) => {
    const [name = "", value = ""] = entry.split(/=(.*)/s);
    return [name, value] as const;
  });
  return {
    env: Object.fromEntries(env),
    onbuild,
    ...(workingDirectory === "" ? {} : { workdir: workingDirectory }),
  };
}

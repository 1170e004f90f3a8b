import { formatPlatform, samePlatform, compatiblePlatforms } from "../platform/platform.ts";
import { parsePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { Digest } from "../oci/descriptor.ts";
import { inspectedImages } from "./inspect.ts";
import type { Inspected, InspectedImage } from "./inspect.ts";

/** What is odd about an image by its documents alone. */
export interface Oddity {
  readonly code:
    | "platform-differs"
    | "platform-unknown"
    | "duplicate-platform"
    | "orphan-attestation"
    | "unreadable"
    | "unknown-entry";
  readonly digest: Digest;
  readonly message: string;
}

/** A host, and which platform of the image an engine there takes. */
export interface HostChoice {
  readonly host: Platform;
  readonly takes: Platform;
}

/** Hosts that people have, beside those that an image names itself. */
const commonHosts = [
  "linux/amd64",
  "linux/386",
  "linux/arm64",
  "linux/arm/v8",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/arm/v5",
].map((name) => parsePlatform(name));

/** The platform of an image: what the index says, else what its config says. */
export function platformOfImage({ descriptor, config }: InspectedImage): Platform | undefined {
  return descriptor.platform ?? config.content?.platform;
}

/** Bytes that a pull of an image transfers: its layers and config, compressed as they are stored. */
export function transferSize({ config, layers }: InspectedImage): number {
  const sizes = new Map(
    [config.descriptor, ...layers.map(({ descriptor }) => descriptor)].map((one) => [one.digest, one.size]),
  );
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/**
 * Which hosts run the image without an emulator, and what they take of it, by {@link compatiblePlatforms}: a 64-bit ARM host may run 32-bit images
 * where its processor still can. The first image of a platform is taken, as engines do.
 */
export function hostsOf(root: Inspected): HostChoice[] {
  const platforms = inspectedImages(root).flatMap((image) => platformOfImage(image) ?? []);
  const hosts = [...platforms, ...commonHosts].filter(
    (host, position, all) => all.findIndex((other) => samePlatform(other, host)) === position,
  );
  return hosts.flatMap((host) => {
    const takes = compatiblePlatforms(host).find((one) => platforms.some((platform) => samePlatform(platform, one)));
    return takes === undefined ? [] : [{ host, takes }];
  });
}

/** What an image's documents contradict, lack or hold twice. */
export function odditiesOf(root: Inspected): Oddity[] {
  switch (root.kind) {
    case "orphan":
      return [
        {
          code: "orphan-attestation",
          digest: root.attestation.descriptor.digest,
          message: `It is an attestation of ${root.subject}, which the index does not list.`,
        },
      ];
    case "unreadable":
      return [{ code: "unreadable", digest: root.descriptor.digest, message: root.problem }];
    case "unknown": {
      const message = `The index lists it with the media type "${root.descriptor.mediaType}", which means nothing here.`;
      return [{ code: "unknown-entry", digest: root.descriptor.digest, message }];
    }
    case "artifact":
      return [];
    case "image":
      return odditiesOfImage(root);
    case "index":
      return [...duplicatesIn(root.entries), ...root.entries.flatMap(odditiesOf)];
  }
}

function odditiesOfImage(image: InspectedImage): Oddity[] {
  const { digest, platform: listed } = image.descriptor;
  const { content, problem } = image.config;
  const found: Oddity[] = [];
  if (problem !== undefined) found.push({ code: "unreadable", digest, message: problem });
  if (listed !== undefined && content !== undefined && !samePlatform(listed, content.platform)) {
    const { os, architecture } = content.platform;
    const onlyVariant = os === listed.os && architecture === listed.architecture;
    const message = `The index says ${formatPlatform(listed)}, the image's config ${formatPlatform(content.platform)}${
      onlyVariant ? ": only the variant differs" : ""
    }.`;
    found.push({ code: "platform-differs", digest, message });
  }
  if (listed === undefined && problem !== undefined) {
    found.push({ code: "platform-unknown", digest, message: "Neither the index nor a config says what it runs on." });
  }
  for (const { descriptor, problem: cause } of image.attestations) {
    if (cause !== undefined) found.push({ code: "unreadable", digest: descriptor.digest, message: cause });
  }
  return found;
}

function duplicatesIn(entries: readonly Inspected[]): Oddity[] {
  const first = new Map<string, Digest>();
  return entries.flatMap((entry): Oddity[] => {
    const platform = entry.kind === "image" ? platformOfImage(entry) : undefined;
    if (entry.kind !== "image" || platform === undefined) return [];
    const { digest, osVersion } = entry.descriptor;
    const name = [formatPlatform(platform), osVersion].filter(Boolean).join(" ");
    const before = first.get(name);
    first.set(name, before ?? digest);
    if (before === undefined) return [];
    const message = `The index has ${name} twice; engines take the first, ${before}.`;
    return [{ code: "duplicate-platform", digest, message }];
  });
}

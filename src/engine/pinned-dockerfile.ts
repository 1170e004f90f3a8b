import type { DockerfileSource } from "./engine.ts";

/**
 * The Dockerfile with every base image named by the manifest that is needed there. For engines without source policies (Buildah): a context of the
 * base's name would match only one spelling of it and replace a stage of that name; and one reference for two platforms makes Buildah
 * 1.28 to 1.39 take the wrong one's image. Lines keep their numbers.
 */
export function withPinnedBases({ text, bases }: DockerfileSource): string {
  return bases
    .toSorted((a, b) => b.start - a.start)
    .reduce((pinned, { start, end, manifest }) => pinned.slice(0, start) + manifest + pinned.slice(end), text);
}

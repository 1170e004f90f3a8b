import { resolveImages, type ResolvedImages } from "../pipeline/images/resolve-images.ts";
import type { JobGraph } from "../pipeline/job-spec.ts";
import type { BaseSources } from "./pipeline-bases.ts";

/** What of a pipeline's images is there: those that jobs run and read, and the bases of those that they build. */
export interface LookedUp {
  readonly images: ResolvedImages;
  readonly bases: ResolvedImages;
}

/** Looks up all images of a pipeline that are known before it runs. Throws only when the signal is aborted. */
export async function lookUpImages(graph: JobGraph, sources: BaseSources, signal: AbortSignal): Promise<LookedUp> {
  const [images, bases] = await Promise.all([
    resolveImages(graph, { ...sources, find: sources.resolve }, signal),
    lookUpBases(graph, sources, signal),
  ]);
  return { images, bases };
}

/** What reads Dockerfiles is loaded for builds alone: it is much. */
async function lookUpBases(graph: JobGraph, sources: BaseSources, signal: AbortSignal): Promise<ResolvedImages> {
  const hasBuilds = graph.jobs.some(({ work, skip }) => work.kind === "build" && skip === undefined);
  if (!hasBuilds) return { images: [], problems: [], late: [] };
  const { resolveBases } = await import("./pipeline-bases.ts");
  return resolveBases(graph, sources, signal);
}

import { dirname, isAbsolute, relative } from "node:path";
import type { RunSource } from "./run-source.ts";

/** What tells a pipeline from all others of a user, from one run to the next. A source is cloned into another folder each time: it is known by where it comes from. */
export interface RunIdentity {
  /** The repository: the folder of the working tree's pipeline, or `URL[:FOLDER]` of a source. Its runs are counted, and wait for each other. */
  readonly repository: string;
  /** The pipeline whatever commit it is of: its file, or `URL:FILE`. Times of jobs are known by it. */
  readonly file: string;
  /** The pipeline of what was asked for: its file, or `URL[#REF]:FILE`. What earlier runs left is taken from the same one. */
  readonly pipeline: string;
}

/** @param file Absolute path of the pipeline. */
export function identityOf(
  file: string,
  source: Pick<RunSource, "name" | "repository" | "root"> | undefined,
): RunIdentity {
  if (source === undefined) return { repository: dirname(file), file, pipeline: file };
  const inside = relative(source.root, file);
  // A configuration that was named may lie anywhere.
  const path = inside.startsWith("..") || isAbsolute(inside) ? file : inside;
  const folder = path === file ? "." : dirname(path);
  return {
    repository: folder === "." ? source.repository : `${source.repository}:${folder}`,
    file: `${source.repository}:${path}`,
    pipeline: `${source.name}:${path}`,
  };
}

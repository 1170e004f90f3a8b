import { parsePlatformList } from "../platform/platform.ts";
import { checkRepository, type CheckFinding } from "./check.ts";
import type { FactSource, ImageFact, PackageFact } from "./facts/facts.ts";
import { memoryRepository } from "./repository/memory-repository.ts";

/** What a test knows of the world. */
export interface KnownFacts {
  readonly images?: Readonly<Record<string, ImageFact>>;
  readonly urls?: Readonly<Record<string, boolean>>;
  readonly packages?: Readonly<Record<string, PackageFact>>;
  /** Images by what takes their place. */
  readonly replacements?: Readonly<Record<string, string>>;
}

/** The findings in a repository that is given as texts, for `linux/amd64,linux/arm64` unless the test says otherwise. */
export async function findingsIn(
  files: Readonly<Record<string, string | Uint8Array>>,
  {
    platforms = "linux/amd64,linux/arm64",
    facts = {},
  }: { readonly platforms?: string; readonly facts?: KnownFacts } = {},
): Promise<readonly CheckFinding[]> {
  const { findings } = await checkRepository(memoryRepository(files), {
    platforms: parsePlatformList(platforms),
    facts: knownFacts(facts),
    signal: new AbortController().signal,
  });
  return findings;
}

/** Findings in short: `RULE PATH:LINE`, related lines behind them: `copy-arch-path Dockerfile:3 +4 +5`. */
export function brief(findings: readonly CheckFinding[]): string[] {
  return findings.map(({ rule, path, line, related }) => {
    const more = related.map((place) => (place.path === path ? ` +${place.line}` : ` +${place.path}:${place.line}`));
    return `${rule} ${path}:${line ?? 0}${more.join("")}`;
  });
}

/** Facts that never change. */
export function knownFacts({ images = {}, urls = {}, packages = {}, replacements = {} }: KnownFacts): FactSource {
  return {
    image: (reference) => images[reference],
    url: (url) => urls[url],
    package: (key) => packages[key],
    replacement: (reference) => replacements[reference],
    learn: () => Promise.resolve(false),
  };
}

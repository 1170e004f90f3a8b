import { parsePlatformList } from "../../platform/platform.ts";
import { checkRepository, type CheckResult } from "../check.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { knownFacts, type KnownFacts } from "../test-check.ts";
import { diffOf, fixFindings } from "./fix.ts";
import type { ProvenFixes } from "./prove.ts";

/** What a test knows of the world, and what it repairs. */
export interface FixTest {
  readonly facts?: KnownFacts;
  /** Checksums by URL. */
  readonly sums?: Readonly<Record<string, string>>;
  /** The rules to repair; absent for all. */
  readonly rules?: readonly string[];
  readonly platforms?: string;
}

/** The proven fixes of a repository that is given as texts. */
export interface FixedTest extends ProvenFixes {
  readonly before: CheckResult;
  readonly diff: string;
  /** Lines that the diff takes away and adds, without those around them. */
  readonly changed: readonly string[];
  /** `RULE: reason` of each refusal. */
  readonly refusals: readonly string[];
}

/** Repairs a repository that is given as texts, for `linux/amd64,linux/arm64` unless the test says otherwise. */
export async function fixIn(
  files: Readonly<Record<string, string>>,
  { facts = {}, sums = {}, rules, platforms = "linux/amd64,linux/arm64" }: FixTest = {},
): Promise<FixedTest> {
  const options = {
    platforms: parsePlatformList(platforms),
    facts: knownFacts(facts),
    signal: new AbortController().signal,
  };
  const before = await checkRepository(memoryRepository(files), options);
  const proven = await fixFindings(before, {
    ...options,
    checksums: { checksum: (url) => sums[url], learn: () => Promise.resolve(false) },
    ...(rules === undefined ? {} : { rules }),
  });
  const diff = diffOf(before, proven);
  return {
    ...proven,
    before,
    diff,
    changed: diff.split("\n").filter((line) => /^[-+](?![-+]{2} )/.test(line)),
    refusals: proven.refused.map(({ finding, reason }) => `${finding.rule}: ${reason}`),
  };
}

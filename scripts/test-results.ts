/** A reporter of node:test that writes one line of JSON at the end of a run: its {@link Results}. */
import { relative, resolve } from "node:path";
import type { TestEvent } from "node:test/reporters";

/** What came of a run of tests. */
export interface Results {
  readonly passed: number;
  readonly failed: number;
  /** What was not run and why: tests, and suites as a whole, whose tests nobody knows. */
  readonly skips: readonly string[];
  /** Test file → seconds that it took; empty when all ran in one process. */
  readonly seconds: Readonly<Record<string, number>>;
}

const root = resolve(import.meta.dirname, "..");

export default async function* results(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const skips: string[] = [];
  const seconds: Record<string, number> = {};
  for await (const event of source) {
    if (event.type === "test:pass" && event.data.skip !== undefined) {
      const { file = "", name, skip } = event.data;
      skips.push(`${relative(root, file)}: ${name}${typeof skip === "string" ? `: ${skip}` : ""}`);
    }
    if (event.type !== "test:summary") continue;
    const { file, duration_ms, counts } = event.data;
    if (file !== undefined) {
      seconds[relative(root, file)] = duration_ms / 1000;
      continue;
    }
    // The summary without a file is that of the whole run. What is left has failed or was cancelled.
    const { tests, passed, skipped, todo } = counts;
    const all: Results = { passed, failed: tests - passed - skipped - todo, skips, seconds };
    yield `${JSON.stringify(all)}\n`;
  }
}

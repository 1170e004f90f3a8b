/** A reporter of node:test that writes one line of JSON at the end of a run: how many tests passed, failed and were skipped. */
import type { TestEvent } from "node:test/reporters";

export default async function* counts(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    // The summary without a file is that of the whole run.
    if (event.type !== "test:summary" || event.data.file !== undefined) continue;
    const { tests, passed, skipped, todo } = event.data.counts;
    // What is left has failed or was cancelled.
    yield `${JSON.stringify({ passed, failed: tests - passed - skipped - todo, skipped: skipped + todo })}\n`;
  }
}

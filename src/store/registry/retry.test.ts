import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, defaultRetryPolicy, isPassing, retryAfter } from "./retry.ts";

test("waits double, with jitter, up to their limit", () => {
  const policy = { ...defaultRetryPolicy, firstDelay: 100, maxDelay: 1_000 };
  assert.deepEqual(
    [1, 2, 3, 4, 5, 9].map((attempt) => backoff(policy, attempt, () => 0.5)),
    [100, 200, 400, 800, 1_000, 1_000],
  );
  assert.equal(
    backoff(policy, 1, () => 0),
    50,
  );
  assert(backoff(policy, 1, () => 0.999) < 150);
});

test("Retry-After is read as seconds and as a date", () => {
  const now = Date.parse("Wed, 21 Oct 2026 07:28:00 GMT");
  assert.equal(retryAfter("120", now), 120_000);
  assert.equal(retryAfter(" 0 ", now), 0);
  assert.equal(retryAfter("Wed, 21 Oct 2026 07:28:30 GMT", now), 30_000);
  assert.equal(retryAfter("Wed, 21 Oct 2026 07:27:00 GMT", now), 0);
  for (const header of [undefined, "", "soon", "-5x"]) assert.equal(retryAfter(header, now), undefined);
});

test("only what may pass is repeated", () => {
  assert.deepEqual(
    [200, 301, 400, 401, 403, 404, 405, 408, 409, 416, 429, 500, 501, 502, 503, 504].filter(isPassing),
    [408, 429, 500, 502, 503, 504],
  );
});

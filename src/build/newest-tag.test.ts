import assert from "node:assert/strict";
import { test } from "node:test";
import { newerTags } from "./newest-tag.ts";

test("newer tags of the same kind, newest first", () => {
  const tags = ["3.4", "3.6", "3.10", "3.3", "latest", "3.10.1", "edge", "4", "3.10-slim"];
  assert.deepEqual(newerTags("3.4", tags), ["3.10", "3.6"]);
  assert.deepEqual(newerTags("3.10-slim", ["3.11-slim", "3.12", "3.9-slim"]), ["3.11-slim"]);
  assert.deepEqual(newerTags("v1.2.3", ["v1.2.4", "1.2.5", "v1.3"]), ["v1.2.4"]);
});

test("a tag that is no version has no newer ones", () => {
  assert.deepEqual(newerTags("bookworm", ["trixie", "1.0"]), []);
});

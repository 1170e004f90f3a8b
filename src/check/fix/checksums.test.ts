import assert from "node:assert/strict";
import { test } from "node:test";
import { checksumIn, checksumUrls, publishedChecksums } from "./checksums.ts";

const one = "1".repeat(64);
const two = "2".repeat(64);
const url = "https://example.org/v1/tool-arm64";

test("a list names the file, with or without a folder and a star", () => {
  assert.equal(checksumIn(`${one}  tool-amd64\n${two} *./dist/tool-arm64\n`, "tool-arm64", "sha256", false), two);
  assert.equal(checksumIn(`SHA256 (tool-arm64) = ${two.toUpperCase()}\n`, "tool-arm64", "sha256", false), two);
  assert.equal(checksumIn(`${one}  tool-amd64\n`, "tool-arm64", "sha256", false), undefined);
});

test("a text for one file need not name it, but must hold one checksum only", () => {
  assert.equal(checksumIn(`${one}\n`, "tool-arm64", "sha256", true), one);
  assert.equal(checksumIn(`${one}\n${two}\n`, "tool-arm64", "sha256", true), undefined);
  assert.equal(checksumIn(`${one}\n`, "tool-arm64", "sha256", false), undefined);
  assert.equal(checksumIn(`${one}\n`, "tool-arm64", "sha1", true), undefined);
});

test("two checksums for one name are no answer", () => {
  assert.equal(checksumIn(`${one} tool\n${two} tool\n`, "tool", "sha256", false), undefined);
});

test("questions are asked once, when it is time to learn", async () => {
  const fetched: string[] = [];
  const checksums = publishedChecksums((asked) => {
    fetched.push(asked);
    return Promise.resolve(asked.endsWith("checksums.txt") ? `${two}  tool-arm64\n` : undefined);
  });
  const { signal } = new AbortController();
  assert.equal(checksums.checksum(url, "sha256"), undefined);
  assert.equal(fetched.length, 0);
  assert.equal(await checksums.learn(signal), true);
  assert.equal(checksums.checksum(url, "sha256"), two);
  assert.equal(await checksums.learn(signal), false);
  assert.deepEqual(fetched, checksumUrls(url, "sha256").slice(0, 5));
});

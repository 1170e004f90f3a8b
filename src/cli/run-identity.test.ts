import assert from "node:assert/strict";
import { test } from "node:test";
import { identityOf } from "./run-identity.ts";

test("a working tree is its folder, and its pipeline the file", () => {
  const file = "/home/me/app/.archway.yaml";
  assert.deepEqual(identityOf(file, undefined), { repository: "/home/me/app", file, pipeline: file });
});

test("a source is where it comes from, wherever it was cloned to; what was left by another reference is another's", () => {
  const of = (root: string, path: string, ref = "#v1") =>
    identityOf(path, { root, name: `https://git.example/app${ref}`, repository: "https://git.example/app" });
  assert.deepEqual(of("/state/work/a-1/source", "/state/work/a-1/source/.archway.yaml"), {
    repository: "https://git.example/app",
    file: "https://git.example/app:.archway.yaml",
    pipeline: "https://git.example/app#v1:.archway.yaml",
  });
  assert.deepEqual(of("/b", "/b/.archway.yaml"), of("/c", "/c/.archway.yaml"));
  assert.deepEqual(of("/b", "/b/tools/one/.archway.yaml", ""), {
    repository: "https://git.example/app:tools/one",
    file: "https://git.example/app:tools/one/.archway.yaml",
    pipeline: "https://git.example/app:tools/one/.archway.yaml",
  });
  // A configuration of this machine for it.
  assert.deepEqual(of("/b", "/home/me/ci.yaml"), {
    repository: "https://git.example/app",
    file: "https://git.example/app:/home/me/ci.yaml",
    pipeline: "https://git.example/app#v1:/home/me/ci.yaml",
  });
});

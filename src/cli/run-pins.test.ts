import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResolveReference } from "../build/bases.ts";
import { ArchwayError } from "../error/error.ts";
import { TestStore } from "../image/test-store.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parseReference, targetOf } from "../oci/reference.ts";
import { parsePlatform } from "../platform/platform.ts";
import { RunPins } from "./run-pins.ts";

const live = new AbortController().signal;

/** A registry whose tag `1` can be moved, and that can be down. */
function registry() {
  const store = new TestStore("r.example/app");
  const state = { isDown: false, asked: 0 };
  const move = (content: string) =>
    store.tag("1", store.addJson(mediaTypes.ociIndex, { schemaVersion: 2, manifests: [], annotations: { content } }));
  const resolve: ResolveReference = async (reference) => {
    state.asked += 1;
    if (state.isDown) throw new ArchwayError({ code: "UNREACHABLE", kind: "unreachable", message: "no answer" });
    return { store, descriptor: await store.resolve(targetOf(reference)), location: store.name };
  };
  return { state, move, pins: new RunPins(resolve, live) };
}

test("a name is one image for the whole run, however it is spelled and wherever its tag moves", async () => {
  const { state, move, pins } = registry();
  await move("old");
  const first = await pins.pinned("r.example/app:1", live);
  assert.match(first, /^r\.example\/app@sha256:[0-9a-f]{64}$/);
  await move("new");
  const again = await pins.resolve(parseReference("r.example/app:1"), live);
  assert.equal(`r.example/app@${again.descriptor.digest}`, first);
  assert.equal(state.asked, 1);
});

test("what a job of the run moved is looked up anew, and what failed is asked for again", async () => {
  const { state, move, pins } = registry();
  await move("old");
  state.isDown = true;
  assert.equal(await pins.pinned("r.example/app:1", live), "r.example/app:1");
  state.isDown = false;
  const old = await pins.pinned("r.example/app:1", live);
  assert.match(old, /@sha256:/);
  await move("new");
  pins.forget(["r.example/app:1", "oci:out"]);
  assert.notEqual(await pins.pinned("r.example/app:1", live), old);
});

test("what is no name in a registry stays as it is", async () => {
  const { state, pins } = registry();
  const digest = `sha256:${"0".repeat(64)}`;
  for (const image of ["oci:out:1", "docker-archive:a.tar", digest, "Not A Name"])
    assert.equal(await pins.pinned(image, live), image);
  assert.equal(state.asked, 0);
});

test("a job that is cancelled does not wait, and the others still get their answer", async () => {
  const store = new TestStore("r.example/app");
  const answer = Promise.withResolvers<void>();
  const descriptor = { ...store.addImage(parsePlatform("linux/amd64"), "x") };
  const pins = new RunPins(async () => {
    await answer.promise;
    return { store, descriptor, location: store.name };
  }, live);
  const job = new AbortController();
  const cancelled = pins.resolve(parseReference("r.example/app:1"), job.signal);
  const other = pins.resolve(parseReference("r.example/app:1"), live);
  job.abort(new Error("cancelled"));
  await assert.rejects(cancelled, /cancelled/);
  answer.resolve();
  assert.equal((await other).descriptor.digest, descriptor.digest);
});

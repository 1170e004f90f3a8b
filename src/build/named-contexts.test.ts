import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { digestOf } from "../oci/digest.ts";
import { LayoutStore } from "../store/layout.ts";
import { locateContexts, pinContexts } from "./named-contexts.ts";

const { signal } = new AbortController();

test("folders are relative to the working directory and must exist; what the engine fetches stays as it is", async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), "archway-test-"));
  t.after(() => rm(cwd, { recursive: true }));
  await mkdir(join(cwd, "extra"));
  const remote = { image: "docker-image://alpine:3.6", git: "https://host/a.git#main", ssh: "git@host:a.git" };
  assert.deepEqual(await locateContexts({ extra: "extra", ...remote }, cwd, signal), {
    extra: join(cwd, "extra"),
    ...remote,
  });
  for (const value of ["nothing", "oci-layout://nothing", "oci-layout://extra"]) {
    await assert.rejects(locateContexts({ a: value }, cwd, signal), {
      code: "CONTEXT_INVALID",
      kind: "input",
      message: new RegExp(`^--build-context a=${value}: `),
    });
  }
});

test("a layout's only image, a named one and one by digest become its digest", async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), "archway-test-"));
  t.after(() => rm(cwd, { recursive: true }));
  const store = new LayoutStore(join(cwd, "lay"));
  const put = async (name: string) => {
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const annotations = { name };
    const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, manifests: [], annotations }));
    const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
    await store.putManifest(descriptor, bytes);
    await store.tag(name, descriptor);
    return descriptor.digest;
  };
  const first = await put("one");
  const locate = async (value: string) => (await locateContexts({ a: value }, cwd, signal))["a"];
  const place = `oci-layout://${join(cwd, "lay")}`;
  assert.equal(await locate("oci-layout://lay"), `${place}@${first}`);
  assert.equal(await locate(place), `${place}@${first}`);
  const second = await put("two");
  assert.equal(await locate("oci-layout://lay:two"), `${place}@${second}`);
  assert.equal(await locate(`${place}@${first}`), `${place}@${first}`);
  await assert.rejects(locate("oci-layout://lay"), { code: "CONTEXT_INVALID", kind: "input" });
  await assert.rejects(locate("oci-layout://lay:three"), { code: "CONTEXT_INVALID", message: /three/ });
});

test("images of named contexts are pinned as base images are", () => {
  const images = new Map([["alpine:3.6", { pinned: "mirror/alpine@sha256:1" }]]);
  assert.deepEqual(pinContexts({ a: "docker-image://alpine:3.6", b: "docker-image://other", c: "/folder" }, images), {
    a: "docker-image://mirror/alpine@sha256:1",
    b: "docker-image://other",
    c: "/folder",
  });
});

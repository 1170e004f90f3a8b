import assert from "node:assert/strict";
import { test } from "node:test";
import { TestStore } from "../image/test-store.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parseReference } from "../oci/reference.ts";
import { parsePlatform } from "../platform/platform.ts";
import { baseConfigReader } from "./base-configs.ts";
import type { BaseImage } from "./bases.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

function base(store: TestStore, config: object): BaseImage {
  const configDescriptor = store.addJson(mediaTypes.ociConfig, { ...amd64, rootfs: {}, config });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: configDescriptor, layers: [] };
  const descriptor = store.addJson(mediaTypes.ociManifest, manifest);
  return {
    name: "base",
    reference: parseReference("base:latest"),
    descriptor,
    pinned: `store@${descriptor.digest}`,
    store,
    children: [{ descriptor: { ...descriptor, platform: amd64 }, attestations: [] }],
  };
}

test("environment, folder and triggers of a base image are what its config says", async () => {
  const image = base(new TestStore("store"), {
    Env: ["PATH=/bin", "OPTIONS=a=b=c", "EMPTY=", "BARE"],
    WorkingDir: "/app",
    OnBuild: ["COPY . /app", "RUN make"],
  });
  const read = baseConfigReader(new AbortController().signal);
  const expected = {
    env: { PATH: "/bin", OPTIONS: "a=b=c", EMPTY: "", BARE: "" },
    workdir: "/app",
    onbuild: ["COPY . /app", "RUN make"],
  };
  assert.deepEqual(await read(image, amd64), expected);
  assert.equal(read(image, amd64), read(image, amd64), "it is read once");
  assert.equal(await read(image, arm64), undefined, "what is not there is told elsewhere");
});

test("a config without anything adds nothing", async () => {
  const read = baseConfigReader(new AbortController().signal);
  assert.deepEqual(await read(base(new TestStore("store"), {}), amd64), { env: {}, onbuild: [] });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../config/config.ts";
import { formatReference } from "../oci/reference.ts";
import type { BuildOptions } from "./build-options.ts";
import { buildRequest } from "./build-request.ts";
import { applyConfig } from "./build-settings.ts";

const amd64 = { os: "linux", architecture: "amd64" };

const nothing: BuildOptions = {
  tags: [],
  platforms: [],
  args: {},
  secrets: [],
  ssh: [],
  labels: {},
  annotations: [],
  buildContexts: {},
  cacheFrom: [],
  cacheTo: [],
  noCache: false,
  pull: false,
  progress: "auto",
  plan: false,
  nodes: [],
  nativeOnly: false,
  allowMissing: [],
  verify: true,
  format: "text",
  insecureRegistries: [],
};

test("a tag that is given twice is published once, however it is spelled", () => {
  const options: BuildOptions = {
    ...nothing,
    tags: ["r.test/a:1", "docker.io/library/demo:latest", "r.test/a:1", "demo", "r.test/a:2"],
    output: { type: "registry", names: ["r.test/a:2"], pushByDigest: false },
  };
  const { tags } = buildRequest(applyConfig(options, defaultConfig), ".", amd64);
  assert.deepEqual(tags.map(formatReference), ["r.test/a:1", "docker.io/library/demo:latest", "r.test/a:2"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultConfig } from "../config/config.ts";
import { parseConfig } from "../config/parse-config.ts";
import type { BuildOptions } from "./build-options.ts";
import { applyConfig, fileInContext } from "./build-settings.ts";

const arm64 = { os: "linux", architecture: "arm64" };
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

const config = parseConfig(
  `version: 1
platforms: [arm64]
engine: buildkit
nodes: { arm64: [tcp://a, tcp://b], amd64: [tcp://c] }
registries:
  local.test: { insecure: true }
  docker.io: { mirrors: [m.test] }
build:
  context: app
  file: app/Containerfile
  tags: [r/a:1]
  args: { A: "1", B: "2" }
  target: final
  labels: { l: x }
  annotations: ["index:t=u"]
  cache_from: [r/cache]
  provenance: "mode=max"
  jobs: 3
verify: { allow: [{ path: /fw/**, reason: firmware }] }
`,
  "/repo/.archway.yaml",
);

test("the configuration fills what was not asked for", () => {
  const settings = applyConfig(nothing, config);
  assert.equal(settings.engine, "buildkit");
  assert.equal(settings.context, "/repo/app");
  assert.equal(settings.file, "/repo/app/Containerfile");
  assert.deepEqual(settings.tags, ["r/a:1"]);
  assert.deepEqual(settings.platforms, [arm64]);
  assert.deepEqual(settings.args, { A: "1", B: "2" });
  assert.equal(settings.target, "final");
  assert.deepEqual(settings.annotations, [{ on: "index", key: "t", value: "u" }]);
  assert.deepEqual(settings.cacheFrom, ["type=registry,ref=r/cache"]);
  assert.equal(settings.provenance, "mode=max");
  assert.equal(settings.jobs, 3);
  assert.deepEqual(settings.insecureRegistries, ["local.test"]);
  assert.deepEqual(settings.allow, [{ path: "/fw/**", reason: "firmware" }]);
  assert.equal(settings.nodes.length, 3);
});

test("the command line wins: lists and values whole, arguments and labels by name, nodes by platform", () => {
  const settings = applyConfig(
    {
      ...nothing,
      engine: "auto",
      file: "own",
      tags: ["r/b:2"],
      platforms: [amd64],
      args: { B: "3", C: "4" },
      nodes: [{ platform: arm64, endpoint: "ssh://pi" }],
      cacheFrom: ["type=local,src=x"],
      jobs: 1,
      insecureRegistries: ["local.test", "other.test"],
    },
    config,
  );
  assert.equal(settings.engine, "auto");
  assert.equal(settings.file, "own");
  assert.deepEqual(settings.tags, ["r/b:2"]);
  assert.deepEqual(settings.platforms, [amd64]);
  assert.deepEqual(settings.args, { A: "1", B: "3", C: "4" });
  assert.deepEqual(settings.nodes, [
    { platform: arm64, endpoint: "ssh://pi" },
    { platform: amd64, endpoint: "tcp://c" },
  ]);
  assert.deepEqual(settings.cacheFrom, ["type=local,src=x"]);
  assert.equal(settings.jobs, 1);
  assert.deepEqual(settings.insecureRegistries, ["local.test", "other.test"]);
});

test("without a configuration the options stay as they are", () => {
  assert.deepEqual(applyConfig(nothing, defaultConfig), { ...nothing, engine: "auto", allow: [], registries: {} });
});

test("a wrong value of the configuration is told by its key", () => {
  const wrong = parseConfig("version: 1\nbuild: { cache_from: [type=registry] }\n", "/repo/.archway.yaml");
  assert.throws(() => applyConfig(nothing, wrong), /^ArchwayError: build\.cache_from type=registry: ref is missing/);
});

test("a Git or tar context has the configured Dockerfile at the same path", () => {
  assert.equal(fileInContext(config).build.file, "app/Containerfile");
  const outside = parseConfig("version: 1\nbuild: { file: ../Containerfile }\n", "/repo/.archway.yaml");
  assert.throws(() => fileInContext(outside), { code: "OPTION_INVALID", kind: "input" });
  assert.equal(fileInContext(defaultConfig), defaultConfig);
});

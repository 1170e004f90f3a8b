import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import { resolveJob } from "../pipeline/resolve-job.ts";
import { buildCall } from "./run-commands.ts";

const facts = {
  run: "r",
  number: 1,
  event: "push",
  branch: "main",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
} as const;

function buildOf(keys: string) {
  const file = "/r/.archway.yaml";
  const config = parseConfig(`version: 1\nplatforms: [linux/amd64, linux/arm64]\njobs: { image: { ${keys} } }\n`, file);
  const graph = expandPipeline(config, facts);
  const [planned] = graph.jobs;
  assert.ok(planned !== undefined);
  const { work } = resolveJob(planned, { graph, facts, outputs: new Map(), hash: () => "" }).job;
  assert.ok(work.kind === "build");
  return work;
}

const argsOf = async (keys: string) => {
  const around = { privateFolder: "/p", publish: false, secrets: new Map<string, string>() };
  const places = { layout: "/l", metadataFile: "/m", pushesAtOnce: false };
  return (await buildCall(buildOf(keys), around, places)).args;
};

test("named contexts, no_cache and pull of a build job are options of the build", async () => {
  const args = await argsOf(
    "build: { contexts: { Shared: lib, base: 'docker-image://${{ git.branch }}' }, no_cache: true, pull: true }",
  );
  for (const one of ["--build-context=Shared=lib", "--build-context=base=docker-image://main", "--no-cache", "--pull"])
    assert.ok(args.includes(one), one);
  const plain = await argsOf("build: {}");
  assert.deepEqual(
    plain.filter((one) => /context|cache|pull/.test(one)),
    [],
  );
});

test("all that verify says beside a build is handed on", () => {
  const { verify } = buildOf(
    "build: {}, verify: { require: [linux/arm64], platforms: [linux/arm64], severity: note, run: [/app] }",
  );
  const arm64 = { os: "linux", architecture: "arm64" };
  assert.deepEqual(verify, { platforms: [arm64], require: [arm64], severity: "note", run: ["/app"] });
  assert.equal(buildOf("build: {}").verify, undefined);
});

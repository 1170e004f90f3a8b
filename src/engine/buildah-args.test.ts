import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { buildahArgs, buildahLacks } from "./buildah-args.ts";
import type { EngineRequest } from "./engine.ts";
import { withPinnedBases } from "./pinned-dockerfile.ts";

const request: EngineRequest = {
  platform: parsePlatform("linux/arm/v7"),
  context: { kind: "directory", path: "/src" },
  dockerfile: "/src/Dockerfile",
  source: { text: "FROM --platform=$BUILDPLATFORM a\n", bases: [] },
  args: { SOURCE_DATE_EPOCH: "1700000000", WORD: "a=b, c" },
  labels: {},
  annotations: { note: "x" },
  bases: {},
  buildContexts: { "docker.io/library/tool:latest": "docker-image://host/tool" },
  secrets: [],
  ssh: ["default"],
  cacheFrom: ["host/app/cache:tag-linux-arm-v7", "type=gha"],
  cacheTo: ["type=registry,ref=host:5000/app/cache,mode=max"],
  noCache: true,
  pull: true,
  output: { kind: "layout", directory: "/out" },
};
const files = { digest: "/s/digest", dockerfile: "/s/Dockerfile", secrets: [], env: {} };

describe("buildah build", () => {
  it("gets the request in its own spelling", () => {
    const lines = [
      "build --layers --rm --force-rm --format oci --platform linux/arm/v7",
      "--file /s/Dockerfile --build-arg BUILDPLATFORM=linux/amd64",
      "--timestamp 1700000000 --build-arg WORD=a=b, c --annotation note=x",
      "--build-context docker.io/library/tool:latest=docker-image://host/tool",
      "--build-context tool=docker-image://host/tool --ssh default --no-cache --pull-always",
      "--cache-from host/app/cache --cache-to host:5000/app/cache /src",
    ];
    assert.equal(buildahArgs(request, parsePlatform("linux/amd64"), files).join(" "), lines.join(" "));
  });

  it("lacks attestations and caches outside registries", () => {
    assert.deepEqual(buildahLacks(request), ['Buildah has caches in registries only: "type=gha" is not used.']);
    assert.equal(buildahLacks({ ...request, cacheFrom: [], provenance: "mode=min", sbom: "false" }).length, 1);
  });
});

describe("a Dockerfile with pinned bases", () => {
  it("names each base by its manifest, on the same lines", () => {
    const text = "FROM a AS x\nFROM a\nCOPY --from=b / /\n";
    const use = (at: number, manifest: string) => {
      return { start: at, end: at + 1, manifest, platform: parsePlatform("linux/arm64") };
    };
    assert.equal(
      withPinnedBases({ text, bases: [use(5, "h/a@1"), use(17, "h/a@2"), use(31, "h/b@3")] }),
      "FROM h/a@1 AS x\nFROM h/a@2\nCOPY --from=h/b@3 / /\n",
    );
  });
});

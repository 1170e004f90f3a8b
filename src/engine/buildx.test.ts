import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatPlatform } from "../platform/platform.ts";
import { parseInspect } from "./buildx.ts";

describe("docker buildx inspect", () => {
  it("of the docker driver on the containerd store (buildx 0.37)", () => {
    const builder = parseInspect(`Name:   default
Driver: docker

Nodes:
Name:             default
Endpoint:         default
Status:           running
BuildKit version: v0.33.0
Platforms:        linux/amd64, linux/amd64/v2, linux/arm64, linux/arm/v7
Labels:
 org.mobyproject.buildkit.worker.executor:             containerd
 org.mobyproject.buildkit.worker.snapshotter:          overlayfs
`);
    assert.deepEqual(
      { ...builder, platforms: builder?.platforms.map(formatPlatform) },
      {
        driver: "docker",
        platforms: ["linux/amd64", "linux/amd64/v2", "linux/arm64", "linux/arm/v7"],
        nodes: 1,
        buildkitVersion: "v0.33.0",
        containerdStore: true,
      },
    );
  });

  it("of the docker driver on the classic store, by an older buildx", () => {
    const builder = parseInspect(`Name:   default
Driver: docker

Nodes:
Name:      default
Endpoint:  default
Status:    running
Buildkit:  20.10.24+dfsg1
Platforms: linux/amd64, linux/386
`);
    assert.deepEqual([builder?.containerdStore, builder?.buildkitVersion], [false, "20.10.24+dfsg1"]);
  });

  it("of a builder with two nodes, one platform set by hand", () => {
    const builder = parseInspect(`Name:          two
Driver:        remote
Last Activity: 2026-11-21 10:47:55 +0000 UTC

Nodes:
Name:             two0
Endpoint:         tcp://a:1234
Status:           running
BuildKit version: v0.31.0
Platforms:        linux/arm64*, linux/amd64

Name:             two1
Endpoint:         tcp://b:1234
Status:           running
Platforms:        linux/arm64
`);
    assert.deepEqual([builder?.nodes, builder?.platforms.map(formatPlatform)], [2, ["linux/arm64", "linux/amd64"]]);
  });

  it("of a builder that does not run, of one that cannot be reached, and of none", () => {
    assert.deepEqual(
      parseInspect("Name:   c\nDriver: docker-container\n\nNodes:\nName:     c0\nStatus:   inactive\n"),
      {
        driver: "docker-container",
        platforms: [],
        nodes: 1,
        containerdStore: false,
      },
    );
    const gone = parseInspect("Name:   default\nDriver: \nError:  failed to connect to the docker API\n");
    assert.equal(gone?.error, "failed to connect to the docker API");
    assert.equal(parseInspect(""), undefined);
  });
});

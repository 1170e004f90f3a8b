import assert from "node:assert/strict";
import { test } from "node:test";
import { type BodyEngine, createBody } from "./container-body.ts";
import type { ContainerSpec } from "./containerizer.ts";

const spec: ContainerSpec = {
  name: "step",
  image: {
    id: "image",
    digest: `sha256:${"0".repeat(64)}`,
    platform: { os: "linux", architecture: "amd64" },
    bytes: 0,
  },
  env: {},
  mounts: [],
  resources: {},
  labels: { run: "run", owner: "owner" },
};

test("the engine keeps a log where a connection may break and the container go on, and then all of it", () => {
  const logOf = (engine: BodyEngine) => {
    const { HostConfig } = createBody(spec, engine) as { HostConfig: { LogConfig: { Type: string; Config: object } } };
    return HostConfig.LogConfig;
  };
  assert.deepEqual(logOf({ kind: "docker", endpoint: "unix:///run/docker.sock" }), { Type: "none", Config: {} });
  for (const endpoint of ["tcp://10.0.0.1:2376", "ssh://pi@board"])
    assert.deepEqual(logOf({ kind: "docker", endpoint }), {
      Type: "local",
      Config: { "max-size": "1000t", "max-file": "1", compress: "false" },
    });
  for (const endpoint of ["unix:///run/podman.sock", "ssh://pi@board"])
    assert.deepEqual(logOf({ kind: "podman", endpoint }), { Type: "k8s-file", Config: { "max-size": "1000t" } });
});

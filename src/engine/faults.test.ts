import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf } from "./faults.ts";

const ids = (name: "buildah" | "buildkit" | "buildx", version: string) =>
  faultsOf({ name, version }).map(({ id }) => id);

test("Debian 13's Buildah puts the wrong architecture into final stages, Debian 12's ignores $BUILDPLATFORM", () => {
  assert.deepEqual(ids("buildah", "1.39.3"), ["buildah-wrong-stage-platform", "buildah-scratch-platforms-collapse"]);
  assert.deepEqual(ids("buildah", "1.28.2"), ["buildah-ignores-buildplatform", "buildah-scratch-platforms-collapse"]);
  assert.deepEqual(ids("buildah", "1.45.0"), []);
});

test("an engine without known faults, and a version that cannot be read", () => {
  assert.deepEqual(ids("buildkit", "v0.33.1"), []);
  assert.deepEqual(ids("buildah", "unknown"), []);
});

import assert from "node:assert/strict";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { EngineVolumes } from "../containerizer/containerizer.ts";
import { Artifacts } from "../volumizer/artifacts.ts";
import { Caches } from "../volumizer/caches.ts";
import { drivers } from "../volumizer/clone/driver.ts";
import { VolumeFolder } from "./volume-folder.ts";

test("a container whose answer is lost goes by its name, before the volume that it has", async () => {
  await using root = await mkdtempDisposable(join(tmpdir(), "archway-volume-"));
  const there: string[] = [];
  const engine: EngineVolumes = {
    createVolume: async (name) => void there.push(`volume ${name}`),
    createHolder: async (name) => {
      there.push(`container ${name}`);
      throw new Error("the connection broke");
    },
    put: async () => undefined,
    get: async () => undefined,
    remove: async ({ kind, id }) => {
      if (kind === "volume" && there.includes(`container ${id}`)) throw new Error("the volume is in use");
      there.splice(there.indexOf(`${kind} ${id}`), 1);
    },
  };
  const parts = {
    engine,
    isShared: false,
    checkout: { folder: root.path, paths: [] },
    artifacts: new Artifacts(root.path),
    caches: new Caches(root.path, { repository: "/r", driver: drivers.copy, owner: "me-1-1" }),
    staging: root.path,
    labels: { run: "r", owner: "me-1-1" },
  };
  await assert.rejects(VolumeFolder.open(parts, new AbortController().signal), { message: "the connection broke" });
  assert.deepEqual(there, []);
});

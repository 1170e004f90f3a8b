import assert from "node:assert/strict";
import { mkdtempDisposable, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import type { EngineVolumes } from "../containerizer/containerizer.ts";
import { Artifacts } from "../volumizer/artifacts.ts";
import { parsePlatform } from "../../platform/platform.ts";
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

test(
  "a cancel is heard while a cache comes out of the engine, and nothing of it stays",
  { timeout: 20_000 },
  async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), "archway-volume-"));
    const asked = Promise.withResolvers<void>();
    const engine: EngineVolumes = {
      createVolume: async () => undefined,
      createHolder: async (name) => name,
      put: async (_, __, tar) => void tar.resume(),
      // Begins, and never goes on.
      get: async (_, __, signal) => {
        const tar = new PassThrough({ signal });
        tar.write(Buffer.alloc(100));
        asked.resolve();
        return tar;
      },
      remove: async () => undefined,
    };
    const [caches, staging] = [join(root.path, "caches"), join(root.path, "staging")];
    const folder = await VolumeFolder.open(
      {
        engine,
        isShared: false,
        checkout: { folder: root.path, paths: [] },
        artifacts: new Artifacts(root.path),
        caches: new Caches(caches, { repository: "/r", driver: drivers.copy, owner: "me-1-1" }),
        staging,
        labels: { run: "r", owner: "me-1-1" },
      },
      new AbortController().signal,
    );
    const spec = { path: "/cache", key: "k", restore: [], save: "success", maxSize: 1_000 } as const;
    const { cache } = await folder.openCache(spec, parsePlatform("linux/amd64"), new AbortController().signal);
    const cancel = new AbortController();
    const saving = cache.save(cancel.signal);
    await asked.promise;
    cancel.abort(new Error("cancelled"));
    await assert.rejects(saving, (error) => error instanceof Error && /cancelled|abort/.test(error.message));
    assert.deepEqual(await readdir(staging), []);
    const saved = await readdir(join(caches, "linux_amd64"));
    assert.deepEqual(
      saved.filter((name) => name !== ".archway.lock"),
      [],
    );
  },
);

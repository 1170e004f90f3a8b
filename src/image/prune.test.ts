import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { readTree } from "../store/tree.ts";
import { pruneRegistry } from "./prune.ts";
import { readGraph } from "./prune-graph.ts";
import { planPrune } from "./prune-plan.ts";
import { TestStore } from "./test-store.ts";

const amd64 = parsePlatform("linux/amd64");
const { signal } = new AbortController();

function addIndex(store: TestStore, manifests: readonly Descriptor[], annotations: object = {}): Descriptor {
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests, annotations };
  return store.addJson(mediaTypes.ociIndex, document);
}

/** Releases that share a base image; each has one of its own, and an index within the index. */
async function filled(log: string[] = []): Promise<TestStore> {
  const store = new TestStore("store", log);
  const base = store.addImage(amd64, "base");
  for (const [at, tag] of ["one", "two", "three"].entries()) {
    const inner = addIndex(store, [store.addImage(amd64, `inner ${tag}`)]);
    const created = { "org.opencontainers.image.created": `202${at}-01-01T00:00:00Z` };
    const index = addIndex(store, [base, store.addImage(amd64, tag), inner], created);
    await store.tag(tag, index);
    await store.tag(`${tag}-again`, index);
  }
  return store;
}

const policy = { keptBy: () => undefined, isMeant: () => true, untagged: false, now: Date.now() };

/** Every tag leads to all of its image. */
async function assertWhole(store: TestStore, told: string): Promise<void> {
  for (const tag of Object.keys(store.tagged)) {
    await assert.doesNotReject(readTree(store, await store.resolve(tag)), `${tag} has lost something ${told}`);
  }
}

describe("pruneRegistry", () => {
  test("keeps the newest whole, and removes the others to the last manifest", async () => {
    const log: string[] = [];
    const store = await filled(log);
    const graph = await readGraph(store, { dates: true, signal });
    const plan = planPrune(graph, { ...policy, keep: 1 });
    log.length = 0;
    await pruneRegistry(store, graph, plan, () => undefined, signal);
    assert.deepEqual(Object.keys(store.tagged), ["three", "three-again"]);
    assert.equal(log.length, 8, "two indexes with two manifests and a nested index each");
    assert.equal((await readGraph(store, { dates: false, signal })).nodes.size, 5);
    await assertWhole(store, "at the end");
  });

  test("stopped anywhere, what is left is whole, and the same again finishes it", async () => {
    for (let failing = 0; failing < 8; failing++) {
      const store = await filled();
      const graph = await readGraph(store, { dates: true, signal });
      const plan = planPrune(graph, { ...policy, keep: 1 });
      let step = 0;
      store.before = () => {
        if (step++ === failing) throw new ArchwayError({ code: "UNREACHABLE", kind: "unreachable", message: "gone" });
      };
      await assert.rejects(
        pruneRegistry(store, graph, plan, () => undefined, signal),
        { code: "UNREACHABLE" },
      );
      await assertWhole(store, `at step ${failing}`);
      store.before = () => undefined;
      await pruneRegistry(store, graph, { ...plan, removed: [] }, () => undefined, signal);
      assert.deepEqual(Object.keys(store.tagged), ["three", "three-again"]);
    }
  });

  test("a tag that has come or moved since stops it before anything is removed", async () => {
    for (const tag of ["new", "one"]) {
      const store = await filled();
      const graph = await readGraph(store, { dates: true, signal });
      const plan = planPrune(graph, { ...policy, keep: 1 });
      await store.tag(tag, await store.resolve("two"));
      await assert.rejects(
        pruneRegistry(store, graph, plan, () => undefined, signal),
        {
          code: "REPOSITORY_CHANGED",
          kind: "failed",
          message: new RegExp(`^store:${tag} has come or moved`),
        },
      );
      assert.equal(Object.keys(store.tagged).length, tag === "new" ? 7 : 6);
    }
  });

  test("a registry that removes the manifest with one of its tags gets it back", async () => {
    const store = await filled();
    const graph = await readGraph(store, { dates: false, signal });
    const plan = planPrune(graph, { ...policy, isMeant: (name) => name === "one-again" });
    const { digest } = await store.resolve("one");
    const takesAll = Object.assign(store, {
      async delete(reference: string) {
        await TestStore.prototype.delete.call(store, reference === "one-again" ? digest : reference);
      },
    });
    const { left } = await pruneRegistry(takesAll, graph, plan, () => undefined, signal);
    assert.deepEqual(left, []);
    assert.equal(store.tagged["one"], digest);
    assert.equal(store.tagged["one-again"], undefined);
    await assertWhole(store, "after a registry took too much");
  });

  test("a tag that the registry does not remove alone is left, with its reason", async () => {
    const store = await filled();
    const graph = await readGraph(store, { dates: false, signal });
    const plan = planPrune(graph, { ...policy, isMeant: (name) => name === "one-again" });
    store.before = () => {
      throw new ArchwayError({ code: "REGISTRY_ERROR", kind: "unreachable", message: "answered 405" });
    };
    const { left } = await pruneRegistry(store, graph, plan, () => undefined, signal);
    assert.deepEqual(left, [{ name: "one-again", reason: "answered 405" }]);
  });
});

describe("readGraph", () => {
  test("an index is as old as its annotation says, else as its newest image; dates before 2000 say nothing", async () => {
    const store = new TestStore("store");
    const dated = (created: string) => {
      const config = store.addJson(mediaTypes.ociConfig, { ...amd64, created, rootfs: {} });
      return store.addJson(mediaTypes.ociManifest, {
        schemaVersion: 2,
        mediaType: mediaTypes.ociManifest,
        config,
        layers: [],
      });
    };
    const [old, young, unset] = ["2020-02-02T00:00:00Z", "2022-02-02T00:00:00Z", "1970-01-01T00:00:00Z"].map(dated);
    assert.ok(old && young && unset);
    await store.tag("newest", addIndex(store, [old, young, unset]));
    await store.tag("said", addIndex(store, [young], { "org.opencontainers.image.created": "2021-01-01T00:00:00Z" }));
    await store.tag("unset", addIndex(store, [unset]));
    const { roots, nodes } = await readGraph(store, { dates: true, signal });
    const created = roots.map(({ name, digest }) => [name, nodes.get(digest)?.created]);
    assert.deepEqual(Object.fromEntries(created), {
      newest: Date.UTC(2022, 1, 2),
      said: Date.UTC(2021, 0, 1),
      unset: undefined,
    });
  });

  test("a child that is missing already is no error", async () => {
    const store = new TestStore("store");
    const child = store.addImage(amd64);
    await store.tag("holed", addIndex(store, [child]));
    await store.delete(child.digest);
    const graph = await readGraph(store, { dates: true, signal });
    const plan = planPrune(graph, policy);
    await pruneRegistry(store, graph, plan, () => undefined, signal);
    assert.deepEqual(store.tagged, {});
  });
});

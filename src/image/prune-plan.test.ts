import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { planPrune } from "./prune-plan.ts";
import type { GraphNode, ImageGraph, PrunePlan, PrunePolicy } from "./prune-plan.ts";

const digest = (name: string): Digest => digestOf(new TextEncoder().encode(name));
const day = 24 * 60 * 60 * 1000;
const now = 1_000 * day;

const nothing: PrunePolicy = { keptBy: () => undefined, isMeant: () => true, untagged: false, now };

interface Written {
  readonly children?: readonly string[];
  readonly subject?: string;
  /** Days. */
  readonly age?: number;
}

/** A graph from names: nodes by name, roots as `tag: name`. */
function graphOf(nodes: Readonly<Record<string, Written>>, tags: Readonly<Record<string, string>>): ImageGraph {
  return {
    nodes: new Map(
      Object.entries(nodes).map(([name, { children = [], subject, age }]): [Digest, GraphNode] => [
        digest(name),
        {
          digest: digest(name),
          kind: children.length > 0 ? "index" : "manifest",
          children: children.map(digest),
          ...(subject === undefined ? {} : { subject: digest(subject) }),
          ...(age === undefined ? {} : { created: now - age * day }),
        },
      ]),
    ),
    roots: Object.entries(tags).map(([name, target]) => ({ name, digest: digest(target) })),
  };
}

function told(plan: PrunePlan, names: readonly string[]) {
  const nameOf = (one: Digest) => names.find((name) => digest(name) === one) ?? one;
  return {
    kept: Object.fromEntries(plan.kept.map(({ root, because }) => [root.name ?? nameOf(root.digest), because])),
    removed: plan.removed.map(
      ({ root, onlyName }) => `${root.name ?? nameOf(root.digest)}${onlyName ? " (name only)" : ""}`,
    ),
    manifests: plan.manifests.map((node) => nameOf(node.digest)),
    shared: plan.shared.map((one) => `${nameOf(one.digest)} for ${one.neededBy.name}`),
  };
}

describe("planPrune", () => {
  test("a child that a kept index has too stays, and the rest goes from the top down", () => {
    const nodes = {
      new: { children: ["a", "b"], age: 1 },
      old: { children: ["a", "c", "proof of c"], age: 90 },
      a: {},
      b: {},
      c: {},
      "proof of c": {},
    };
    const plan = planPrune(graphOf(nodes, { "2": "new", "1": "old" }), { ...nothing, keep: 1 });
    assert.deepEqual(told(plan, Object.keys(nodes)), {
      kept: { "2": "it is the newest" },
      removed: ["1"],
      manifests: ["old", "proof of c", "c"],
      shared: ["a for 2"],
    });
  });

  test("a digest that a kept tag points at loses only its other name", () => {
    const nodes = { app: { age: 90 } };
    const graph = graphOf(nodes, { "nightly-1": "app", v1: "app" });
    const plan = planPrune(graph, { ...nothing, olderThan: day, keptBy: (name) => (name === "v1" ? "v*" : undefined) });
    assert.deepEqual(told(plan, Object.keys(nodes)), {
      kept: { v1: "its name matches v*" },
      removed: ["nightly-1 (name only)"],
      manifests: [],
      shared: ["app for v1"],
    });
  });

  test("signatures and referrers go and stay with their image, before it when they go", () => {
    const tagOf = (name: string) => digest(name).replace(":", "-");
    const nodes = {
      old: { children: ["a"], age: 90 },
      a: {},
      new: { age: 1 },
      "sig old": {},
      "sig new": {},
      "sig gone": {},
      "sbom a": { subject: "a" },
      "list a": { children: ["sbom a"] },
    };
    const graph = graphOf(nodes, {
      old: "old",
      new: "new",
      [`${tagOf("old")}.sig`]: "sig old",
      [`${tagOf("new")}.sig`]: "sig new",
      [`${tagOf("gone")}.sig`]: "sig gone",
      [tagOf("a")]: "list a",
    });
    const { kept, removed, manifests } = told(planPrune(graph, { ...nothing, keep: 1 }), Object.keys(nodes));
    assert.deepEqual(Object.keys(kept), ["new", `${tagOf("new")}.sig`, `${tagOf("gone")}.sig`]);
    assert.match(kept[`${tagOf("gone")}.sig`] ?? "", /no tag leads/);
    assert.deepEqual(removed, ["old", `${tagOf("old")}.sig`, tagOf("a")]);
    assert.equal(manifests.length, 5);
    assert.ok(manifests.indexOf("list a") < manifests.indexOf("sbom a"), manifests.join());
    assert.ok(manifests.indexOf("sbom a") < manifests.indexOf("a"), manifests.join());
    assert.ok(manifests.indexOf("old") < manifests.indexOf("a"), manifests.join());
  });

  test("a kept attestation keeps the image that it is about", () => {
    const nodes = { app: { age: 90 }, proof: { subject: "app", age: 1 } };
    const plan = planPrune(graphOf(nodes, { app: "app", "proof-tag": "proof" }), { ...nothing, keep: 1 });
    assert.deepEqual(told(plan, Object.keys(nodes)).manifests, []);
    assert.deepEqual(told(plan, Object.keys(nodes)).removed, ["app (name only)"]);
  });

  test("names of one image count as one, both limits have to allow it, and unknown age is kept", () => {
    const nodes = { one: { age: 1 }, two: { age: 20 }, three: { age: 40 }, four: { age: 60 }, dark: {} };
    const tags = { "1.2.3": "one", latest: "one", b: "two", c: "three", d: "four", e: "dark" };
    const names = Object.keys(nodes);
    const plan = planPrune(graphOf(nodes, tags), { ...nothing, keep: 2, olderThan: 50 * day });
    assert.deepEqual(told(plan, names).kept, {
      "1.2.3": "it is one of the 2 newest",
      latest: "it is one of the 2 newest",
      b: "it is one of the 2 newest",
      c: "it is only 40 days old",
      e: "nothing tells how old it is",
    });
    assert.deepEqual(told(plan, names).manifests, ["four"]);
  });

  test("of equally old images exactly as many stay as are asked for, by name, and the reasons say so", () => {
    const nodes = { one: { age: 20 }, two: { age: 20 }, three: { age: 20 }, old: { age: 30 }, new: { age: 2 } };
    const tags = { v9: "one", v10: "two", v8: "three", v11: "old" };
    const names = Object.keys(nodes);
    for (const order of [tags, Object.fromEntries(Object.entries(tags).reverse())]) {
      const one = planPrune(graphOf(nodes, order), { ...nothing, keep: 1 });
      assert.deepEqual(told(one, names).kept, { v10: "it is the newest, by name among equally old ones" });
      assert.deepEqual(Object.fromEntries(one.removed.map(({ root, because }) => [root.name, because])), {
        v9: "it is as old as v10 (20 days), which sorts above it",
        v8: "it is as old as v10 (20 days), which sorts above it",
        v11: "it is not one of the 1 newest, it is 30 days old",
      });
      const two = planPrune(graphOf(nodes, { ...order, v0: "new" }), { ...nothing, keep: 2 });
      assert.deepEqual(told(two, names).kept, {
        v0: "it is one of the 2 newest",
        v10: "it is one of the 2 newest, by name among equally old ones",
      });
      const all = planPrune(graphOf(nodes, order), { ...nothing, keep: 3 });
      assert.deepEqual(Object.values(told(all, names).kept), Array(3).fill("it is one of the 3 newest"));
    }
  });

  test("for any ages and names: the count is exact, nothing newer goes, and the order of the roots decides nothing", () => {
    const images = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), age: fc.nat(4) }), {
      selector: ({ name }) => name,
      maxLength: 8,
    });
    fc.assert(
      fc.property(images, fc.nat(5), (list, keep) => {
        const nodes = Object.fromEntries(list.map(({ name, age }) => [`image ${name}`, { age }]));
        const { roots, nodes: known } = graphOf(nodes, {});
        assert.equal(roots.length, 0);
        const all = list.map(({ name }) => ({ name, digest: digest(`image ${name}`) }));
        const plan = planPrune({ roots: all, nodes: known }, { ...nothing, keep });
        assert.equal(plan.kept.length, Math.min(keep, list.length));
        const madeAt = (judged: readonly { readonly root: { readonly digest: Digest } }[]) =>
          judged.map(({ root }) => known.get(root.digest)?.created ?? 0);
        assert.ok(Math.max(0, ...madeAt(plan.removed)) <= Math.min(Infinity, ...madeAt(plan.kept)));
        const again = planPrune({ roots: all.toReversed(), nodes: known }, { ...nothing, keep });
        const keptNames = (one: PrunePlan) => one.kept.map(({ root }) => root.name ?? "").sort();
        assert.deepEqual(keptNames(again), keptNames(plan));
      }),
    );
  });

  test("entries without a name stay until they are asked for, and go without touching what is needed", () => {
    const nodes = { loose: {}, app: { children: ["part"] }, part: {} };
    const graph = graphOf(nodes, { app: "app" });
    const roots = [...graph.roots, { digest: digest("loose") }, { digest: digest("part") }];
    const kept = planPrune({ ...graph, roots }, { ...nothing, isMeant: () => false });
    assert.equal(kept.removed.length, 0);
    const plan = planPrune({ ...graph, roots }, { ...nothing, isMeant: () => false, untagged: true });
    assert.deepEqual(told(plan, Object.keys(nodes)).removed, ["loose"]);
    assert.equal(told(plan, Object.keys(nodes)).kept["part"], "app needs it");
    assert.deepEqual(told(plan, Object.keys(nodes)).manifests, ["loose"]);
  });

  test("for any graph: no kept root loses anything that it leads to, and no manifest goes after what it refers to", () => {
    const names = Array.from({ length: 12 }, (_, at) => `n${at}`);
    const written = fc.array(
      fc.record({
        children: fc.subarray(names, { maxLength: 4 }),
        subject: fc.option(fc.constantFrom(...names), { nil: undefined, freq: 3 }),
        age: fc.option(fc.nat(100), { nil: undefined }),
      }),
      { minLength: names.length, maxLength: names.length },
    );
    const companion = fc.constantFrom(...names.map((name) => digest(name).replace(":", "-")), "sha256-gone");
    const name = fc.oneof(
      fc.constantFrom("a", "b", "c", "d", "v1", "v2", undefined),
      fc.tuple(companion, fc.constantFrom("", ".sig", ".att")).map((parts) => parts.join("")),
    );
    const roots = fc.uniqueArray(fc.record({ name, target: fc.constantFrom(...names) }), {
      maxLength: 10,
      selector: (root) => root.name ?? root.target,
    });
    const policy = fc.record({
      keep: fc.option(fc.nat(4), { nil: undefined }),
      olderThan: fc.option(fc.nat(100), { nil: undefined }),
      untagged: fc.boolean(),
      pattern: fc.constantFrom("v", "a", "x"),
    });
    fc.assert(
      fc.property(written, roots, policy, fc.boolean(), (parts, tags, asked, acyclic) => {
        // Digests allow no cycles; the plan must not hang on them all the same.
        const later = (at: number, name: string) => !acyclic || Number(name.slice(1)) > at;
        const nodes = Object.fromEntries(
          parts.map((part, at) => [
            names[at] ?? "",
            {
              children: part.children.filter((child) => later(at, child)),
              ...(part.age === undefined ? {} : { age: part.age }),
              ...(part.subject !== undefined && later(at, part.subject) ? { subject: part.subject } : {}),
            },
          ]),
        );
        const graph = {
          ...graphOf(nodes, {}),
          roots: tags.map((root) => ({
            ...(root.name === undefined ? {} : { name: root.name }),
            digest: digest(root.target),
          })),
        };
        const { keep, olderThan, untagged, pattern } = asked;
        const plan = planPrune(graph, {
          ...nothing,
          untagged,
          keptBy: (one) => (one.startsWith(pattern) ? pattern : undefined),
          ...(keep === undefined ? {} : { keep }),
          ...(olderThan === undefined ? {} : { olderThan: olderThan * day }),
        });
        assert.equal(plan.kept.length + plan.removed.length, tags.length, "every root is judged once");
        const gone = new Set(plan.manifests.map((node) => node.digest));
        const seen = new Set<Digest>();
        const check = (one: Digest): void => {
          if (seen.has(one)) return;
          seen.add(one);
          assert.ok(!gone.has(one), "something that is kept would go");
          const node = graph.nodes.get(one);
          for (const child of node?.children ?? []) check(child);
          if (node?.subject !== undefined) check(node.subject);
          for (const other of graph.nodes.values()) if (other.subject === one) check(other.digest);
          for (const root of graph.roots) if (root.name?.startsWith(one.replace(":", "-"))) check(root.digest);
        };
        for (const { root } of plan.kept) check(root.digest);
        for (const { root, onlyName } of plan.removed) {
          assert.equal(onlyName, !gone.has(root.digest));
          if (onlyName) assert.ok(seen.has(root.digest));
        }
        if (!acyclic) return;
        const order = new Map(plan.manifests.map((node, at) => [node.digest, at]));
        for (const node of plan.manifests) {
          for (const below of [...node.children, ...(node.subject === undefined ? [] : [node.subject])]) {
            assert.ok((order.get(below) ?? Infinity) > (order.get(node.digest) ?? 0));
          }
        }
      }),
    );
  });
});

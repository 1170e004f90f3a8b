import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import { builtInFacts } from "./built-in.ts";
import type { ImageFact } from "./facts.ts";
import { KnownFacts, type LookUp } from "./known-facts.ts";

const both = parsePlatformList("linux/amd64,linux/arm64");
const builtIn = builtInFacts(both);
const nothing = { images: new Map(), urls: new Map(), packages: new Map() };
const signal = new AbortController().signal;

function lookUp(answers: Partial<LookUp>): LookUp {
  const unknown = () => Promise.resolve(undefined);
  return { image: unknown, url: unknown, package: unknown, ...answers };
}

test("what the user gave is final: it is not asked for", async () => {
  const asked: string[] = [];
  const given = { ...nothing, images: new Map<string, ImageFact>([["docker.io/library/a:latest", null]]) };
  const facts = new KnownFacts({
    given,
    builtIn,
    lookUp: lookUp({ image: ({ path }) => Promise.resolve(void asked.push(path)) }),
  });
  assert.equal(facts.image("a"), null);
  assert.equal(facts.image("b"), undefined);
  assert.equal(await facts.learn(signal), false);
  assert.deepEqual(asked, ["library/b"]);
});

test("an answer from outside beats the built-in table, which stands in when there is none", async () => {
  const fact = { platforms: both };
  const known = lookUp({ image: ({ tag }) => Promise.resolve(tag === "3.4" ? fact : undefined) });
  const facts = new KnownFacts({ given: nothing, builtIn, lookUp: known });
  assert.equal(facts.image("alpine:3.4")?.platforms.length, 1);
  assert.equal(facts.image("alpine:3.5")?.platforms.length, 1);
  assert.equal(await facts.learn(signal), true);
  assert.deepEqual(facts.image("docker.io/library/alpine:3.4"), fact);
  assert.equal(facts.image("alpine:3.5")?.platforms.length, 1);
  assert.equal(await facts.learn(signal), false, "a question is asked once");
});

test("what nobody knows is unanswered; what was told can be saved, known or not", async () => {
  const facts = new KnownFacts({
    given: nothing,
    builtIn,
    lookUp: lookUp({ url: (url) => Promise.resolve(url.endsWith("gone") ? false : undefined) }),
  });
  const ask = () => [facts.url("https://a.test/gone"), facts.url("https://a.test/x"), facts.package("npm:a@1")];
  ask();
  await facts.learn(signal);
  assert.deepEqual(ask(), [false, undefined, undefined]);
  assert.deepEqual(facts.unanswered, [
    { kind: "url", key: "https://a.test/x" },
    { kind: "package", key: "npm:a@1" },
  ]);
  assert.deepEqual([...facts.answered.urls], [["https://a.test/gone", false]]);
});

test("offline nothing is asked, and no words that are no image are questions", async () => {
  const facts = new KnownFacts({ given: nothing, builtIn });
  assert.equal(facts.image("A B"), undefined);
  assert.equal(facts.image("example.org/x:1"), undefined);
  assert.equal(await facts.learn(signal), false);
  assert.deepEqual(facts.unanswered, [{ kind: "image", key: "example.org/x:1" }]);
});

test("a fact about a tag is one about its digest", () => {
  const digest = `sha256:${"a".repeat(64)}` as const;
  const given = { ...nothing, images: new Map([["docker.io/library/a:1", { platforms: both, digest }]]) };
  const facts = new KnownFacts({ given, builtIn });
  assert.deepEqual(facts.image(`a:1@${digest}`)?.platforms, both);
  assert.equal(facts.image(`a:1@sha256:${"b".repeat(64)}`), undefined);
});

test("a replacement is the nearest later tag of the same kind that is known to have all platforms, spelled as it was", () => {
  const images = new Map([
    ["docker.io/library/alpine:3.20", { platforms: both }],
    ["docker.io/team/app:2.0", { platforms: both }],
    ["docker.io/team/app:1.5", { platforms: parsePlatformList("linux/amd64") }],
  ]);
  const facts = new KnownFacts({ given: { ...nothing, images }, builtIn });
  assert.equal(facts.replacement("docker.io/library/alpine:3.4", both), "docker.io/library/alpine:3.6");
  assert.equal(facts.replacement("team/app:1.0", both), "team/app:2.0");
  assert.equal(facts.replacement("team/app:2.0", both), undefined);
  assert.equal(facts.replacement("team/app:1.0-slim", both), undefined);
});

test("an interruption ends the asking", async () => {
  const abort = new AbortController();
  const facts = new KnownFacts({
    given: nothing,
    builtIn,
    lookUp: lookUp({ url: () => Promise.reject(abort.signal.reason) }),
  });
  facts.url("https://a.test/");
  abort.abort(new Error("stop"));
  await assert.rejects(facts.learn(abort.signal), /stop/);
});

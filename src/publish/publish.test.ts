import assert from "node:assert/strict";
import { test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { TestStore } from "../image/test-store.ts";
import { parseIndex } from "../oci/index.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { GatedChild } from "./gate.ts";
import { publish } from "./publish.ts";
import type { Publication, PublishEvent } from "./publish.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

const run = (publication: Publication, onEvent: (event: PublishEvent) => void = () => undefined) =>
  publish(publication, onEvent, new AbortController().signal);

function waived(store: TestStore, platform: Platform, layer: string): GatedChild {
  const descriptor = { ...store.addImage(platform, layer), platform };
  return { child: { descriptor, attestations: [] }, platform, store };
}

/** Two children in one store, and two targets: that store and another one, with a common log. */
function situation() {
  const log: string[] = [];
  const home = new TestStore("home", log);
  const away = new TestStore("away", log);
  const children = [waived(home, amd64, "one"), waived(home, arm64, "two")];
  const targets = [
    { store: home, tags: ["1.0", "latest"] },
    { store: away, tags: ["1.0"] },
  ];
  return { log, home, away, children, targets };
}

function unreachable(): never {
  throw new ArchwayError({ code: "UNREACHABLE", kind: "unreachable", message: "nobody answers" });
}

test("blobs come before their manifest, children before the index, and every index before the first tag", async () => {
  const { log, away, children, targets } = situation();
  const events: PublishEvent[] = [];
  const index = await run({ children, targets }, (event) => events.push(event));

  const names = new Map<string, string>([
    [index.descriptor.digest, "INDEX"],
    ...children.map(({ child }, at) => [child.descriptor.digest, `CHILD${at}`] as const),
  ]);
  const told = log.map((line) => line.replace(/sha256:\w+/, (digest) => names.get(digest) ?? "BLOB"));
  assert.deepEqual(told, [
    "home: putManifest INDEX",
    "away: putBlob BLOB",
    "away: putBlob BLOB",
    "away: putManifest CHILD0",
    "away: putBlob BLOB",
    "away: putBlob BLOB",
    "away: putManifest CHILD1",
    "away: putManifest INDEX",
    "home: tag 1.0",
    "home: tag latest",
    "away: tag 1.0",
  ]);
  assert.deepEqual(
    events.map(({ type, target }) => `${type} ${target}`),
    ["index home", "copied away", "copied away", "index away", "tag home", "tag home", "tag away"],
  );
  const { entries, mediaType } = parseIndex(await away.manifest(index.descriptor));
  assert.equal(mediaType, mediaTypes.ociIndex);
  assert.deepEqual(
    entries.map(({ descriptor }) => descriptor),
    children.map(({ child }) => child.descriptor),
  );
});

test("whatever fails before the first tag, no tag moves anywhere", async () => {
  const { log, children, targets } = situation();
  await run({ children, targets });
  const steps = log.filter((line) => !line.includes(": tag ")).length;
  for (let failing = 0; failing < steps; failing++) {
    const broken = situation();
    let step = 0;
    for (const store of [broken.home, broken.away]) {
      store.before = () => {
        if (step++ === failing) unreachable();
      };
    }
    await assert.rejects(run(broken), { code: "UNREACHABLE" }, `step ${failing}`);
    assert.deepEqual([broken.home.tagged, broken.away.tagged], [{}, {}], `step ${failing}`);
    // The same again, with nothing in the way: it ends well, on what is there.
    for (const store of [broken.home, broken.away]) store.before = () => undefined;
    const { descriptor } = await run(broken);
    assert.deepEqual(broken.away.tagged, { "1.0": descriptor.digest });
  }
});

test("the first tag's failure is told as it is, a later one's with what has moved", async () => {
  const { home, away, children, targets } = situation();
  home.before = (call) => {
    if (call === "tag 1.0") unreachable();
  };
  await assert.rejects(run({ children, targets }), { code: "UNREACHABLE", message: "nobody answers" });

  home.before = () => undefined;
  away.before = (call) => {
    if (call.startsWith("tag")) unreachable();
  };
  await assert.rejects(run({ children, targets }), (error) => {
    assert.ok(error instanceof ArchwayError);
    assert.equal(error.code, "TAGS_INCOMPLETE");
    assert.equal(error.kind, "unreachable");
    assert.match(error.message, /^home:1\.0, home:latest moved to sha256:\w+, but away:1\.0 did not: nobody answers$/);
    assert.match(error.hint ?? "", /same command again/);
    return true;
  });
  away.before = () => undefined;
  const { descriptor } = await run({ children, targets });
  assert.deepEqual(away.tagged, { "1.0": descriptor.digest });
});

test("without tags the index is entered by digest alone", async () => {
  const { home, children } = situation();
  const entered: string[] = [];
  const store = Object.assign(home, {
    async enter({ digest }: { digest: string }) {
      entered.push(digest);
    },
  });
  const { descriptor } = await run({ children, targets: [{ store, tags: [] }] });
  assert.deepEqual(entered, [descriptor.digest]);
  assert.deepEqual(home.tagged, {});
});

test("attestations are copied and listed with their image", async () => {
  const { home, away, children } = situation();
  const [first] = children;
  assert.ok(first);
  const proof = {
    ...home.addImage({ os: "unknown", architecture: "unknown" }, "statement"),
    platform: { os: "unknown", architecture: "unknown" },
    annotations: {
      "vnd.docker.reference.type": "attestation-manifest",
      "vnd.docker.reference.digest": first.child.descriptor.digest,
    },
  };
  const attested = { ...first, child: { ...first.child, attestations: [proof] } };
  const index = await run({ children: [attested], targets: [{ store: away, tags: ["1.0"] }] });
  assert.ok(await away.has(proof.digest));
  assert.deepEqual(
    parseIndex(index.bytes).entries.map(({ role }) => role),
    ["image", "attestation"],
  );
});

test("annotations and what is missing stand in the index; two images of a platform do not", async () => {
  const { home, children, targets } = situation();
  const missing = [parsePlatform("linux/arm/v7"), parsePlatform("linux/s390x")];
  const index = await run({ children, targets, annotations: { title: "App" }, missing });
  assert.deepEqual(parseIndex(index.bytes).annotations, {
    title: "App",
    "io.archway.missing-platforms": "linux/arm/v7,linux/s390x",
  });
  const twice = [...children, waived(home, arm64, "three")];
  await assert.rejects(run({ children: twice, targets }), { code: "DUPLICATE_PLATFORM", kind: "input" });
});

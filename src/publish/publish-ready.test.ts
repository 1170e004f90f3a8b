import assert from "node:assert/strict";
import { test } from "node:test";
import { TestStore } from "../image/test-store.ts";
import { assembleIndex } from "../oci/assemble.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { parsePlatform } from "../platform/platform.ts";
import type { GatedChild } from "./gate.ts";
import { publishReady } from "./publish.ts";
import type { PublishTarget, ReadyEvent, ReadyImage } from "./publish.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

const run = (image: ReadyImage, targets: readonly PublishTarget[], onEvent: (event: ReadyEvent) => void = () => {}) =>
  publishReady(image, targets, onEvent, new AbortController().signal);

/** An index of two platforms that is in no store yet; its images are. */
function situation() {
  const log: string[] = [];
  const home = new TestStore("home", log);
  const away = new TestStore("away", log);
  const descriptors = [amd64, arm64].map((platform, at) => ({ ...home.addImage(platform, `${at}`), platform }));
  const children = descriptors.map((descriptor): GatedChild => ({
    child: { descriptor, attestations: [] },
    platform: descriptor.platform,
    store: home,
  }));
  const { bytes, descriptor: root } = assembleIndex({ children: descriptors });
  return { log, home, away, image: { root, bytes, store: home, children } };
}

test("everything is there by digest, in every target, before the first tag moves", async () => {
  const { log, home, away, image } = situation();
  const events: ReadyEvent[] = [];
  const targets = [
    { store: home, tags: ["1"] },
    { store: away, tags: ["1", "latest"] },
  ];
  assert.equal(await run(image, targets, (event) => events.push(event)), image.root);
  const first = log.findIndex((line) => line.includes(": tag "));
  assert.deepEqual(log.slice(first), ["home: tag 1", "away: tag 1", "away: tag latest"]);
  assert.equal(log.indexOf(`away: putManifest ${image.root.digest}`), first - 1);
  assert.deepEqual(Buffer.from(await away.manifest(image.root)), Buffer.from(image.bytes));
  const blobs = events.flatMap((event) => (event.type === "blob" ? [event.arrival] : []));
  assert.deepEqual(blobs, ["sent", "sent", "sent", "sent"]);
  const again: ReadyEvent[] = [];
  await run(image, targets, (event) => again.push(event));
  assert.deepEqual(
    new Set(again.flatMap((event) => (event.type === "blob" ? [event.arrival] : []))),
    new Set(["present"]),
  );
});

test("an image that nobody has proven or waived does not get through, also not under another platform", async () => {
  const { log, away, image } = situation();
  const [first, second] = image.children;
  assert.ok(first && second);
  const cases: readonly (readonly GatedChild[])[] = [[first], [first, { ...second, platform: amd64 }], []];
  for (const children of cases) {
    await assert.rejects(run({ ...image, children }, [{ store: away, tags: ["1"] }]), {
      code: "UNPROVEN",
      kind: "failed",
    });
  }
  assert.deepEqual(log, []);
});

test("what is attached comes after the image, and its tag before the image's", async () => {
  const { log, home, away, image } = situation();
  const descriptor: Descriptor = home.addImage({ os: "unknown", architecture: "unknown" }, "signature");
  const node = { descriptor, bytes: await home.manifest(descriptor), blobs: [], level: 0 };
  const attached = [{ descriptor, subject: image.root.digest, tag: "sha256-0.sig", nodes: [node] }];
  await run({ ...image, attached }, [{ store: away, tags: ["1"] }]);
  assert.deepEqual(log.slice(-4), [
    `away: putManifest ${image.root.digest}`,
    `away: putManifest ${descriptor.digest}`,
    "away: tag sha256-0.sig",
    "away: tag 1",
  ]);
});

test("a tag that has moved meanwhile stops all tags, of all targets", async () => {
  const { home, away, image } = situation();
  const old = home.addImage(amd64, "old");
  away.add(old.mediaType, await home.manifest(old));
  await away.tag("latest", old);
  const target = (expected: Descriptor["digest"] | null) => ({
    store: away,
    tags: ["1", "latest"],
    expected: new Map([
      ["1", null],
      ["latest", expected],
    ]),
  });
  const targets = [{ store: home, tags: ["1"] }, target(null)];
  await assert.rejects(run(image, targets), (error: Error) => {
    assert.match(
      error.message,
      new RegExp(`away:latest has moved: it was not to exist, and now it points at ${old.digest}`),
    );
    return "code" in error && error.code === "TARGET_MOVED" && "kind" in error && error.kind === "failed";
  });
  assert.deepEqual([home.tagged, away.tagged], [{}, { latest: old.digest }]);
  await run(image, [target(old.digest)]);
  assert.deepEqual(away.tagged, { "1": image.root.digest, latest: image.root.digest });
  await run(image, [target(null)]);
});

/**
 * Publishing and copying while requests fail at random. Whatever fails, the end is success or one error for a person, and a tag
 * points at an image that is there whole: the new one after a success, the old or the new one after an error.
 *
 * `ARCHWAY_SOAK=N` makes N runs instead of a few; a failure prints the seed and path by which fast-check repeats it.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../../src/error/error.ts";
import { copyImage } from "../../src/image/copy.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import type { ImageStore } from "../../src/store/store.ts";
import type { Fault } from "../faults/proxy.ts";
import { behindProxy } from "./store-behind-proxy.ts";
import { assertHolds } from "./store-contract.ts";
import type { SampleImage } from "./store-samples.ts";
import { sampleIndex, store } from "./store-samples.ts";

const runs = Number(process.env["ARCHWAY_SOAK"] ?? 12);

const layerSizes = [1_000, 250_000];

const bytes = fc.nat(260_000);
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.constantFrom(408, 429, 500, 502, 503, 504).map((status): Fault => ({ kind: "status", status })),
  fc.constantFrom(400, 401, 403, 404, 416).map((status): Fault => ({ kind: "status", status })),
  bytes.map((after): Fault => ({ kind: "cut-answer", after })),
  bytes.map((after): Fault => ({ kind: "cut-request", after })),
  bytes.map((at): Fault => ({ kind: "corrupt-answer", at })),
  bytes.map((at): Fault => ({ kind: "corrupt-request", at })),
  fc.constant<Fault>({ kind: "lose-answer" }),
);

/** What happens to one request after the other; beyond its end nothing does. */
const script = fc.array(fc.option(fault, { nil: undefined, freq: 3 }), { maxLength: 60 });

await behindProxy("random failures", (current) => {
  let count = 0;

  test("while publishing", { timeout: 60_000 + runs * 20_000 }, async () => {
    const { proxy, registries, direct: registry } = current();
    const folder = await mkdtemp(join(tmpdir(), "archway-random-"));
    let successes = 0;
    try {
      await fc.assert(
        fc.asyncProperty(script, async (faults) => {
          proxy.choose = () => undefined;
          const path = `random/app-${count++}`;
          const host = registry.name.split("/")[0] ?? "";
          const [where, direct] = [proxy.host, host].map((host) => registries.repository({ host, path }));
          assert(where !== undefined && direct !== undefined);
          const [old, next] = [sampleIndex(`old ${path}`), sampleIndex(`next ${path}`, ["amd64", "arm64"], layerSizes)];
          await store(direct, old);
          await direct.tag("v1", old.root.descriptor);
          const source = new LayoutStore(join(folder, `publish-${count}`));
          await store(source, next);

          const left = [...faults];
          proxy.choose = () => left.shift();
          const published = await attempt(async () => {
            await copyImage(source, where, next.root.descriptor);
            await where.tag("v1", next.root.descriptor);
          });
          proxy.choose = () => undefined;
          if (published) successes++;
          await assertTag(direct, "v1", published ? [next] : [old, next]);
        }),
        { numRuns: runs },
      );
      assert(successes > 0, "no run ended in success: the failures leave no room");
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("while copying from a registry into a layout", { timeout: 60_000 + runs * 20_000 }, async () => {
    const { proxy, where, direct } = current();
    const folder = await mkdtemp(join(tmpdir(), "archway-random-"));
    let copies = 0;
    const image = sampleIndex("read", ["amd64", "arm64"], layerSizes);
    await store(direct, image);
    await direct.tag("v1", image.root.descriptor);
    try {
      await fc.assert(
        fc.asyncProperty(script, async (faults) => {
          const target = new LayoutStore(join(folder, `copy-${copies++}`));
          const left = [...faults];
          proxy.choose = () => left.shift();
          const copied = await attempt(async () => {
            const descriptor = await where.resolve("v1");
            await copyImage(where, target, descriptor);
            await target.tag("v1", descriptor);
          });
          proxy.choose = () => undefined;
          if (copied) await assertTag(target, "v1", [image]);
          else await assert.rejects(target.resolve("v1"), ArchwayError);
        }),
        { numRuns: runs },
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** True when it succeeded; false when it failed with an error for a person. Anything else is a defect. */
async function attempt(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof ArchwayError) return false;
    throw error;
  }
}

async function assertTag(where: ImageStore, tag: string, images: readonly SampleImage[]): Promise<void> {
  const { digest } = await where.resolve(tag);
  const image = images.find(({ root }) => root.descriptor.digest === digest);
  assert(image !== undefined, `${tag} points at ${digest}`);
  await assertHolds(where, image);
}

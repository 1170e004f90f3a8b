import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Digest } from "../oci/descriptor.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { parsePlatform } from "../platform/platform.ts";
import { fileRecords, recordKey } from "./record.ts";
import type { RecordInputs } from "./record.ts";

const digest: Digest = `sha256:${"a".repeat(64)}`;
const child = { digest, mediaType: mediaTypes.ociManifest };
const inputs: RecordInputs = {
  platform: parsePlatform("linux/arm64"),
  place: "127.0.0.1:5000/team/app",
  dockerfile: "d",
  context: "c",
  options: { args: { A: "1", B: "2" }, target: undefined },
};

async function withRecords(
  use: (records: ReturnType<typeof fileRecords>, folder: string) => Promise<void>,
): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), "archway-records-"));
  const folder = join(parent, "state", "builds");
  try {
    await use(
      fileRecords(folder, () => new Date(0)),
      folder,
    );
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

test("a child is kept, found by equal inputs, and forgotten", () =>
  withRecords(async (records, folder) => {
    assert.equal(await records.find(inputs), undefined, "without a folder there is no record");
    await records.forget(inputs);
    await records.keep(inputs, child);
    const kept = await records.find({ ...inputs, options: { target: undefined, args: { B: "2", A: "1" } } });
    assert.deepEqual(kept, {
      version: 1,
      platform: "linux/arm64",
      place: inputs.place,
      ...child,
      at: "1970-01-01T00:00:00.000Z",
    });
    assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.equal((await readdir(folder)).length, 1, "no temporary file stays");
    await records.forget(inputs);
    assert.equal(await records.find(inputs), undefined);
    assert.deepEqual(await readdir(folder), []);
  }));

test("every input tells builds apart", () =>
  withRecords(async (records) => {
    await records.keep(inputs, child);
    const others: readonly Partial<RecordInputs>[] = [
      { platform: parsePlatform("linux/arm/v7") },
      { place: "127.0.0.1:5000/team/other" },
      { dockerfile: "e" },
      { context: "d" },
      { options: { ...inputs.options, args: { A: "1" } } },
      { options: { ...inputs.options, target: "test" } },
    ];
    for (const other of others) {
      assert.equal(await records.find({ ...inputs, ...other }), undefined, JSON.stringify(other));
    }
  }));

test("a corrupt record counts as none, and the next one replaces it", () =>
  withRecords(async (records, folder) => {
    await records.keep(inputs, child);
    const file = join(folder, `${recordKey(inputs)}.json`);
    const whole = await readFile(file, "utf8");
    const damaged = [
      "",
      "{",
      "null",
      whole.slice(0, -10),
      whole.replace('"version":1', '"version":2'),
      whole.replace(digest, "sha256:short"),
      whole.replace(digest, "../../etc/passwd"),
    ];
    for (const text of damaged) {
      await writeFile(file, text);
      assert.equal(await records.find(inputs), undefined, text);
    }
    await records.keep(inputs, child);
    assert.equal((await records.find(inputs))?.digest, digest);
  }));

test("the key does not depend on the order in which options are written", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (options) => {
      const turned = Object.fromEntries(Object.entries(options).toReversed());
      assert.equal(recordKey({ ...inputs, options }), recordKey({ ...inputs, options: turned }));
    }),
  );
});

/**
 * What IceCI's documentation shows, imported: each folder of `test/scenarios/pipeline-import` has an `.iceci.yaml` and, in `expected.yaml`, what becomes of it.
 * ARCHWAY_UPDATE_EXPECTED=1 writes the files anew, to be read before they are committed.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { importIceci } from "./import-iceci.ts";

const root = resolve(import.meta.dirname, "../../../test/scenarios/pipeline-import");

for (const name of readdirSync(root)) {
  test(`an example is imported: ${name}`, () => {
    const file = join(root, name, ".iceci.yaml");
    const expected = join(root, name, "expected.yaml");
    const text = importIceci(readFileSync(file, "utf8"), { profiles: new Map(), file });
    if (process.env["ARCHWAY_UPDATE_EXPECTED"] === "1") writeFileSync(expected, text);
    assert.equal(text, readFileSync(expected, "utf8"));
  });
}

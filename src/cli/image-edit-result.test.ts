import assert from "node:assert/strict";
import { test } from "node:test";
import { mediaTypes } from "../oci/media-types.ts";
import { digestOf } from "../oci/digest.ts";
import { parsePlatform } from "../platform/platform.ts";
import { makeStyle } from "../report/style.ts";
import { formatEdited } from "./image-edit-result.ts";

const digest = (name: string) => digestOf(new TextEncoder().encode(name));
const [before, now, arm64] = [digest("before"), digest("now"), digest("arm64")];
const root = { mediaType: mediaTypes.ociIndex, digest: now, size: 1 };
const one = { references: ["h/app:1"], root, tags: [{ reference: "h/app:1", before }] };
const untouched = { removed: [], removedAttestations: 0 };
const edited = { removed: [{ platform: parsePlatform("linux/arm64"), digest: arm64 }], removedAttestations: 1 };
const plain = makeStyle(false);

test("a tag that moved: what was taken out, what it was, and that other tags stay", () => {
  assert.deepEqual(formatEdited({ published: one, edited, before, inPlace: true }, plain, "published"), [
    "published h/app:1",
    `          ${now}`,
    `          was ${before}`,
    `without linux/arm64 ${arm64}`,
    "without 1 attestation of what was taken out",
    `Other tags of ${before} stay as they are.`,
  ]);
});

test("a layout knows its other names", () => {
  const last = (otherNames: readonly string[]) =>
    formatEdited({ published: one, edited: untouched, before, inPlace: true, otherNames }, plain, "annotated").at(-1);
  assert.equal(last([]), `No name points at ${before} any more.`);
  assert.equal(last(["latest"]), `latest still points at ${before}.`);
  assert.equal(last(["latest", "1"]), `latest, 1 still point at ${before}.`);
});

test("under other names the image itself stays, and what those names were is told", () => {
  const tags = [
    { reference: "h/app:2", before: arm64 },
    { reference: "h/app:3", before: null },
  ];
  const published = { root, tags, references: tags.map(({ reference }) => reference) };
  assert.deepEqual(formatEdited({ published, edited: untouched, before, inPlace: false }, plain, "annotated"), [
    "annotated h/app:2",
    "annotated h/app:3",
    `          ${now}`,
    `          h/app:2 was ${arm64}`,
  ]);
});

test("a change that changes nothing says so", () => {
  const published = { ...one, tags: [{ reference: "h/app:1", before: now }] };
  assert.deepEqual(formatEdited({ published, edited: untouched, before: now, inPlace: true }, plain, "annotated"), [
    "annotated h/app:1",
    `          ${now}`,
    "Nothing has changed: the index said all of this before.",
  ]);
});

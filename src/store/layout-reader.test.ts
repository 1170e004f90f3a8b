import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LayoutStore } from "./layout.ts";

describe("a layout that is none", () => {
  let dir = "";
  before(async () => (dir = await mkdtemp(join(tmpdir(), "archway-layout-"))));
  after(() => rm(dir, { recursive: true }));

  test("says that the folder is missing", async () => {
    const path = join(dir, "nope");
    await assert.rejects(new LayoutStore(path).resolve("1"), {
      code: "NOT_FOUND",
      message: `oci:${path} cannot be read: there is no folder ${path}`,
    });
  });

  test("says that it is a file, and how to write that", async () => {
    const path = join(dir, "image.tar");
    await writeFile(path, "");
    await assert.rejects(new LayoutStore(path).resolve("1"), {
      message: `oci:${path} cannot be read: ${path} is a file, not a folder`,
      hint: new RegExp(`Write oci-archive:${path} `),
    });
  });

  test("says that a folder is no layout", async () => {
    await assert.rejects(new LayoutStore(dir).resolve("1"), {
      message: `oci:${dir} has no file oci-layout`,
      hint: "It is not an OCI layout, or not a whole one.",
    });
  });
});

test("what is kept beside an image is not taken for one when none is named", async () => {
  const dir = await mkdtemp(join(tmpdir(), "archway-layout-"));
  try {
    const digest = (character: string) => `sha256:${character.repeat(64)}`;
    const entry = (character: string, name?: string) => ({
      mediaType: "application/vnd.oci.image.index.v1+json",
      digest: digest(character),
      size: 2,
      ...(name === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": name } }),
    });
    const put = (...manifests: readonly object[]) =>
      writeFile(join(dir, "index.json"), JSON.stringify({ schemaVersion: 2, manifests }));
    await writeFile(join(dir, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    const beside = [entry("b", `sha256-${"c".repeat(64)}`), entry("d", `sha256-${"a".repeat(64)}.sig`)];
    await put(...beside, entry("a", "1.0"));
    assert.equal((await new LayoutStore(dir).resolve("")).digest, digest("a"));
    await put(...beside, entry("a"), entry("e", "2.0"));
    await assert.rejects(new LayoutStore(dir).resolve(""), { code: "AMBIGUOUS_REFERENCE", message: /holds 2 images/ });
    await put(...beside);
    await assert.rejects(new LayoutStore(dir).resolve(""), { code: "AMBIGUOUS_REFERENCE" });
  } finally {
    await rm(dir, { recursive: true });
  }
});

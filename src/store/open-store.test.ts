import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { missedFile, openImage } from "./open-store.ts";
import { Registries } from "./registry/registries.ts";
import { notFound } from "./store-error.ts";

describe("an image argument that is the name of a file or folder", () => {
  const registries = new Registries({ registries: {}, insecure: [] }, {});
  let folder = "";
  let file = "";
  before(async () => {
    const dir = await mkdtemp(join(tmpdir(), "archway-open-"));
    [folder, file] = [join(dir, "images"), join(dir, "image.tar")];
    await mkdir(folder);
    await writeFile(file, "");
  });
  after(async () => {
    await rm(join(folder, ".."), { recursive: true });
    await registries.close();
  });

  const hintOf = (location: string): string | undefined => {
    try {
      openImage(location, registries);
    } catch (error) {
      assert.ok(error instanceof ArchwayError);
      assert.deepEqual([error.code, error.kind], ["INVALID_REFERENCE", "input"]);
      return error.hint;
    }
    return assert.fail(`${location} was taken`);
  };

  test("and of no image says how to write it", () => {
    const tar = hintOf(file) ?? "";
    assert.ok(tar.includes(`oci-archive:${file} for`) && tar.includes(`docker-archive:${file} for`), tar);
    assert.ok(hintOf(folder)?.includes(`write oci:${folder} when`));
    assert.ok(hintOf(`${folder}:1.0`)?.includes(`write oci:${folder}:1.0 when`));
    assert.ok(hintOf("./src")?.includes("write oci:./src when"));
  });

  test("keeps the rule of the grammar where there is no such file", () => {
    assert.doesNotMatch(hintOf(`${file}.gz`) ?? "", /archive/);
    assert.doesNotMatch(hintOf(`/${"x".repeat(5000)}`) ?? "", /archive/);
  });

  test("says so when Docker Hub has no image of that name", () => {
    const error = notFound("docker.io/library/src", "tag latest", "Log in.");
    const told = missedFile(error, "src");
    assert.ok(told instanceof ArchwayError);
    assert.equal(told.message, error.message);
    assert.match(told.hint ?? "", /^src is a folder here: write oci:src when it is an OCI layout\..* Log in\.$/);
    const named = missedFile(error, "src:1.0");
    assert.ok(named instanceof ArchwayError && named.hint?.includes("oci:src:1.0"));
    for (const other of ["nosuchfile", "registry.example/src", "oci:src"])
      assert.equal(missedFile(error, other), error);
  });
});

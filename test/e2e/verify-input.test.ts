/** `archway verify` of what is not there, or is written as something else: nothing but files of this machine. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { LayoutStore } from "../../src/store/layout.ts";
import { archway } from "./archway.ts";
import { putFiles, putIndex } from "./image-parts.ts";

describe("archway verify", () => {
  let cwd = "";
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), "archway-input-"));
    const store = new LayoutStore(join(cwd, "images"));
    const children = [];
    for (const platform of ["linux/amd64", "linux/arm64"]) {
      children.push(await putFiles(store, platform, { data: platform }));
    }
    await store.tag("1.0", await putIndex(store, children));
    await mkdir(join(cwd, "cache"));
    await writeFile(join(cwd, "image.tar"), "");
  });
  after(() => rm(cwd, { recursive: true }));
  const verify = (...args: readonly string[]) =>
    archway(["verify", ...args], { cwd, env: { ...process.env, NO_COLOR: "1", XDG_CACHE_HOME: join(cwd, "cache") } });

  test("says which folder is missing, without a path or platforms that it is not about", async () => {
    const { code, stdout } = await verify("oci:nope");
    assert.equal(code, 3);
    assert.equal(
      stdout,
      [
        "undecided oci:nope",
        "",
        "index: 1 warning",
        "  warning (not-reached)",
        "    oci:nope cannot be read: there is no folder nope.",
        "    fix: Check the path.",
        "",
      ].join("\n"),
    );
  });

  test("names the images of a layout that has not the one", async () => {
    const { code, stdout } = await verify("oci:images:2.0");
    assert.equal(code, 3);
    assert.match(stdout, /has no image named "2\.0"\.\n {4}fix: It holds: 1\.0\.\n/);
  });

  test("takes no file for a name, and says how to write it", async () => {
    for (const name of ["./image.tar", join(cwd, "image.tar")]) {
      const { code, stderr } = await verify(name);
      assert.equal(code, 2);
      const said = stderr.replaceAll(/\s+/g, " ");
      assert.ok(said.includes(`write oci-archive:${name} `) && said.includes(`docker-archive:${name} `), stderr);
    }
    const { code, stderr } = await verify("./images:1.0");
    assert.equal(code, 2);
    assert.match(stderr, /write oci:\.\/images:1\.0 /);
  });

  test("says which platforms there are instead of the one that was asked for", async () => {
    const { code, stderr } = await verify("oci:images:1.0", "--platform", "linux/s390x");
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "oci:images:1.0: none of the platforms that were asked for; it has linux/amd64, linux/arm64\n",
    );
  });
});

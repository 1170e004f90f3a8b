/** `archway pipeline check` and `show` with a real registry: which images a pipeline needs, and what is said when one lacks a platform. */
import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import { archway, workplace } from "./archway.ts";
import type { Workplace } from "./archway.ts";
import { putFiles, putIndex } from "./image-parts.ts";
import { writeLogin } from "./store-behind-proxy.ts";

const needs = ["registry", "registry-token"] as const;

describe("archway pipeline", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let place: Workplace;
  let host: string;
  const registries = new Registries({ registries: {}, insecure: [] }, {});

  before(async () => {
    bed = await startBed({ need: needs });
    ({ host } = await bed.registry());
    place = await workplace(bed);
    await writeFile(join(place.dir, "Dockerfile"), "FROM scratch\n");
    const store = registries.open(parseReference(`${host}/tools/app`));
    const amd64 = await putFiles(store, "linux/amd64", { name: "amd64" });
    const arm64 = await putFiles(store, "linux/arm64", { name: "arm64" });
    await store.tag("both", await putIndex(store, [amd64, arm64]));
    await store.tag("x86", amd64);
  });
  after(async () => {
    await place[Symbol.asyncDispose]();
    await registries.close();
    await bed.stop();
  });

  const pipeline = async (lines: readonly string[], ...args: readonly string[]) => {
    const head = ["version: 1", "platforms: [linux/amd64, linux/arm64]", "jobs:"];
    await writeFile(join(place.dir, ".archway.yaml"), `${[...head, ...lines].join("\n")}\n`);
    return archway(["pipeline", ...args], { cwd: place.dir, env: place.env });
  };
  const job = (image: string, platforms = "all") =>
    `  test: { platforms: ${platforms}, image: "${host}/tools/${image}", steps: [uname -m] }`;
  const smoke = () => [
    `  image: { needs: test, build: { tags: ["${host}/tools/new:1"] } }`,
    `  smoke: { needs: image, platforms: all, image: "\${{ jobs.image.reference }}", steps: [app --version] }`,
  ];

  test("images that are there for every platform are listed, and those of the run itself are not asked for", async () => {
    const { code, stdout, stderr } = await pipeline([job("app:both"), ...smoke()], "check");
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`${host}/tools/app:both +linux/amd64, linux/arm64 +sha256:[0-9a-f]{12}`));
    assert.match(stdout, /\$\{\{ jobs\.image\.reference \}\} +is known when the run has come to it/);
  });

  test("a missing platform is exit 1 with what exists, at the line of the image", async () => {
    const { code, stderr } = await pipeline([job("app:x86")], "check");
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`\\.archway\\.yaml:4:\\d+: ${host}/tools/app:x86 has no image for linux/arm64`));
    assert.match(stderr, /needed by: test@linux\/arm64\n {2}it has: linux\/amd64/);
    assert.equal((await pipeline([job("app:x86", "[linux/amd64]")], "check")).code, 0);
    assert.equal((await pipeline([job("app:x86")], "check", "--offline")).code, 0);
  });

  test("an image that does not exist is exit 1, and a registry that does not answer is exit 3", async () => {
    const missing = await pipeline([job("app:none")], "check");
    assert.equal(missing.code, 1, missing.stderr);
    assert.match(missing.stderr, /There is no image .*app:none/);
    const nowhere = '  test: { platforms: all, image: "127.0.0.1:9/app:1", steps: [uname -m] }';
    const down = await pipeline([nowhere], "check");
    assert.equal(down.code, 3, down.stderr);
    assert.match(down.stderr, /The image 127\.0\.0\.1:9\/app:1 could not be looked up/);
  });

  test("a private registry is asked with the pipeline's own login, and a missing secret is named", async () => {
    const own = await bed.registry("token");
    const login = await writeLogin(place.dir, own.host, "writer", "write-it");
    const writer = new Registries({ registries: {}, insecure: [] }, { REGISTRY_AUTH_FILE: login });
    const store = writer.open(parseReference(`${own.host}/private/app`));
    await store.tag("1", await putFiles(store, "linux/amd64", { name: "private" }));
    await writer.close();
    await rm(login);
    await writeFile(
      join(place.dir, ".archway.yaml"),
      `version: 1
registries: { "${own.host}": { username: reader, password: { secret: READ_TOKEN } } }
jobs: { test: { platforms: linux/amd64, image: "${own.host}/private/app:1", steps: [uname] } }
`,
    );
    const check = (args: readonly string[], env: object = {}) =>
      archway(["pipeline", "check", ...args], { cwd: place.dir, env: { ...place.env, ...env } });
    const refused = await check([]);
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /hint: Its password is the secret READ_TOKEN: give it with --secret-file/);
    const found = await check(["--secret-env", "READ_TOKEN"], { READ_TOKEN: "read-it" });
    assert.equal(found.code, 0, found.stderr);
    assert.match(found.stdout, /private\/app:1 +linux\/amd64 +sha256/);
  });

  test("the bases of what is built are looked up too, and a missing platform is exit 1 at its line of the Dockerfile", async () => {
    const build = `  image: { build: { tags: ["${host}/tools/new:1"] } }`;
    const dockerfile = (...lines: readonly string[]) =>
      writeFile(join(place.dir, "Dockerfile"), `${lines.join("\n")}\n`);
    await dockerfile("# The base", `FROM ${host}/tools/app:x86`, "RUN x");
    for (const command of [["pipeline", "check"], ["run"]]) {
      await pipeline([build], "show");
      const { code, stderr } = await archway(command, { cwd: place.dir, env: place.env });
      assert.equal(code, 1, stderr);
      assert.match(stderr, new RegExp(`error: Dockerfile:2: ${host}/tools/app:x86 has no image for linux/arm64\n`));
      assert.match(
        stderr,
        /\n {2}it has: linux\/amd64\n {2}newest tag that has it|\n {2}it has: linux\/amd64\n {2}needed by: image\n/,
      );
    }
    await dockerfile(`FROM ${host}/tools/app:both`, `COPY --from=${host}/tools/own:1 /x /x`);
    const own = `  own: { build: { tags: ["${host}/tools/own:1"], file: Own } }`;
    await writeFile(join(place.dir, "Own"), "FROM scratch\n");
    const found = await pipeline([own, build.replace("{ build", "{ needs: own, build")], "check");
    assert.equal(found.code, 0, found.stderr);
    assert.match(found.stdout, new RegExp(`${host}/tools/app:both +linux/amd64, linux/arm64 +sha256:`));
    assert.match(found.stdout, new RegExp(`${host}/tools/own:1 +is known when the run has come to it`));
    await rm(join(place.dir, "Dockerfile"));
    const missing = await pipeline([build], "check");
    assert.equal(missing.code, 2, missing.stderr);
    assert.match(missing.stderr, /\.archway\.yaml:4:\d+: There is no Dockerfile at /);
  });

  test("show prints the jobs of an event as a table and as a chart", async () => {
    const text = await pipeline([job("app:both"), ...smoke()], "show", "--event", "push=main");
    assert.equal(text.code, 0, text.stderr);
    assert.match(
      text.stdout,
      /^push to main: 5 jobs\nJOB +PLATFORMS +NEEDS +DOES +RULES\ntest +linux\/amd64, linux\/arm64 +- +1 step in /,
    );
    assert.match(text.stdout, /\nsmoke +linux\/amd64, linux\/arm64 +image +1 step in \$\{\{ jobs/);
    const chart = await pipeline([job("app:both"), ...smoke()], "show", "--format", "mermaid");
    assert.match(chart.stdout, /^flowchart LR\n {2}subgraph group0\["test"\]\n[^]* {2}group0 --> job2\n/);
  });
});

/** Whose logins the jobs of `archway run` have, with a real registry: the pipeline's, and never those of whoever runs it. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, workplace, type Workplace } from "./archway.ts";
import { leftOnDisk } from "./engine-content.ts";
import { putFiles } from "./image-parts.ts";
import { writeLogin } from "./store-behind-proxy.ts";

const needs = ["registry-token"] as const;

describe("logins of archway run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let place: Workplace;
  let image: string;
  /** What leads to the user's own login, which may do everything. */
  let mine: NodeJS.ProcessEnv;

  before(async () => {
    bed = await startBed({ need: needs });
    place = await workplace(bed);
    const own = await bed.registry("token");
    mine = {
      DOCKER_CONFIG: await own.login("writer"),
      REGISTRY_AUTH_FILE: await writeLogin(bed.dir, own.host, "writer", "write-it"),
    };
    image = `${own.host}/logins/app`;
    const registries = new Registries({ registries: {}, insecure: [] }, mine);
    const store = registries.open(parseReference(image));
    await store.tag("1", await putFiles(store, "linux/amd64", { name: "mine" }));
    await registries.close();
  });
  after(async () => {
    await place[Symbol.asyncDispose]();
    await bed.stop();
  });

  const run = async (login: string, job: string, secrets: Readonly<Record<string, string>> = {}) => {
    await writeFile(join(place.dir, ".archway.yaml"), `version: 1\n${login}jobs:\n  one: ${job}\n`);
    const given = Object.keys(secrets).flatMap((name) => ["--secret-env", name]);
    const ended = await archway(["run", "--publish", ...given], {
      cwd: place.dir,
      env: { ...place.env, ...mine, ...secrets },
    });
    assert.deepEqual(await leftOnDisk(place), []);
    return ended;
  };
  const registry = (user: string) =>
    `registries: { "${parseReference(image).host}": { username: ${user}, password: { secret: PASSWORD } } }\n`;
  const proof = () => `{ verify: { images: "${image}:1" } }`;
  const release = () => `{ promote: { from: "${image}:1", to: "${image}:2" } }`;

  test("the user's own login is not the pipeline's: neither look-ups nor jobs have it", async () => {
    const refused = await run("", proof());
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /hint: Add its login to the pipeline: registries: /);
    const checked = await archway(["pipeline", "check"], { cwd: place.dir, env: { ...place.env, ...mine } });
    assert.equal(checked.code, 3, checked.stderr);
  });

  test("a job reads with the pipeline's login, and may do no more than that", async () => {
    const read = await run(registry("reader"), proof(), { PASSWORD: "read-it" });
    assert.equal(read.code, 0, read.stderr);
    const refused = await run(registry("reader"), release(), { PASSWORD: "read-it" });
    assert.equal(refused.code, 3, refused.stderr);
    assert.match(refused.stderr, /reader/);
    assert.match(refused.stderr, /\nhint: Jobs have the pipeline's own logins alone: /);
    assert.doesNotMatch(refused.stderr, /docker login/);
    const written = await run(registry("writer"), release(), { PASSWORD: "write-it" });
    assert.equal(written.code, 0, written.stderr);
  });
});

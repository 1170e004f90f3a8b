import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readlink, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { writeDockerConfig } from "./run-docker-config.ts";

const logins = `${JSON.stringify({ auths: { "r.example": { auth: "b3VyczpvdXJz" } } })}\n`;

/** A user with a Docker configuration, and an empty folder for a job. */
async function withUser<T>(
  settings: string | undefined,
  work: (at: { readonly own: string; readonly folder: string }) => Promise<T>,
): Promise<T> {
  const at = await mkdtemp(join(tmpdir(), "archway-docker-config-"));
  try {
    const [own, folder] = [join(at, "own"), join(at, "job")];
    await mkdir(own);
    await mkdir(folder);
    if (settings !== undefined) await writeFile(join(own, "config.json"), settings);
    return await work({ own, folder });
  } finally {
    await rm(at, { recursive: true });
  }
}

const users = JSON.stringify({
  auths: { "r.example": { auth: "aGlzOmhpcw==" } },
  credsStore: "desktop",
  credHelpers: { "gcr.example": "gcloud" },
  HttpHeaders: { "X-Token": "his" },
  currentContext: "colima",
  cliPluginsExtraDirs: ["/opt/plugins"],
});

test("a job has the pipeline's logins alone, whatever the user's configuration holds", async () => {
  await withUser(users, async ({ own, folder }) => {
    const env = { DOCKER_CONFIG: own, REGISTRY_AUTH_FILE: join(own, "auth.json") };
    const leads = await writeDockerConfig(folder, { logins, env, startsDocker: false });
    assert.deepEqual(leads, { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: join(folder, "config.json") });
    assert.deepEqual(await readdir(folder), ["config.json"]);
    assert.equal(await readFile(join(folder, "config.json"), "utf8"), logins);
    assert.equal((await stat(join(folder, "config.json"))).mode & 0o777, 0o600);
  });
});

test("one that starts docker also finds the user's engine, plug-ins and builders, and still no login of the user", async () => {
  await withUser(users, async ({ own, folder }) => {
    const leads = await writeDockerConfig(folder, { logins, env: { DOCKER_CONFIG: own }, startsDocker: true });
    assert.equal(leads["BUILDX_CONFIG"], join(own, "buildx"));
    assert.deepEqual(JSON.parse(await readFile(join(folder, "config.json"), "utf8")), {
      auths: { "r.example": { auth: "b3VyczpvdXJz" } },
      currentContext: "colima",
      cliPluginsExtraDirs: [join(own, "cli-plugins"), "/opt/plugins"],
    });
    assert.deepEqual((await readdir(folder)).toSorted(), ["config.json", "contexts"]);
    assert.equal(await readlink(join(folder, "contexts")), join(own, "contexts"));
  });
});

test("a configuration of the user that is missing or broken changes nothing", async () => {
  for (const broken of [undefined, "{", '{"currentContext":7}', "[]"]) {
    await withUser(broken, async ({ own, folder }) => {
      const env = { DOCKER_CONFIG: own, BUILDX_CONFIG: "/b" };
      const leads = await writeDockerConfig(folder, { logins, env, startsDocker: true });
      assert.equal(leads["BUILDX_CONFIG"], "/b");
      const written: unknown = JSON.parse(await readFile(join(folder, "config.json"), "utf8"));
      assert.deepEqual(written, { ...JSON.parse(logins), cliPluginsExtraDirs: [join(own, "cli-plugins")] });
    });
  }
});

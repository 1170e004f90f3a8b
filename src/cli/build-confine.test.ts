import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { defaultConfig } from "../config/config.ts";
import { parsePlatform } from "../platform/platform.ts";
import { confineBuild } from "./build-confine.ts";
import { readBuildOptions } from "./build-options.ts";
import { buildRequest } from "./build-request.ts";
import { applyConfig } from "./build-settings.ts";
import type { RawBuildOptions } from "./build-command.ts";

const raw: RawBuildOptions = {
  tag: [],
  platform: ["linux/amd64"],
  buildArg: [],
  secret: [],
  ssh: [],
  label: [],
  annotation: [],
  buildContext: [],
  cacheFrom: [],
  cacheTo: [],
  cache: true,
  pull: false,
  push: false,
  load: false,
  output: [],
  progress: "plain",
  plan: false,
  node: [],
  nativeOnly: false,
  allowMissing: [],
  verify: true,
  format: "text",
  insecureRegistry: [],
};

/** A checkout `r` beside a folder `private`, with links out of it and a link in it. */
async function placeOfTest() {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-confined-"));
  const [folder, repository] = [join(root.path, "r"), join(root.path, "repository")];
  await mkdir(join(folder, "docker"), { recursive: true });
  for (const one of ["private", "repository"]) await mkdir(join(root.path, one));
  await symlink("../private", join(repository, "out"));
  await symlink("../private/new", join(repository, "dangling"));
  for (const file of ["r/docker/Dockerfile", "private/Dockerfile"]) await writeFile(join(root.path, file), "");
  await symlink("docker/Dockerfile", join(folder, "Dockerfile"));
  await symlink("../private", join(folder, "out"));
  await symlink("../private/new", join(folder, "dangling"));
  const ask = ({ context = ".", ...more }: Partial<RawBuildOptions> & { readonly context?: string }) => {
    const options = { ...readBuildOptions({ ...raw, ...more }, {}, undefined), secrets: [] };
    return confineBuild(
      buildRequest(applyConfig(options, defaultConfig), context, parsePlatform("linux/amd64")),
      folder,
      repository,
    );
  };
  return { root: root.path, folder, repository, ask, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

test("a build of a pipeline leads nowhere out of the checkout, by whatever it names", async () => {
  await using place = await placeOfTest();
  const outside = [
    "../private",
    join(place.root, "private"),
    "out",
    "out/new",
    "dangling",
    "docker/../../private",
    "/",
  ];
  for (const path of outside) {
    for (const asked of [
      { context: path },
      { file: path },
      { context: "docker", file: join(path, "Dockerfile") },
      { buildContext: [`one=${path}`] },
      { buildContext: [`one=oci-layout://${path}:1`] },
      { cacheFrom: [`type=local,src=${path}`] },
      { cacheTo: [`"dest=${path}",type=local`] },
      { ssh: [`default=docker,${path}`] },
    ])
      await assert.rejects(place.ask(asked), { code: "PATH_ESCAPES" }, JSON.stringify(asked));
  }
  await assert.rejects(place.ask({ context: `file://${place.root}/private.git` }), { code: "PATH_ESCAPES" });
});

test("what is in the checkout, and what is no file, is built as before; local caches begin at the repository", async () => {
  await using place = await placeOfTest();
  const asked = {
    context: ".",
    file: "docker/Dockerfile",
    buildContext: [
      "one=docker",
      "two=docker-image://alpine",
      "three=https://a.example/x.git",
      "four=oci-layout://new:1",
    ],
    cacheFrom: ["type=local,src=cache", "a.example/cache"],
    cacheTo: ["type=local,dest=docker/new"],
    ssh: ["default"],
  };
  const confined = await place.ask(asked);
  assert.deepEqual(confined.cacheFrom, [
    `type=local,src=${place.repository}/cache`,
    "type=registry,ref=a.example/cache",
  ]);
  assert.deepEqual(confined.cacheTo, [`type=local,dest=${place.repository}/docker/new`]);
  assert.equal((await place.ask({ context: "https://a.example/x.git", file: "../Dockerfile" })).file, "../Dockerfile");
  await place.ask({});
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import { run } from "../bed/command.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Ended, Workplace } from "./archway.ts";

const needs = [
  "registry",
  "registry-debian",
  "registry-basic",
  "registry-token",
  "registry-tls",
  "buildkit",
  "bases",
  "crane",
] as const;

const both = "linux/amd64,linux/arm64";

/** No step runs under emulation: one runs on the node's own platform, and what it makes is copied. */
const dockerfile = (command: string) =>
  [
    "FROM --platform=$BUILDPLATFORM busybox AS made",
    "ARG TARGETARCH",
    `RUN ${command}; echo for $TARGETARCH > /made`,
    "FROM busybox",
    "COPY --from=made /made /made",
  ].join("\n");

describe("archway build --push to registries of all kinds", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let open: Registry;
  let node: BuildkitNode;

  before(async () => {
    bed = await startBed({ need: needs });
    open = await bed.registry();
    node = await bed.buildkit("a");
    await bed.base("busybox");
  });
  after(() => bed.stop());

  const build = (at: Workplace, tags: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> =>
    archway(
      `build . --platform ${both} --push --progress plain --format json`
        .split(" ")
        .concat(tags.flatMap((tag) => ["-t", tag])),
      { cwd: at.dir, env: { ...at.env, BUILDKIT_HOST: node.endpoint, ...env } },
    );
  const place = (command: string, config = `docker.io: { mirrors: ["${open.host}"] }`) =>
    workplace(bed, {
      files: {
        Dockerfile: dockerfile(command),
        ".archway.yaml": `version: 1\nregistries:\n${config.replaceAll(/^/gm, "  ")}\n`,
      },
    });
  const crane = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    run("crane", [args[0] ?? "", "--insecure", ...args.slice(1)], { env: { ...bed.env, ...env } });
  const assertPublished = async ({ code, stdout, stderr }: Ended, image: string, env: NodeJS.ProcessEnv = {}) => {
    assert.equal(code, 0, stderr);
    const { index } = JSON.parse(stdout) as { index: { digest: string } };
    assert.equal((await crane(["digest", image], env)).trim(), index.digest);
    await crane(["validate", "--remote", image], env);
  };

  for (const kind of ["basic", "token"] as const) {
    test(`${kind} authentication: whoever may push does, others are told before anything is built`, async () => {
      const registry = await bed.registry(kind);
      await using at = await place("true");
      const image = `${registry.host}/team/app:1`;
      const writer = { DOCKER_CONFIG: await registry.login("writer") };
      await assertPublished(await build(at, [image], writer), image, writer);

      const nobody = await build(at, [`${registry.host}/team/nobody:1`]);
      assert.equal(nobody.code, 3, nobody.stderr);
      assert.match(nobody.stderr, new RegExp(`docker login ${registry.host}`));
      assert.doesNotMatch(nobody.stderr, /building on/);
      await assert.rejects(crane(["digest", `${registry.host}/team/nobody:1`], writer));
      assert.doesNotMatch(nobody.stderr, /write-it/);
    });
  }

  test("who may only read is named, and nothing is built", async () => {
    const registry = await bed.registry("token");
    await using at = await place("true");
    const image = `${registry.host}/team/reader:1`;
    const ended = await build(at, [image], { DOCKER_CONFIG: await registry.login("reader") });
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /reader/);
    assert.doesNotMatch(ended.stderr, /building on/);
    assert.doesNotMatch(ended.stderr, /read-it/);
  });

  test("tokens that expire during a slow step are fetched anew", async () => {
    const registry = await bed.registry("token");
    const tokens = registry.tokens ?? assert.fail("it has a token service");
    await using at = await place(`echo ${Math.random()}; sleep 5`);
    const image = `${registry.host}/team/slow:1`;
    const writer = { DOCKER_CONFIG: await registry.login("writer") };
    const before = tokens.issued.length;
    tokens.lifetimeSeconds = 3;
    // An answer may promise more than the registry keeps.
    tokens.claimedSeconds = 300;
    try {
      await assertPublished(await build(at, [image], writer), image, writer);
      const pushes = tokens.issued
        .slice(before)
        .filter(
          ({ user, scopes }) => user === "writer" && scopes.some((scope) => scope.includes("team/slow:pull,push")),
        );
      assert.ok(pushes.length > 1, "one token would not have lasted");
    } finally {
      tokens.lifetimeSeconds = 300;
      tokens.claimedSeconds = undefined;
    }
  });

  test("TLS with an authority of one's own: bases are read and the image is pushed", async () => {
    const registry = await bed.registry("tls");
    await crane(["copy", `${open.host}/library/busybox:latest`, `${registry.host}/library/busybox:latest`]);
    const mirror = `docker.io: { mirrors: ["${registry.host}"] }`;
    await using at = await place("true", `${mirror}\n"${registry.host}": { ca: ${registry.ca} }`);
    const image = `${registry.host}/team/app:1`;
    await assertPublished(await build(at, [image]), image);

    await using stranger = await place("true");
    const ended = await build(stranger, [`${registry.host}/team/stranger:1`]);
    assert.equal(ended.code, 3, ended.stderr);
    assert.match(ended.stderr, /not signed by an authority that is trusted here/);
    assert.match(ended.stderr, /ca: FILE/);
    assert.doesNotMatch(ended.stderr, /building on/);
  });

  test("two tags in two registries: the same digest, and every child in both", async () => {
    const other = await bed.registry("debian");
    const basic = await bed.registry("basic");
    await using at = await place("true");
    const tags = [`${open.host}/two/app:1`, `${other.host}/elsewhere/app:2`, `${basic.host}/team/third:3`];
    const writer = { DOCKER_CONFIG: await basic.login("writer") };
    const built = await build(at, tags, writer);
    for (const tag of tags) await assertPublished(built, tag, writer);
    const { index, platforms } = JSON.parse(built.stdout) as {
      index: { references: string[] };
      platforms: { digest: string }[];
    };
    assert.deepEqual(index.references, tags);
    for (const { digest } of platforms) await crane(["manifest", `${other.host}/elsewhere/app@${digest}`]);
  });

  test("a mirror that lacks the image, and one that is down, are passed over", async () => {
    const empty = await bed.registry("debian");
    await using at = await place("true", `docker.io: { mirrors: ["127.0.0.1:1", "${empty.host}", "${open.host}"] }`);
    const image = `${open.host}/mirrors/app:1`;
    await assertPublished(await build(at, [image]), image);
  });
});

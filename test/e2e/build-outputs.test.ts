import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { DockerEngine } from "../bed/docker.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import type { Workplace } from "./archway.ts";

const run = promisify(execFile);
const needs = ["registry", "buildkit", "docker", "qemu", "bases", "skopeo", "crane"] as const;
const both = "linux/amd64,linux/arm64";
const dockerfile = 'FROM alpine:3.6\nRUN uname -m > /machine\nCMD ["cat", "/machine"]\n';

describe("where a build's result goes", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  let docker: DockerEngine;
  before(async () => {
    bed = await startBed({ need: needs });
    registry = await bed.registry();
    node = await bed.buildkit("a");
    docker = await bed.docker();
    await bed.base("alpine");
    await bed.base("busybox");
  });
  after(() => bed.stop());

  const place = (files: Readonly<Record<string, string>> = { Dockerfile: dockerfile }) =>
    workplace(bed, { mirror: registry.host, files });
  const build = (at: Workplace, args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    archway(["build", ".", "--progress", "plain", ...args], {
      cwd: at.dir,
      env: { ...at.env, BUILDKIT_HOST: node.endpoint, ...env },
    });
  const architectures = (index: string): string[] =>
    JSON.parse(index).manifests.flatMap((one: { platform: { architecture: string } }) =>
      one.platform.architecture === "unknown" ? [] : [one.platform.architecture],
    );

  for (const [tar, option] of [
    [true, "type=oci,dest=image.tar"],
    [false, "type=oci,dest=image,tar=false"],
  ] as const) {
    test(`the whole index without a registry: ${option}`, async () => {
      await using at = await place();
      const built = await build(at, ["--platform", both, "-t", "demo:1.0", "--output", option]);
      assert.equal(built.code, 0, built.stderr);
      const source = tar ? "oci-archive:image.tar:1.0" : "oci:image:1.0";
      const raw = (await run("skopeo", ["inspect", "--raw", source], { cwd: at.dir, env: bed.env })).stdout;
      assert.deepEqual(architectures(raw), ["amd64", "arm64"]);
      await run(
        "skopeo",
        ["copy", "--all", "--dest-tls-verify=false", source, `docker://${registry.host}/out/${tar}:1`],
        { cwd: at.dir, env: bed.env },
      );
      const digest = (
        await run("crane", ["digest", "--insecure", `${registry.host}/out/${tar}:1`], { env: bed.env })
      ).stdout.trim();
      assert.match(built.stdout, new RegExp(digest), "another tool's copy keeps the digest");
      assert.deepEqual(
        (await readdir(at.dir)).filter((name) => name.includes(".part")),
        [],
      );
    });
  }

  test("--load puts this machine's platform into the local Docker, which runs it", async () => {
    await using at = await place();
    const built = await build(at, ["--platform", both, "-t", "archway-e2e/loaded:1", "--load"], {
      DOCKER_HOST: docker.endpoint,
    });
    assert.equal(built.code, 0, built.stderr);
    const { stdout } = await run("docker", ["run", "--rm", "--network", "none", "archway-e2e/loaded:1"], {
      env: docker.env,
    });
    assert.equal(stdout.trim(), "x86_64");
  });

  test("one other platform as a Docker archive, which another machine's docker load takes", async () => {
    await using at = await place();
    const output = ["--output", "type=docker,dest=app.tar"];
    const built = await build(at, ["--platform", "linux/arm64", "-t", "archway-e2e/carried:1", ...output]);
    assert.equal(built.code, 0, built.stderr);
    const seen = await run("skopeo", ["inspect", "--config", "docker-archive:app.tar"], { cwd: at.dir, env: bed.env });
    assert.equal(JSON.parse(seen.stdout).architecture, "arm64");
    await run("docker", ["load", "--input", join(at.dir, "app.tar")], { env: docker.env });

    const several = await build(at, [
      "--platform",
      "linux/arm64,linux/arm/v7",
      "-t",
      "archway-e2e/carried:1",
      ...output,
    ]);
    assert.equal(several.code, 2, several.stderr);
    assert.match(several.stderr, /takes one platform.*linux\/amd64 is not among linux\/arm64, linux\/arm\/v7/);

    const loaded = await build(at, ["--platform", "linux/arm64", "-t", "archway-e2e/other:1", "--load"], {
      DOCKER_HOST: docker.endpoint,
    });
    assert.equal(loaded.code, 0, loaded.stderr);
    const inspected = await run(
      "docker",
      ["image", "inspect", "--format", "{{.Architecture}}", "archway-e2e/other:1"],
      {
        env: docker.env,
      },
    );
    assert.equal(inspected.stdout.trim(), "arm64");
  });

  test("neither --push nor --output, and nothing to load into: exit 2 with the two flags, before anything is built", async () => {
    await using at = await place();
    // Programs that are here have stores that answer.
    const { mkdir, writeFile } = await import("node:fs/promises");
    const silent = join(at.dir, "silent");
    await mkdir(silent);
    for (const name of ["podman", "buildah"])
      await writeFile(join(silent, name), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const built = await build(at, ["--platform", "linux/arm64", "-t", "demo:1"], {
      DOCKER_HOST: "unix:///nothere",
      PATH: `${silent}:${at.env["PATH"]}`,
    });
    assert.equal(built.code, 2, built.stderr);
    assert.match(built.stderr, /--push/);
    assert.match(built.stderr, /--output/);
  });

  test("files: one folder a platform", async () => {
    await using at = await place({
      Dockerfile: "FROM alpine:3.6 AS b\nRUN uname -m > /machine\nFROM scratch\nCOPY --from=b /machine /\n",
    });
    const built = await build(at, ["--platform", both, "--output", "type=local,dest=out"]);
    assert.equal(built.code, 0, built.stderr);
    const { readFile } = await import("node:fs/promises");
    assert.equal((await readFile(join(at.dir, "out/linux_amd64/machine"), "utf8")).trim(), "x86_64");
    assert.equal((await readFile(join(at.dir, "out/linux_arm64/machine"), "utf8")).trim(), "aarch64");
  });

  test("one tar file of several platforms, or an image on standard output: exit 2, and nothing is written", async () => {
    await using at = await place();
    const before = await readdir(at.dir);
    const two = await build(at, ["--platform", both, "--output", "type=tar,dest=t.tar"]);
    assert.equal(two.code, 2, two.stderr);
    assert.match(two.stderr, /type=tar,dest=t\.tar is the files of one platform.*linux\/amd64, linux\/arm64/);
    assert.match(two.stderr, /type=oci,dest=t\.tar/);
    for (const output of ["-", "type=oci,dest=-", "type=tar,dest=-", "type=docker,dest=-"]) {
      const piped = await build(at, ["--platform", "linux/amd64", "--output", output]);
      assert.equal(piped.code, 2, piped.stderr);
      assert.match(piped.stderr, /standard output/);
    }
    assert.deepEqual(await readdir(at.dir), before);

    const one = await build(at, ["--platform", "linux/arm64", "--output", "type=tar,dest=t.tar"]);
    assert.equal(one.code, 0, one.stderr);
    const { stdout } = await run("tar", ["-tf", join(at.dir, "t.tar")]);
    assert.match(stdout, /^(linux_arm64\/)?machine$/m);
  });

  test("attestations travel with their platform", async () => {
    await using at = await place();
    const image = `${registry.host}/out/attested:1`;
    const built = await build(at, ["--platform", both, "-t", image, "--push", "--provenance", "mode=max"]);
    assert.equal(built.code, 0, built.stderr);
    const index = JSON.parse((await run("crane", ["manifest", "--insecure", image], { env: bed.env })).stdout);
    const subjects = index.manifests
      .filter(
        (one: { annotations?: Record<string, string> }) =>
          one.annotations?.["vnd.docker.reference.type"] === "attestation-manifest",
      )
      .map((one: { annotations: Record<string, string> }) => one.annotations["vnd.docker.reference.digest"]);
    assert.deepEqual(
      subjects,
      index.manifests.slice(0, 2).map((one: { digest: string }) => one.digest),
    );
  });

  test("annotations, labels, build arguments, targets and named contexts mean what docker buildx means", async () => {
    await using at = await place({
      Dockerfile: [
        "FROM alpine:3.6 AS one",
        "ARG WORD=none",
        "RUN echo $WORD > /word",
        "COPY --from=extra /greeting /greeting",
        "FROM one AS two",
        "RUN false",
      ].join("\n"),
    });
    const { mkdir, writeFile } = await import("node:fs/promises");
    await mkdir(join(at.dir, "extra"));
    await writeFile(join(at.dir, "extra/greeting"), "hello\n");
    const image = `${registry.host}/out/flags:1`;
    const built = await build(at, [
      "--platform",
      both,
      "-t",
      image,
      "--push",
      "--target",
      "one",
      "--build-arg",
      "WORD=given",
      "--label",
      "a=b",
      "--annotation",
      "index:org.opencontainers.image.title=demo",
      "--annotation",
      "manifest:x=y",
      "--build-context",
      "extra=extra",
      "--provenance",
      "false",
    ]);
    assert.equal(built.code, 0, built.stderr);
    const index = JSON.parse((await run("crane", ["manifest", "--insecure", image], { env: bed.env })).stdout);
    assert.equal(index.annotations["org.opencontainers.image.title"], "demo");
    const child = JSON.parse(
      (await run("crane", ["manifest", "--insecure", "--platform", "linux/arm64", image], { env: bed.env })).stdout,
    );
    assert.equal(child.annotations["x"], "y");
    const config = JSON.parse(
      (await run("crane", ["config", "--insecure", "--platform", "linux/arm64", image], { env: bed.env })).stdout,
    );
    assert.equal(config.config.Labels.a, "b");
    const files = (
      await run("sh", ["-c", `crane export --insecure --platform linux/arm64 ${image} - | tar -xO word greeting`], {
        env: bed.env,
      })
    ).stdout;
    assert.deepEqual(files.split("\n").filter(Boolean).toSorted(), ["given", "hello"]);
  });

  test("named contexts: a layout without its digest, an image, and a folder that is missing", async () => {
    await using at = await place({
      Dockerfile: "FROM lay\nCOPY --from=img /etc/alpine-release /release\nRUN test -e /machine\n",
      "Dockerfile.lay": dockerfile,
    });
    const layout = await build(at, [
      "-f",
      "Dockerfile.lay",
      "--platform",
      both,
      "--output",
      "type=oci,dest=made,tar=false",
    ]);
    assert.equal(layout.code, 0, layout.stderr);
    const args = [
      "--platform",
      both,
      "--output",
      "type=oci,dest=image.tar",
      "--build-context",
      "lay=oci-layout://made",
    ];
    const built = await build(at, [...args, "--build-context", "img=docker-image://alpine:3.6"]);
    assert.equal(built.code, 0, built.stderr);

    const missing = await build(at, [...args, "--build-context", "img=nothere"]);
    assert.equal(missing.code, 2, missing.stderr);
    assert.match(missing.stderr, /--build-context img=nothere: .*nothere is no folder/);
  });

  test("a CPU model that the emulator does not know: exit 2 when the user chose it", async () => {
    await using at = await place();
    const args = ["--platform", "linux/arm64", "--no-cache", "--output", "type=oci,dest=image.tar", "--emulated-cpu"];
    const refused = await build(at, [...args, "nosuch"]);
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /unable to find CPU model 'nosuch'/);
    assert.match(refused.stderr, /--emulated-cpu default/);
  });

  test("a secret reaches its step and nothing else", async () => {
    await using at = await place({
      Dockerfile:
        "FROM alpine:3.6\nRUN --mount=type=secret,id=token cat /run/secrets/token && wc -c < /run/secrets/token > /length\n",
    });
    const secret = "s3cr3t-value-that-must-not-show";
    const image = `${registry.host}/out/secret:1`;
    const built = await build(
      at,
      [
        "--platform",
        both,
        "-t",
        image,
        "--push",
        "--secret",
        "id=token,env=TOKEN",
        "--metadata-file",
        "m.json",
        "--format",
        "json",
      ],
      { TOKEN: secret },
    );
    assert.equal(built.code, 0, built.stderr);
    const { stdout } = await run("grep", [
      "-rl",
      secret,
      at.dir,
      join(at.dir, "../state"),
      join(at.dir, "../cache"),
    ]).catch((error: { stdout: string }) => error);
    assert.equal(stdout, "");
    assert.doesNotMatch(built.stdout + built.stderr, new RegExp(secret));
    const length = (
      await run("sh", ["-c", `crane export --insecure --platform linux/arm64 ${image} - | tar -xO length`], {
        env: bed.env,
      })
    ).stdout;
    assert.equal(Number(length), secret.length);
  });

  test("a step that fails shows no secret that it printed", async () => {
    await using at = await place({
      Dockerfile:
        "FROM alpine:3.6\nRUN --mount=type=secret,id=token printf 'begin:%s:end' $(cat /run/secrets/token) && false\n",
    });
    const secret = "s3cr3t-value-that-must-not-show";
    const { writeFile } = await import("node:fs/promises");
    await writeFile(join(at.dir, "token"), `${secret}\n`);
    const built = await build(at, [
      "--platform",
      "linux/arm64",
      "--no-cache",
      "--output",
      "out",
      "--secret",
      "id=token,src=token",
    ]);
    assert.equal(built.code, 1, built.stderr);
    assert.doesNotMatch(built.stdout + built.stderr, new RegExp(secret));
    assert.match(built.stderr, /begin:\*\*\*:end/);
    const { stdout } = await run("grep", ["-rl", secret, join(at.dir, "../state")]).catch(
      (error: { stdout: string }) => error,
    );
    assert.equal(stdout, "");
  });

  test("caches are read and written per platform", async () => {
    await using at = await place();
    const cache = `${registry.host}/out/cache`;
    const args = [
      "--platform",
      both,
      "-t",
      `${registry.host}/out/cached:1`,
      "--push",
      "--cache-to",
      `type=registry,ref=${cache}:c,mode=max`,
      "--cache-from",
      `type=registry,ref=${cache}:c`,
    ];
    const built = await build(at, args);
    assert.equal(built.code, 0, built.stderr);
    const tags = (await run("crane", ["ls", "--insecure", cache], { env: bed.env })).stdout
      .trim()
      .split("\n")
      .toSorted();
    assert.deepEqual(tags, ["c-linux-amd64", "c-linux-arm64"]);
  });

  test("full logs of each platform are kept", async () => {
    await using at = await place({ Dockerfile: "FROM alpine:3.6\nRUN echo a word from $(uname -m)\n" });
    const built = await build(at, ["--platform", both, "-t", `${registry.host}/out/logs:1`, "--push", "--no-cache"]);
    assert.equal(built.code, 0, built.stderr);
    const logs = join(at.dir, "../state/archway/logs");
    const [folder = ""] = await readdir(logs);
    const names = (await readdir(join(logs, folder))).toSorted();
    assert.deepEqual(names, ["linux-amd64.log", "linux-arm64.log"]);
    assert.ok((await stat(join(logs, folder, "linux-arm64.log"))).size > 0);
    const { stdout } = await run("grep", ["-c", "a word from aarch64", join(logs, folder, "linux-arm64.log")]);
    assert.equal(Number(stdout), 1);
  });
});

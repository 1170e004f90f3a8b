import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { after, before, test } from "node:test";
import type { ResolveReference } from "../build/bases.ts";
import { parseConfig } from "../config/parse-config.ts";
import { ArchwayError } from "../error/error.ts";
import { TestStore } from "../image/test-store.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { formatReference, targetOf } from "../oci/reference.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import { formatPlatform, parsePlatform, type Platform } from "../platform/platform.ts";
import { resolveBases } from "./pipeline-bases.ts";
import { withLoginHints } from "./run-logins.ts";

const facts: RunFacts = {
  run: "",
  number: 0,
  event: "push",
  branch: "main",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
};

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-bases-"));
});
after(() => rm(folder, { recursive: true }));

/** An image whose builds take files from another one. */
function addTriggered(store: TestStore, platform: Platform) {
  const layers = [store.add(mediaTypes.ociLayer, new TextEncoder().encode("layer"))];
  const rootfs = { type: "layers", diff_ids: layers.map(({ digest }) => digest) };
  const settings = { ...platform, rootfs, config: { OnBuild: ["COPY --from=files:1 /x /x"] } };
  const config = store.addJson(mediaTypes.ociConfig, settings);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  return store.addJson(mediaTypes.ociManifest, manifest);
}

/** A registry of images by `NAME:TAG`, each with its platforms. */
async function registry(images: Readonly<Record<string, readonly string[]>>) {
  const store = new TestStore("docker.io/library/any");
  for (const [name, platforms] of Object.entries(images)) {
    const manifests = platforms.map((text) => {
      const platform = parsePlatform(text);
      const image = name.startsWith("triggered")
        ? addTriggered(store, platform)
        : store.addImage(platform, `${name} ${text}`);
      return { ...image, platform };
    });
    await store.tag(
      name.replace(":", "-"),
      store.addJson(mediaTypes.ociIndex, { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
    );
  }
  const asked: string[] = [];
  const resolve: ResolveReference = async (reference) => {
    asked.push(formatReference(reference));
    const name = reference.path.replace("library/", "");
    if (name === "private")
      throw new ArchwayError({ code: "DENIED", kind: "unreachable", message: "No.", hint: "docker login" });
    return { store, descriptor: await store.resolve(`${name}-${targetOf(reference)}`), location: reference.path };
  };
  return { resolve, asked };
}

/** Looks up the bases of a pipeline on amd64 and arm64 with these Dockerfiles. */
async function lookUp(
  jobs: string,
  files: Readonly<Record<string, string>>,
  images: Readonly<Record<string, readonly string[]>>,
  { top = "", known = [] }: { top?: string; known?: readonly (readonly [string, string])[] } = {},
) {
  await rm(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  const file = join(folder, ".archway.yaml");
  const config = parseConfig(`version: 1\nplatforms: [linux/amd64, linux/arm64]\n${top}jobs:\n${jobs}`, file);
  const { resolve, asked } = await registry(images);
  const sources = {
    config,
    folder,
    resolve: withLoginHints(resolve, (host) => `the secret of ${host}`),
    known,
    localPlatform: () => Promise.resolve(parsePlatform("linux/amd64")),
    placeOf: (path: readonly PropertyKey[]) => ({ file: path.join("."), line: 1 }),
  };
  const found = await resolveBases(expandPipeline(config, facts), sources, new AbortController().signal);
  return {
    asked,
    late: found.late,
    images: found.images.map(({ name, needed }) => `${name} ${needed.map(formatPlatform).join(" ")}`),
    problems: found.problems.map(({ code, kind, message, hint, place }) => {
      const where = place?.file.startsWith("/") === true ? relative(folder, place.file) : place?.file;
      return { code, kind, message, hint, place: `${where}:${place?.line}` };
    }),
  };
}

const build = "  image: { build: { tags: [app:1] } }\n";

test("bases are looked up for every platform that they are for, and unused stages are left out", async () => {
  const { images, problems, asked } = await lookUp(
    build,
    {
      Dockerfile: `FROM unused:1 AS unused
FROM --platform=$BUILDPLATFORM tools:1 AS make
RUN make
FROM base:1
COPY --from=make /app /app
COPY --from=files:1 /x /x
`,
    },
    { "tools:1": ["amd64"], "base:1": ["amd64", "arm64"], "files:1": ["amd64", "arm64"] },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(images, [
    "tools:1 linux/amd64",
    "base:1 linux/amd64 linux/arm64",
    "files:1 linux/amd64 linux/arm64",
  ]);
  assert.ok(!asked.includes("docker.io/library/unused:1"));
});

test("a base without a platform is told at its line of the Dockerfile, with what exists", async () => {
  const files = { "docker/app.dockerfile": "ARG V=1\n\nFROM base:$V\nRUN x\n" };
  const { problems } = await lookUp(
    "  image: { matrix: { n: [a, b] }, build: { file: docker/app.dockerfile, tags: [app:1] } }\n",
    files,
    { "base:1": ["amd64", "arm/v7"] },
  );
  assert.deepEqual(problems, [
    {
      code: "BASE_PLATFORM_MISSING",
      kind: "failed",
      message: "base:1 has no image for linux/arm64\n  it has: linux/amd64, linux/arm/v7\n  needed by: image",
      hint: "Take a tag or an image that has the platform, or build without it: allow_missing of jobs.image.build.",
      place: "docker/app.dockerfile:3",
    },
  ]);
  const allowed = "  image: { build: { file: docker/app.dockerfile, tags: [app:1], allow_missing: [linux/arm64] } }\n";
  assert.deepEqual((await lookUp(allowed, files, { "base:1": ["amd64"] })).problems, []);
});

test("arguments and defaults of the file count, and what is known late is not asked for", async () => {
  const files = { "app/Dockerfile": "ARG V=none\nARG W=none\nFROM base:$V AS base\nFROM base:$W AS late\n" };
  const top = 'build: { context: app, args: { V: "1" }, target: base }\n';
  const early = await lookUp(
    "  image: { build: { tags: [app:1] } }\n",
    files,
    { "base:1": ["amd64", "arm64"] },
    { top },
  );
  assert.deepEqual([early.images, early.problems], [["base:1 linux/amd64 linux/arm64"], []]);
  const job = '  image: { build: { tags: [app:1], args: { W: "${{ git.tag }}" }, target: late } }\n';
  const late = await lookUp(job, files, {}, { top });
  assert.deepEqual([late.images, late.problems, late.late], [[], [], ["base:…"]]);
  const told = await lookUp(job, files, { "base:7": ["amd64", "arm64"] }, { top, known: [["git.tag", "7"]] });
  assert.deepEqual([told.images, told.problems], [["base:7 linux/amd64 linux/arm64"], []]);
});

test("what a job before makes is not asked for, and one that does not come before is", async () => {
  const files = { Dockerfile: "FROM docker.io/library/own:1\n", "own/Dockerfile": "FROM scratch\n" };
  const own = "  own: { build: { context: own, tags: [own:1] } }\n";
  const needs = await lookUp(`${own}  image: { needs: own, build: { tags: [app:1] } }\n`, files, {});
  assert.deepEqual([needs.problems, needs.late], [[], ["docker.io/library/own:1"]]);
  const apart = await lookUp(`${own}${build}`, files, {});
  assert.deepEqual(
    apart.problems.map(({ code, kind, place, hint }) => ({ code, kind, place, hint })),
    [
      {
        code: "BASE_NOT_FOUND",
        kind: "input",
        place: "Dockerfile:1",
        hint: 'Check its name and tag. When a job of this run makes it, "image" needs that job.',
      },
    ],
  );
});

test("a missing or wrong Dockerfile is told at its place, and a context from Git is left out", async () => {
  const missing = await lookUp("  image: { build: { file: Dockerfil, tags: [app:1] } }\n", { Dockerfile: "" }, {});
  assert.deepEqual(
    missing.problems.map(({ code, place }) => `${code} ${place}`),
    ["DOCKERFILE_MISSING jobs.image.build.file:1"],
  );
  const wrong = await lookUp(build, { Dockerfile: "FROM base:1\nCOPI . .\n" }, {});
  assert.deepEqual(
    wrong.problems.map(({ code, place }) => `${code} ${place}`),
    ["DOCKERFILE_INVALID Dockerfile:2"],
  );
  const git = "  image: { build: { context: 'https://git.example/app.git#main', tags: [app:1] } }\n";
  const { problems, late } = await lookUp(git, { Dockerfile: "" }, {});
  assert.deepEqual([problems, late], [[], ["base images of image"]]);
});

test("the triggers of a base need images too, and a refused login is told with its secret", async () => {
  const both = ["amd64", "arm64"];
  const triggered = await lookUp(
    build,
    { Dockerfile: "FROM triggered:1\n" },
    { "triggered:1": both, "files:1": ["amd64"] },
  );
  assert.deepEqual(
    triggered.problems.map(({ code, message, place }) => `${code} ${message.split("\n")[0]} ${place}`),
    ["BASE_PLATFORM_MISSING files:1 has no image for linux/arm64 Dockerfile:1"],
  );
  const { problems } = await lookUp(build, { Dockerfile: "FROM private:1\n" }, {});
  assert.deepEqual(
    problems.map(({ code, kind, hint }) => ({ code, kind, hint })),
    [{ code: "DENIED", kind: "unreachable", hint: "the secret of docker.io" }],
  );
});

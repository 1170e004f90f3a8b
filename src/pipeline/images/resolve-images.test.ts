import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../../config/parse-config.ts";
import { ArchwayError } from "../../error/error.ts";
import { TestStore } from "../../image/test-store.ts";
import { mediaTypes } from "../../oci/media-types.ts";
import { formatReference, targetOf } from "../../oci/reference.ts";
import { formatPlatform, parsePlatform, type Platform } from "../../platform/platform.ts";
import { job, nameOf, service, step, stepsWork, template } from "../show/test-graph.ts";
import { expandPipeline } from "../expand-pipeline.ts";
import type { RunFacts } from "../facts.ts";
import type { PlannedJob } from "../job-spec.ts";
import { type FindImage, resolveImages } from "./resolve-images.ts";

/** A registry of images by tag, each with its platforms, and the names that it was asked for. */
async function registry(images: Readonly<Record<string, readonly string[]>>) {
  const store = new TestStore("docker.io/library/any");
  const asked: string[] = [];
  for (const [tag, platforms] of Object.entries(images)) {
    const manifests = platforms.map((text) => {
      const platform = parsePlatform(text);
      return { ...store.addImage(platform, text), platform };
    });
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    await store.tag(tag, store.addJson(mediaTypes.ociIndex, index));
  }
  const placeOf = (path: readonly PropertyKey[]) => ({ file: path.join("."), line: 1 });
  const find: FindImage = async (reference) => {
    asked.push(formatReference(reference));
    return { store, descriptor: await store.resolve(targetOf(reference)) };
  };
  return { find, asked, placeOf };
}

const runFacts: RunFacts = {
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

const live = new AbortController().signal;

test("each image of steps, services and handlers is asked for once, for the platforms of its jobs", async () => {
  const { asked, ...sources } = await registry({ "1": ["amd64", "arm64"], db: ["amd64", "arm64"], latest: ["amd64"] });
  const work = stepsWork(template("app:1"), {
    services: [service("db", template("app:db"))],
    steps: [step(), step({ image: template("app:db") })],
  });
  const jobs = ["test@linux/amd64", "test@linux/arm64"].map((id) => job(id, { work }));
  const handled = job("release", {
    work: { kind: "promote", from: template("a:1"), to: [template("a:2")] },
    onFailure: [step({ image: template("curl") })],
  });
  const { images, problems, late } = await resolveImages({ env: {}, jobs: [...jobs, handled] }, sources, live);
  assert.deepEqual(asked.toSorted(), [
    "docker.io/library/a:1",
    "docker.io/library/app:1",
    "docker.io/library/app:db",
    "docker.io/library/curl:latest",
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(late, []);
  const both = ["linux/amd64", "linux/arm64"].map((text) => parsePlatform(text));
  assert.deepEqual(
    images.map(({ name, needed }) => ({ name, needed })),
    [
      { name: "app:db", needed: both },
      { name: "app:1", needed: both },
      { name: "a:1", needed: [] },
      { name: "curl", needed: [] },
    ],
  );
});

test("a missing platform is told with what exists and who needs it", async () => {
  const sources = await registry({ "1": ["amd64", "arm/v6"] });
  const work = stepsWork(template("app:1"));
  const ids = ["a@linux/amd64", "a@linux/arm64", "a@linux/arm/v7", "b@linux/s390x"];
  const { images, problems } = await resolveImages(
    { env: {}, jobs: ids.map((id) => job(id, { work })) },
    sources,
    live,
  );
  assert.deepEqual(images, []);
  assert.deepEqual(
    problems.map(({ code, kind, message, hint, place }) => ({ code, kind, message, hint, place })),
    [
      {
        code: "IMAGE_PLATFORM_MISSING",
        kind: "failed",
        message:
          "app:1 has no image for linux/arm64, linux/s390x\n  needed by: a@linux/arm64, b@linux/s390x\n  it has: linux/amd64, linux/arm/v6",
        hint: 'Take a tag or an image that has the platform, give the job "a" another image there, or leave the platform out of it.',
        place: { file: "jobs.a.image", line: 1 },
      },
    ],
  );
});

test("images of the run's own jobs and of skipped jobs are not asked for", async () => {
  const { asked, ...sources } = await registry({});
  const jobs: PlannedJob[] = [
    job("smoke", { work: stepsWork(template([nameOf("jobs.image.reference")])) }),
    job("never", { work: stepsWork(template("app:none")), skip: "when.branch" }),
  ];
  const { problems, late } = await resolveImages({ env: {}, jobs }, sources, live);
  assert.deepEqual(asked, []);
  assert.deepEqual(problems, []);
  assert.deepEqual(late, ["${{ jobs.image.reference }}"]);
});

test("what does not exist, is no name, or cannot be reached are different problems", async () => {
  const sources = await registry({});
  const down: FindImage = async (reference, signal) => {
    if (reference.path !== "library/down") return sources.find(reference, signal);
    throw new ArchwayError({ code: "UNREACHABLE", kind: "unreachable", message: "no answer", hint: "Try again." });
  };
  const jobs = ["app:9", "App:1", "down"].map((name) => job(name, { work: stepsWork(template(name)) }));
  const { problems } = await resolveImages({ env: {}, jobs }, { ...sources, find: down }, live);
  assert.deepEqual(
    problems.map(({ code, kind }) => [code, kind]),
    [
      ["IMAGE_NOT_FOUND", "failed"],
      ["INVALID_REFERENCE", "input"],
      ["UNREACHABLE", "unreachable"],
    ],
  );
  assert.match(problems[0]?.message ?? "", /^There is no image app:9: .* has no tag 9\n {2}needed by: app:9$/);
  assert.match(problems[2]?.message ?? "", /^The image down could not be looked up: no answer\n/);
  await assert.rejects(resolveImages({ env: {}, jobs }, { ...sources, find: down }, AbortSignal.abort()), {
    name: "AbortError",
  });
});

test("names follow from the matrix, the platform and the environment", async () => {
  const { asked, ...sources } = await registry({ "1-amd64": ["amd64"] });
  const image = template(["app:", nameOf("matrix.version"), "-", nameOf("env.ARCH")]);
  const work = stepsWork(image, { steps: [step(), step({ image: template(["app:", nameOf("git.tag")]) })] });
  const env = { ARCH: template([nameOf("platform.arch")]) };
  const one = job("test[version=1]@linux/amd64", { work, env, matrix: { version: "1" }, axes: ["version"] });
  const { problems, late } = await resolveImages({ env: {}, jobs: [one] }, sources, live);
  assert.deepEqual(problems, []);
  assert.deepEqual(asked, ["docker.io/library/app:1-amd64"]);
  assert.deepEqual(late, ["app:${{ git.tag }}"]);
  const known = { ...sources, known: [["git.tag", "9"]] as const };
  const { problems: told } = await resolveImages({ env: {}, jobs: [one] }, known, live);
  assert.deepEqual(
    told.map(({ place }) => place?.file),
    ["jobs.test.steps.1.image"],
  );
});

test("what the run makes before is not asked for, also under the name that it gets; what other jobs read is", async () => {
  const config = parseConfig(
    `version: 1
platforms: [linux/amd64, linux/arm64]
jobs:
  image: { build: { tags: ["app:made", "app:\${{ git.short_sha }}"], push: true } }
  early: { image: "app:made", steps: [x] }
  smoke: { needs: image, platforms: all, image: "app:made", steps: [x, { image: "app:\${{ env.V }}", env: { V: both }, run: x }] }
  proof: { needs: image, verify: { images: ["docker.io/library/app:made", app:x86, "oci:out"], require: [linux/arm64] } }
  copy: { needs: smoke, image: { copy: { from: app:both, to: app:copied } } }
  release: { needs: copy, promote: { from: app:copied, to: app:latest } }
  mark: { needs: release, image: { tag: { from: app:latest, to: [marked, other] } } }
  last: { needs: mark, image: "app:other", steps: [x] }
`,
    "/r/.archway.yaml",
  );
  const graph = expandPipeline(config, runFacts);
  const sources = await registry({ both: ["amd64", "arm64"], x86: ["amd64"] });
  const { images, problems, late } = await resolveImages(graph, sources, live);
  assert.deepEqual(
    images.map(({ name }) => name),
    ["app:both"],
  );
  assert.deepEqual(late, ["app:made", "docker.io/library/app:made", "app:copied", "app:latest", "app:other"]);
  assert.deepEqual(
    problems.map(({ code, message }) => [code, message.split("\n").at(-1)]),
    [
      ["IMAGE_NOT_FOUND", "  needed by: early"],
      ["IMAGE_PLATFORM_MISSING", "  it has: linux/amd64"],
    ],
  );
});

test("a job without a platform needs its image as the machine is that it comes to; what is only read is there for any", async () => {
  const config = parseConfig(
    `version: 1
jobs:
  run: { image: "app:arm", steps: [x], services: { db: { image: "app:both" } } }
  proof: { verify: { images: "app:arm" }, on_failure: [{ image: "app:arm", run: x }] }
`,
    "/r/.archway.yaml",
  );
  const graph = expandPipeline(config, runFacts);
  const sources = await registry({ arm: ["arm64"], both: ["amd64", "arm64"] });
  const on = (freePlatform: Promise<Platform | undefined>) => resolveImages(graph, { ...sources, freePlatform }, live);
  const { problems, images } = await on(Promise.resolve(parsePlatform("linux/amd64")));
  assert.deepEqual(
    problems.map(({ message, place }) => [message, place?.file]),
    [["app:arm has no image for linux/amd64\n  needed by: run, proof\n  it has: linux/arm64", "jobs.run.image"]],
  );
  assert.deepEqual(
    images.map(({ name, needed }) => [name, needed.map(formatPlatform)]),
    [["app:both", ["linux/amd64"]]],
  );
  assert.deepEqual((await on(Promise.resolve(undefined))).problems, []);
});

test("without an event the images of all jobs and steps are looked up, whatever event they are for", async () => {
  const { asked, ...sources } = await registry({ "1": ["amd64"] });
  const text = `version: 1
jobs:
  test:
    image: app:1
    steps:
      - x
      - { image: "tagged:1", run: x, when: { event: tag }, on_failure: [{ image: "tells:1", run: x }] }
      - { image: "branch:1", run: x, when: { branch: other } }
  release: { image: "release:1", steps: [x], when: { tag: "v*" } }
`;
  const graph = expandPipeline(parseConfig(text, "/r/.archway.yaml"), undefined);
  const { problems } = await resolveImages(graph, sources, live);
  assert.deepEqual(problems, []);
  const names = ["app", "branch", "release", "tagged", "tells"].map((name) => `docker.io/library/${name}:1`);
  assert.deepEqual(asked.toSorted(), names);
});

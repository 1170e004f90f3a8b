import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { SecretMasks } from "../job/mask-secrets.ts";
import { failureOf } from "../job/job-failure.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { BuildWork, JobSpec } from "../pipeline/job-spec.ts";
import { parsePlatform } from "../platform/platform.ts";
import { type CommandJobs, performBuild, performImage, performPromote, performVerify } from "./run-commands.ts";

const signal = new AbortController().signal;
const job: Omit<JobSpec, "work"> = {
  id: "image",
  name: "image",
  matrix: {},
  emulation: "never",
  retry: { attempts: 1, on: [], delay: 0 },
  env: {},
  mayFail: false,
  onFailure: [],
};
const build: BuildWork = {
  kind: "build",
  platforms: [parsePlatform("linux/amd64")],
  tags: [],
  args: {},
  labels: {},
  annotations: [],
  cacheFrom: [],
  cacheTo: [],
  secrets: [],
  nativeOnly: false,
  allowMissing: [],
  push: false,
};

/** A checkout, and beside it what is not for pipelines. */
async function placeOfTest(config = "version: 1\n") {
  const root = await mkdtempDisposable(join(tmpdir(), "archway-commands-"));
  const [folder, privateFolder] = [join(root.path, "checkout"), join(root.path, "private")];
  for (const one of [folder, privateFolder]) await mkdir(one);
  await writeFile(join(privateFolder, "Dockerfile"), "FROM scratch\n");
  await mkdir(join(root.path, "repository"));
  const configFile = join(root.path, "repository", ".archway.yaml");
  await writeFile(configFile, config);
  const around: CommandJobs = {
    context: {
      env: { ...process.env, XDG_STATE_HOME: root.path, XDG_CACHE_HOME: root.path },
      cwd: root.path,
      stdin: new PassThrough(),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      signal,
      now: Date.now,
    },
    folder,
    runFolder: root.path,
    privateFolder,
    configFile,
    publish: true,
    insecureRegistries: [],
    logins: {},
    secrets: new Map(),
    masks: new SecretMasks([]),
    images: new Map(),
    pins: { pinned: async (image) => image },
    emit: () => undefined,
  };
  return { around, [Symbol.asyncDispose]: () => root[Symbol.asyncDispose]() };
}

const messageOf = (result: Promise<JobResult>) =>
  result.then(
    ({ failure }) => failure?.message ?? "no failure",
    (error: unknown) => failureOf(error).message,
  );

test("a build job reads nothing but the checkout, whether it or the configuration says where", async () => {
  await using place = await placeOfTest();
  for (const [key, more] of Object.entries<Partial<BuildWork>>({
    context: { context: "../private" },
    file: { file: "../private/Dockerfile" },
    cache_from: { cacheFrom: ["type=local,src=../private"] },
    cache_to: { cacheTo: ["type=local,dest=../private"] },
  })) {
    const said = await messageOf(performBuild({ ...job, work: { ...build, ...more } }, place.around, signal));
    assert.match(said, new RegExp(`of ${key} leads out of it`));
  }
  await using other = await placeOfTest("version: 1\nbuild: { file: ../private/Dockerfile }\n");
  const said = await messageOf(performBuild({ ...job, work: build }, other.around, signal));
  assert.match(said, /build\.file .* is not below the configuration's folder/);
});

test("no word of a pipeline becomes an option of the command", async () => {
  await using place = await placeOfTest();
  const { around } = place;
  const option = "--secret=id=key,src=/etc/hostname";
  const image = { kind: "image", action: "copy", platforms: [] } as const;
  const proof = { kind: "verify", platforms: [], require: [], severity: "error" } as const;
  for (const perform of [
    async () => performBuild({ ...job, work: { ...build, context: option } }, around, signal),
    async () => performVerify({ ...job, work: { ...proof, images: [option] } }, around, signal),
    async () => performImage({ ...job, work: { ...image, from: [option], to: ["a:1"] } }, around, signal),
    async () => performImage({ ...job, work: { ...image, from: ["a:1"], to: [option] } }, around, signal),
    async () => performPromote({ ...job, work: { kind: "promote", from: "a:1", to: [option] } }, around, signal),
  ])
    assert.match(await messageOf(perform()), /is no name of a folder or an image/);
});

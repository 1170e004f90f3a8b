import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import type { Failure, RunEventBody } from "../event/run-event.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import { SourceLog } from "../job/source-log.ts";
import type { BuildWork, ImageWork, JobSpec, PromoteWork, VerifyWork } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { type CommandModule, runCommand } from "./shell.ts";

/** What the jobs that are commands of this program work with. */
export interface CommandJobs {
  readonly context: CliContext;
  /** The checkout of the run, where relative paths begin: what is built is what the other jobs see. */
  readonly folder: string;
  /** Folder of this run for images. */
  readonly runFolder: string;
  /** Folder of this process for secrets; it goes with the process. */
  readonly privateFolder: string;
  readonly configFile: string;
  readonly publish: boolean;
  readonly insecureRegistries: readonly string[];
  /** `config.json` of Docker with the pipeline's logins. */
  readonly dockerConfig: string;
  readonly secrets: ReadonlyMap<string, string>;
  readonly masks: SecretMasks;
  /** Image of this run by its digest. */
  readonly images: Map<string, string>;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
}

/** `archway build`. Without `--publish` the image stays in a layout of the run; one that is to be started first comes to its tags only after that. */
export async function performBuild(
  job: JobSpec & { readonly work: BuildWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { work } = job;
  const isPublished = work.push && around.publish;
  const pushesAtOnce = isPublished && work.verifyRun === undefined;
  const layout = join(around.runFolder, "images", encodeURIComponent(job.id));
  await mkdir(join(around.runFolder, "images"), { recursive: true });
  const metadataFile = join(around.runFolder, `${encodeURIComponent(job.id)}.json`);
  const secretFiles = await Promise.all(
    work.secrets.map(async ({ id, secret }) => {
      const file = join(around.privateFolder, `build-secret-${encodeURIComponent(job.id)}-${encodeURIComponent(id)}`);
      await writeFile(file, around.secrets.get(secret) ?? "", { mode: 0o600 });
      return `id=${id},src=${file}`;
    }),
  );
  const args = [
    work.context ?? ".",
    ...each("--platform", work.platforms.map(formatPlatform)),
    ...each("-t", work.tags),
    ...(work.file === undefined ? [] : [`--file=${work.file}`]),
    ...(work.target === undefined ? [] : [`--target=${work.target}`]),
    ...each("--build-arg", pairs(work.args)),
    ...each("--label", pairs(work.labels)),
    ...each("--annotation", work.annotations),
    ...each("--cache-from", work.cacheFrom),
    ...(around.publish ? each("--cache-to", work.cacheTo) : []),
    ...each("--secret", secretFiles),
    ...(work.provenance === undefined ? [] : [`--provenance=${work.provenance}`]),
    ...(work.sbom === undefined ? [] : [`--sbom=${work.sbom}`]),
    ...(work.nativeOnly ? ["--native-only"] : []),
    ...each("--allow-missing", work.allowMissing.map(formatPlatform)),
    ...(pushesAtOnce ? ["--push"] : [`--output=type=oci,dest=${layout},tar=false`]),
    `--metadata-file=${metadataFile}`,
    "--progress=plain",
  ];
  const built = await runHere(job, "build", () => import("./build-command.ts"), args, around, signal);
  if (built.status !== "succeeded") return built;
  const { index, platforms, seconds } = await readMetadata(await readFile(metadataFile, "utf8"));
  const [tag = ""] = work.tags;
  const local = `oci:${layout}`;
  if (work.verifyRun !== undefined) {
    const started = {
      kind: "verify",
      images: [local],
      platforms: [],
      require: [],
      severity: "error",
      run: work.verifyRun,
    } as const;
    const verified = await performVerify({ ...job, work: started }, around, signal);
    if (verified.status !== "succeeded") return verified;
  }
  if (isPublished && !pushesAtOnce) {
    const copied = await runHere(
      job,
      "image",
      () => import("./image-command.ts"),
      ["copy", local, ...work.tags],
      around,
      signal,
    );
    if (copied.status !== "succeeded") return copied;
  }
  const reference = isPublished ? `${withoutTag(tag)}@${index}` : local;
  around.images.set(index, reference);
  const tags = work.push ? { tags: work.tags } : {};
  const about = { job: job.id, reference, digest: index, published: isPublished, platforms, seconds };
  await around.emit({ type: "image", ...about, ...tags });
  const outputs = { reference, digest: index };
  return { status: "succeeded", outputs };
}

/** `archway verify`. */
export function performVerify(
  job: JobSpec & { readonly work: VerifyWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { images, platforms, require, severity, run } = job.work;
  const args = [
    ...images.map((image) => around.images.get(image) ?? image),
    ...each("--platform", platforms.map(formatPlatform)),
    ...each("--require", require.map(formatPlatform)),
    `--severity=${severity}`,
    ...(run === undefined ? [] : ["--run", ...(run.length === 0 ? [] : ["--", ...run])]),
  ];
  return runHere(job, "verify", () => import("./verify-command.ts"), args, around, signal);
}

/** `archway image create`, `copy` and `tag`; told only, without `--publish`. */
export function performImage(
  job: JobSpec & { readonly work: ImageWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { action, from, to, platforms } = job.work;
  const sources = from.map((image) => around.images.get(image) ?? image);
  const only = each("--platform", platforms.map(formatPlatform));
  const args = action === "create" ? [...sources, ...each("-t", to), ...only] : [...sources, ...to, ...only];
  return publishes(
    job,
    "image",
    [action, ...args],
    `${action} ${sources.join(", ")} as ${to.join(", ")}`,
    around,
    signal,
  );
}

/** `archway image promote`; told only, without `--publish`. A bare digest is an image of this run, else one of the first target's repository. */
export function performPromote(
  job: JobSpec & { readonly work: PromoteWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { from, to } = job.work;
  const [target = ""] = to;
  const source = around.images.get(from) ?? (from.startsWith("sha256:") ? `${withoutTag(target)}@${from}` : from);
  return publishes(job, "image", ["promote", source, ...to], `promote ${source} to ${to.join(", ")}`, around, signal);
}

async function publishes(
  job: JobSpec,
  source: string,
  args: readonly string[],
  what: string,
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  if (!around.publish) return { status: "skipped", reason: `it would ${what}, which needs --publish`, outputs: {} };
  return runHere(job, source, () => import("./image-command.ts"), args, around, signal);
}

/** Runs a command of this program as the shell would, with the pipeline's logins; what it says goes into the log of the job. */
async function runHere(
  job: JobSpec,
  source: string,
  load: () => Promise<CommandModule>,
  args: readonly string[],
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const log = new SourceLog({ job: job.id, source }, around.masks, around.emit);
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const reading = Promise.all([pour(stdout, log, "stdout"), pour(stderr, log, "stderr")]);
  const context: CliContext = {
    ...around.context,
    cwd: around.folder,
    env: { ...around.context.env, DOCKER_CONFIG: await privateConfig(around), NO_COLOR: "1" },
    stdin: new PassThrough().end(),
    stdout,
    stderr,
    signal,
  };
  const dashes = args.indexOf("--");
  const own = dashes < 0 ? args : args.slice(0, dashes);
  const more = [`--config=${around.configFile}`, ...each("--insecure-registry", around.insecureRegistries)];
  const code = await runCommand(load, [...own, ...more, ...(dashes < 0 ? [] : args.slice(dashes))], context);
  stdout.end();
  stderr.end();
  await reading;
  await log.end();
  // What is done is done, also when a cancel came in the last moment.
  if (code === 0) return { status: "succeeded", outputs: {} };
  if (signal.aborted) return { status: "cancelled", outputs: {} };
  const last = log.tail
    .trim()
    .split("\n")
    .findLast((line) => line.startsWith("error: "));
  const message = last?.slice("error: ".length) ?? `archway ${source} ended with exit code ${code}.`;
  const failure: Failure = { kind: code === 3 ? "infrastructure" : "user", code: "COMMAND_FAILED", message };
  return { status: "failed", failure, outputs: {} };
}

async function pour(from: PassThrough, log: SourceLog, stream: "stdout" | "stderr"): Promise<void> {
  for await (const piece of from) await log.write(stream, piece);
}

/** A Docker configuration with the pipeline's logins alone. Plug-ins and builders are no secrets: they stay where they are. */
async function privateConfig({ context, privateFolder, dockerConfig }: CommandJobs): Promise<string> {
  const folder = join(privateFolder, "docker");
  const own = context.env["DOCKER_CONFIG"] ?? join(context.env["HOME"] ?? homedir(), ".docker");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(join(folder, "config.json"), dockerConfig, { mode: 0o600 });
  for (const name of ["cli-plugins", "buildx", "contexts"]) {
    // Made by the first job of the run.
    await symlink(join(own, name), join(folder, name)).catch(() => undefined);
  }
  return folder;
}

function each(option: string, values: readonly string[]): readonly string[] {
  return values.flatMap((value) => (option.startsWith("--") ? [`${option}=${value}`] : [option, value]));
}

function pairs(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

function withoutTag(reference: string): string {
  const path = reference.split("@")[0] ?? "";
  const colon = path.lastIndexOf(":");
  return colon > path.lastIndexOf("/") ? path.slice(0, colon) : path;
}

/** What a build says of itself: its index, the platforms in it, and the seconds of each way to build. */
async function readMetadata(text: string) {
  // Making the schema takes milliseconds, and most runs build nothing.
  const { buildSchema } = await import("./schemas/build.ts");
  const { index, platforms } = z.object({ archway: buildSchema }).parse(JSON.parse(text)).archway;
  if (index === undefined)
    throw new ArchwayError({ code: "COMMAND_FAILED", kind: "failed", message: "The build gave no digest." });
  const seconds = { native: 0, cross: 0, emulated: 0 };
  for (const { seconds: spent } of platforms) {
    seconds.native += spent.native;
    seconds.cross += spent.cross;
    seconds.emulated += spent.emulated;
  }
  return { index: index.digest, platforms: platforms.map(({ platform }) => platform), seconds };
}

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { RunEventBody } from "../event/run-event.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { SecretMasks } from "../job/mask-secrets.ts";
import { fileNameOfJob, shortName } from "../pipeline/file-name.ts";
import type { BuildWork, ImageWork, JobSpec, PromoteWork, VerifyWork } from "../pipeline/job-spec.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { CliContext } from "./context.ts";
import { isPlace } from "./image-targets.ts";
import { formatPublished, type PublishedByJob, readBuilt, readPublished } from "./run-command-result.ts";
import { type CommandCall, each, runHere } from "./run-here.ts";
import type { RunPins } from "./run-pins.ts";

/** What the jobs that are commands of this program work with. */
export interface CommandJobs {
  readonly context: CliContext;
  /** The checkout of the run, where relative paths begin: what is built is what the other jobs see. */
  readonly folder: string;
  /** Folder of this run for images. */
  readonly runFolder: string;
  /** Folder of this job for secrets; it goes with the job. */
  readonly privateFolder: string;
  readonly configFile: string;
  readonly publish: boolean;
  readonly insecureRegistries: readonly string[];
  /** Variables that lead to the job's own logins, and away from those of the user. */
  readonly logins: Readonly<Record<string, string>>;
  readonly secrets: ReadonlyMap<string, string>;
  readonly masks: SecretMasks;
  /** Image of this run by its digest. */
  readonly images: Map<string, string>;
  /** What names in registries are for the whole run. */
  readonly pins: Pick<RunPins, "pinned">;
  readonly emit: (event: RunEventBody) => void | Promise<void>;
}

/** Where a build job leaves its results. */
interface BuildPlaces {
  readonly layout: string;
  readonly metadataFile: string;
  /** Its tags move when it is built; else the image stays in the layout. */
  readonly pushesAtOnce: boolean;
}

/** The call of `archway build` that a build job is; the values of its secrets lie in files of the job. */
export async function buildCall(
  work: BuildWork,
  around: Pick<CommandJobs, "privateFolder" | "publish" | "secrets">,
  { layout, metadataFile, pushesAtOnce }: BuildPlaces,
): Promise<CommandCall> {
  const secretFiles = await Promise.all(
    work.secrets.map(async ({ id, secret }) => {
      const file = join(around.privateFolder, `build-secret-${shortName(encodeURIComponent(id))}`);
      await writeFile(file, around.secrets.get(secret) ?? "", { mode: 0o600 });
      return `id=${id},src=${file}`;
    }),
  );
  const args = [
    ...words([work.context ?? "."]),
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
    ...each("--build-context", pairs(work.contexts ?? {})),
    ...(work.noCache === true ? ["--no-cache"] : []),
    ...(work.pull === true ? ["--pull"] : []),
    ...(work.provenance === undefined ? [] : [`--provenance=${work.provenance}`]),
    ...(work.sbom === undefined ? [] : [`--sbom=${work.sbom}`]),
    ...(work.nativeOnly ? ["--native-only"] : []),
    ...each("--allow-missing", work.allowMissing.map(formatPlatform)),
    ...(pushesAtOnce ? ["--push"] : [`--output=type=oci,dest=${layout},tar=false`]),
    `--metadata-file=${metadataFile}`,
    "--progress=plain",
  ];
  return { source: "build", load: () => import("./build-command.ts"), args };
}

/** `archway build`. Without `--publish` the image stays in a layout of the run; one that is to be verified beyond its proof comes to its tags only after that. */
export async function performBuild(
  job: JobSpec & { readonly work: BuildWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { work } = job;
  const isPublished = work.push && around.publish;
  const pushesAtOnce = isPublished && work.verify === undefined;
  const layout = join(around.runFolder, "images", fileNameOfJob(job.id));
  await mkdir(join(around.runFolder, "images"), { recursive: true });
  const metadataFile = join(around.runFolder, `${fileNameOfJob(job.id)}.json`);
  const call = await buildCall(work, around, { layout, metadataFile, pushesAtOnce });
  const built = await runHere(job, call, around, signal);
  if (built.status !== "succeeded") return built;
  const { index, platforms, seconds } = readBuilt(await readFile(metadataFile, "utf8"));
  const [tag = ""] = work.tags;
  const local = `oci:${layout}`;
  if (work.verify !== undefined) {
    const proof: VerifyWork = { kind: "verify", images: [local], ...work.verify };
    const verified = await performVerify({ ...job, work: proof }, around, signal);
    if (verified.status !== "succeeded") return verified;
  }
  if (isPublished && !pushesAtOnce) {
    const copying = { source: "image", load: () => import("./image-command.ts"), args: ["copy", local, ...work.tags] };
    const copied = await runHere(job, copying, around, signal);
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
export async function performVerify(
  job: JobSpec & { readonly work: VerifyWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { images, platforms, require, severity, run } = job.work;
  const args = [
    ...words(await sourcesOf(images, around, signal)),
    ...each("--platform", platforms.map(formatPlatform)),
    ...each("--require", require.map(formatPlatform)),
    `--severity=${severity}`,
    ...(run === undefined ? [] : ["--run", ...(run.length === 0 ? [] : ["--", ...run])]),
  ];
  return runHere(job, { source: "verify", load: () => import("./verify-command.ts"), args }, around, signal);
}

/** `archway image create`, `copy` and `tag`; told only, without `--publish`. */
export async function performImage(
  job: JobSpec & { readonly work: ImageWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { action, from, to, platforms } = job.work;
  const sources = words(await sourcesOf(from, around, signal));
  const only = each("--platform", platforms.map(formatPlatform));
  const args = action === "create" ? [...sources, ...each("-t", to), ...only] : [...sources, ...words(to), ...only];
  return publishes(job, [action, ...args], `${action} ${sources.join(", ")} as ${to.join(", ")}`, around, signal);
}

/** `archway image promote`; told only, without `--publish`. A bare digest is an image of this run, else one of the first target's repository. */
export async function performPromote(
  job: JobSpec & { readonly work: PromoteWork },
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  const { from, to } = job.work;
  const [target = ""] = to;
  const [image = from] = await sourcesOf([from], around, signal);
  const source = image.startsWith("sha256:") ? `${withoutTag(target)}@${image}` : image;
  return publishes(
    job,
    ["promote", ...words([source, ...to])],
    `promote ${source} to ${to.join(", ")}`,
    around,
    signal,
  );
}

/** Images that a job reads: those of this run by their digest, others as they are for the whole run. */
function sourcesOf(images: readonly string[], around: CommandJobs, signal: AbortSignal): Promise<readonly string[]> {
  return Promise.all(images.map(async (image) => around.images.get(image) ?? around.pins.pinned(image, signal)));
}

/** Runs a command of `archway image` that publishes, and tells what came of it. */
async function publishes(
  job: JobSpec,
  [action, ...args]: readonly [ImageWork["action"] | "promote", ...string[]],
  what: string,
  around: CommandJobs,
  signal: AbortSignal,
): Promise<JobResult> {
  if (!around.publish) return { status: "skipped", reason: `it would ${what}, which needs --publish`, outputs: {} };
  let published: PublishedByJob | undefined;
  const tell = (output: string) => {
    published = readPublished(action, output);
    return formatPublished(published, action);
  };
  const load = () => import("./image-command.ts");
  const call = { source: "image", load, args: [action, ...args, "--format=json"], tell };
  const ended = await runHere(job, call, around, signal);
  if (ended.status === "succeeded" && published !== undefined) await emitPublished(job.id, published, around);
  return ended;
}

async function emitPublished(job: string, published: PublishedByJob, { emit }: CommandJobs): Promise<void> {
  const { digest, references, platforms } = published;
  const [first = ""] = references;
  const reference = isPlace(first) ? first : `${withoutTag(first)}@${digest}`;
  const isPublished = references.some((one) => !isPlace(one));
  await emit({ type: "image", job, reference, digest, published: isPublished, tags: references, platforms });
}

/** Arguments that are no options: a pipeline's words must not become options that it cannot give, as of a secret from any file. */
function words(values: readonly string[]): readonly string[] {
  const option = values.find((value) => value.startsWith("-"));
  if (option === undefined) return values;
  throw new ArchwayError({
    code: "OPTION_INVALID",
    kind: "input",
    message: `"${option}" is no name of a folder or an image.`,
    hint: "Such names do not begin with a dash.",
  });
}

function pairs(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}

function withoutTag(reference: string): string {
  const path = reference.split("@")[0] ?? "";
  const colon = path.lastIndexOf(":");
  return colon > path.lastIndexOf("/") ? path.slice(0, colon) : path;
}

import type { Platform } from "../platform/platform.ts";
import type { Template } from "../expression/template.ts";

/**
 * One job of a run as it is carried out: plain data, nothing left to expand, and the same for `archway run` and for a worker. While a pipeline is only planned its texts
 * are templates (`JobSpec<Template>`), because some names are known late (`jobs.image.digest`); `resolveJob` makes a `JobSpec` of it once the jobs that it needs have ended.
 */
export interface JobSpec<Text = string> {
  /** Unique in a run: `NAME`, `NAME@linux/arm64`, `NAME[go=1.26]@linux/arm64`; axes in the order of the file. */
  readonly id: string;
  /** Key of the job in the file. */
  readonly name: string;
  /** What its containers run as. Absent where that is free (a steps job without `platforms`) or makes no sense (build, verify, image, promote, approval). */
  readonly platform?: Platform;
  /** Values of the matrix axes, without the platform. */
  readonly matrix: Readonly<Record<string, string>>;
  /** Variables of its steps, services and handlers; each knows those before it. */
  readonly env: Readonly<Record<string, Text>>;
  readonly emulation: Emulation;
  /** Seconds that the job may run; waiting for a machine does not count. */
  readonly timeout?: number;
  readonly retry: RetrySpec;
  /** The run succeeds although this job fails. */
  readonly mayFail: boolean;
  readonly work: JobWork<Text>;
  /** Handlers that run when the job fails: its own, then the pipeline's. They never change the result. */
  readonly onFailure: readonly StepSpec<Text>[];
}

/** `never`: native or not at all; `fallback`: only when no native machine exists; `auto`: whatever is estimated to end first. */
export type Emulation = "never" | "fallback" | "auto";

export type JobWork<Text = string> =
  | StepsWork<Text>
  | BuildWork<Text>
  | VerifyWork<Text>
  | ImageWork<Text>
  | PromoteWork<Text>
  | ApprovalWork<Text>;

/** Steps in containers that share a workspace, a network and services. */
export interface StepsWork<Text = string> {
  readonly kind: "steps";
  /** Image of the steps that name none. */
  readonly image: Text;
  readonly secrets: readonly SecretUse[];
  /** Hosts of `registries` whose login the steps find in `DOCKER_CONFIG`. */
  readonly registries: readonly string[];
  readonly services: readonly ServiceSpec<Text>[];
  readonly caches: readonly CacheSpec<Text>[];
  readonly inputs: readonly InputSpec[];
  readonly artifacts: readonly ArtifactSpec<Text>[];
  readonly steps: readonly StepSpec<Text>[];
  readonly resources: Resources;
  /** User of the containers, `UID[:GID]` or a name of the image; absent: the image's. */
  readonly user?: string;
  /** Absolute path in the containers where the workspace is. */
  readonly workspace: string;
}

/** One process in one container: a script under `sh -e`, or the entrypoint of the image with arguments. */
export interface StepSpec<Text = string> {
  /** Unique among the job's steps; `step-1` when the file gives none. */
  readonly name: string;
  readonly image?: Text;
  readonly run:
    | { readonly kind: "script"; readonly script: Text }
    | { readonly kind: "arguments"; readonly entrypoint?: readonly Text[]; readonly args: readonly Text[] };
  /** Over the job's. */
  readonly env: Readonly<Record<string, Text>>;
  readonly secrets: readonly SecretUse[];
  /** Relative to the workspace, or absolute. */
  readonly directory?: Text;
  readonly user?: string;
  /** When the step runs: after success only, after a failure only, or in both cases (also after a cancel, within a limit). */
  readonly when: StepStatus;
  /** Decides when the step's turn comes; an empty text, `false` and `0` are no. */
  readonly condition?: Text;
  /** Seconds. */
  readonly timeout?: number;
  readonly retry: RetrySpec;
  /** The job goes on although the step fails. */
  readonly mayFail: boolean;
  /** Handlers of this step, before the job's. */
  readonly onFailure: readonly StepSpec<Text>[];
  readonly resources: Resources;
}

export type StepStatus = "success" | "failure" | "always";

/** A secret by name; never its value. As a variable, a file, or both. */
export interface SecretUse {
  readonly name: string;
  /** Variable that holds the value. */
  readonly env?: string;
  /** Absolute path of a file that holds the value, mode 0400. */
  readonly file?: string;
}

/** A container beside the steps that they reach under its name. */
export interface ServiceSpec<Text = string> {
  readonly name: string;
  readonly image: Text;
  readonly env: Readonly<Record<string, Text>>;
  readonly secrets: readonly SecretUse[];
  /** Replaces what the image starts: a script under `sh -e`, or arguments. Absent: the image's own. */
  readonly run?: StepSpec<Text>["run"];
  readonly user?: string;
  readonly resources: Resources;
  readonly ready?: Readiness<Text>;
}

/** When a service is ready: a command in it ends with 0, or a port of it takes connections. */
export type Readiness<Text = string> = {
  /** Seconds until the job gives up. */
  readonly timeout: number;
  /** Seconds between two tries. */
  readonly interval: number;
} & ({ readonly kind: "command"; readonly command: Text } | { readonly kind: "port"; readonly port: number });

export interface CacheSpec<Text = string> {
  /** Absolute path in the containers, or relative to the workspace. */
  readonly path: Text;
  /** The platform is part of it whatever is written. */
  readonly key: Text;
  /** Keys whose newest cache with that beginning is taken when `key` has none. */
  readonly restore: readonly Text[];
  /** Bytes above which the cache is not saved, and said so. */
  readonly maxSize: number;
  readonly save: "success" | "always";
}

export interface ArtifactSpec<Text = string> {
  readonly name: string;
  /** Globs relative to the workspace. */
  readonly paths: readonly Text[];
  /** Collected after a failure too. */
  readonly when: StepStatus;
  /** Seconds that it is kept. */
  readonly expires: number;
  /** No error when nothing fits. */
  readonly optional: boolean;
}

/** An artifact of another job that is put into the workspace before the first step. */
export interface InputSpec {
  /** Folder relative to the workspace. */
  readonly path: string;
  readonly artifact: string;
  /** No error when none of the jobs left it. */
  readonly optional?: boolean;
  /**
   * Ids of the jobs that made it. One: its content is in the folder itself; several: each in a folder of the platform's name there (`linux_arm64`, and
   * `linux_arm64/go=1.26` with a matrix), as BuildKit's local exporter names them.
   */
  readonly from: readonly { readonly job: string; readonly folder?: string }[];
}

export interface Resources {
  /** Processors; 0.5 is half of one. */
  readonly cpus?: number;
  /** Bytes. */
  readonly memory?: number;
  /** Processes and threads. */
  readonly pids?: number;
}

/** Kinds of failures; only `infrastructure` is retried when nothing is said. */
export type FailureKind = "user" | "infrastructure" | "cancelled" | "timeout" | "out-of-memory";

export interface RetrySpec {
  /** Runs in total; 1 is none again. */
  readonly attempts: number;
  readonly on: readonly Exclude<FailureKind, "cancelled">[];
  /** Seconds before the second attempt; doubled each time. */
  readonly delay: number;
}

/** `archway build`. Keys and meaning are those of `build:` at the top of the file, which gives the defaults. */
export interface BuildWork<Text = string> {
  readonly kind: "build";
  /** Platforms that are built; the pipeline's unless the job says otherwise. */
  readonly platforms: readonly Platform[];
  readonly context?: Text;
  readonly file?: Text;
  readonly tags: readonly Text[];
  readonly args: Readonly<Record<string, Text>>;
  readonly target?: Text;
  readonly labels: Readonly<Record<string, Text>>;
  readonly annotations: readonly Text[];
  readonly cacheFrom: readonly Text[];
  readonly cacheTo: readonly Text[];
  readonly provenance?: Text;
  readonly sbom?: Text;
  readonly secrets: readonly { readonly id: string; readonly secret: string }[];
  /** Named contexts. */
  readonly contexts?: Readonly<Record<string, Text>>;
  readonly noCache?: boolean;
  readonly pull?: boolean;
  readonly nativeOnly: boolean;
  readonly allowMissing: readonly Platform[];
  /** Publishes under the tags. Without it the image stays in the run (`jobs.NAME.reference` names it all the same). */
  readonly push: boolean;
  /** How the image is verified before it is published, beyond the proof that every build has. */
  readonly verify?: Omit<VerifyWork<Text>, "kind" | "images">;
}

/** `archway verify`. */
export interface VerifyWork<Text = string> {
  readonly kind: "verify";
  readonly images: readonly Text[];
  readonly platforms: readonly Platform[];
  readonly require: readonly Platform[];
  readonly severity: "error" | "warning" | "note";
  /** Command that is started in each platform; empty: what the image starts itself; absent: nothing is started. */
  readonly run?: readonly Text[];
}

/** `archway image create`, `copy`, `tag`. */
export interface ImageWork<Text = string> {
  readonly kind: "image";
  readonly action: "create" | "copy" | "tag";
  readonly from: readonly Text[];
  readonly to: readonly Text[];
  readonly platforms: readonly Platform[];
}

/** `archway image promote`. */
export interface PromoteWork<Text = string> {
  readonly kind: "promote";
  /** A reference, or the bare digest of an image of this run. */
  readonly from: Text;
  readonly to: readonly Text[];
}

/** Waits for a person. */
export interface ApprovalWork<Text = string> {
  readonly kind: "approval";
  readonly message?: Text;
  /** Seconds until it counts as refused; absent: for ever. */
  readonly wait?: number;
}

/** A job before the run: texts are templates, and it knows what it waits for. */
export interface PlannedJob extends JobSpec<Template> {
  /** Ids of the jobs that must end before it starts. */
  readonly needs: readonly string[];
  /** All axes of its matrix: a combination without one has an empty text there. */
  readonly axes: readonly string[];
  /** Names of all jobs that end before it, also those that its needs need: what `jobs.NAME` may name. */
  readonly allNeeds: readonly string[];
  /** What the needed jobs must have come to. */
  readonly when: StepStatus;
  /** Decides when all needed jobs have ended. */
  readonly condition?: Template;
  /** Why it does not run whatever happens: `when.branch is "main", this is "dev"`. */
  readonly skip?: string;
  readonly concurrency?: { readonly group: Template; readonly cancel: boolean };
}

/** The jobs of a run, each after those that it needs. */
export interface JobGraph {
  /** Variables of the pipeline, under those of each job; each knows those before it. */
  readonly env: Readonly<Record<string, Template>>;
  /** Runs of one group follow each other. Its name is made of what is known of the run alone. */
  readonly concurrency?: { readonly group: Template; readonly cancel: boolean };
  readonly jobs: readonly PlannedJob[];
}

/** What a job leaves for those that need it (`jobs.NAME.…`). */
export interface JobOutputs {
  readonly status: "succeeded" | "failed" | "cancelled" | "skipped";
  /** Of a build: what runs it, by digest: `registry.example/app@sha256:…`, or `oci:FOLDER@sha256:…` when it was not published. */
  readonly reference?: string;
  /** Of a build: `sha256:…` of the index. */
  readonly digest?: string;
}

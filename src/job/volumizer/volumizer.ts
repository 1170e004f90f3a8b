import type { ArtifactSpec, CacheSpec, InputSpec } from "../../pipeline/job-spec.ts";
import type { Platform } from "../../platform/platform.ts";

/**
 * Where the files of jobs live: the checkout of the run, each job's own clone of it, caches, artifacts. Folders on this machine; what engines on other machines need is carried there by
 * the job (`job/carry-volumes.ts`). Everything lies below one state folder, so that what a killed process left (mounts first) is found and removed by the next start.
 */
export interface Volumizer {
  /** `overlay`, `reflink` or `copy`: what the probe chose for the clones. */
  readonly driver: string;
  /** Gives a job its own copy of the checkout, copy-on-write where the driver can. */
  cloneWorkspace(checkout: Checkout, job: string, signal: AbortSignal): Promise<Volume>;
  /** A private copy of the best fitting cache, or an empty folder. */
  openCache(cache: CacheRequest, signal: AbortSignal): Promise<OpenCache>;
  /** Takes the files of an artifact out of a workspace. Throws `ARTIFACT_EMPTY` (kind `failed`) when nothing fits and it is not optional. */
  saveArtifact(
    request: ArtifactRequest,
    signal: AbortSignal,
  ): Promise<{ readonly files: number; readonly bytes: number }>;
  /** Puts artifacts of other jobs into a workspace. */
  placeInput(request: InputRequest, signal: AbortSignal): Promise<{ readonly files: number; readonly bytes: number }>;
  /** An empty folder of a job (secret files, scripts, a Docker configuration); mode 0700, removed with the job. */
  scratch(job: string): Promise<Volume>;
  /** Removes what is older or larger than it may be: caches, artifacts, kept workspaces. */
  collectGarbage(
    limits: GarbageLimits,
    signal: AbortSignal,
  ): Promise<{ readonly removed: number; readonly bytes: number }>;
}

/** The files that all jobs of a run start with; never written to after it is made. */
export interface Checkout {
  readonly folder: string;
  readonly files: number;
  /** Full commit id, when it is one. */
  readonly commit?: string;
  remove(): Promise<void>;
}

export interface Volume {
  readonly folder: string;
  readonly files: number;
  remove(): Promise<void>;
}

export interface CacheRequest {
  readonly spec: CacheSpec;
  readonly platform: Platform;
  readonly job: string;
}

export interface OpenCache {
  readonly volume: Volume;
  readonly result: "hit" | "restored" | "miss";
  /** Full key that it came from. */
  readonly from?: string;
  /** Makes it the newest cache of its key, atomically; the size bound may refuse. */
  save(signal: AbortSignal): Promise<{ readonly saved: boolean; readonly bytes: number; readonly reason?: string }>;
}

export interface ArtifactRequest {
  readonly run: string;
  readonly job: string;
  readonly workspace: string;
  readonly spec: ArtifactSpec;
}

export interface InputRequest {
  readonly run: string;
  readonly workspace: string;
  readonly spec: InputSpec;
}

export interface GarbageLimits {
  /** Bytes of all caches together. */
  readonly cacheBytes: number;
  /** Seconds since a cache was used. */
  readonly cacheAge: number;
  readonly now: number;
}

import type { ArtifactSpec, CacheSpec, InputSpec } from "../../pipeline/job-spec.ts";
import type { Platform } from "../../platform/platform.ts";
import type { MountSource } from "../containerizer/containerizer.ts";
import type { Moved } from "./artifacts.ts";
import type { OpenCache } from "./caches.ts";

/**
 * The files of one attempt of a job, on the machine whose engine runs it: the workspace, and beside it what its containers get as mounts. Nothing outside of an
 * implementation knows where they are; a mount source is all that leaves it.
 */
export interface JobFolder {
  /** The job's own copy of the checkout. */
  readonly workspace: MountSource;
  /** A folder on the disk of this machine that all of it takes room of; absent when it is elsewhere. */
  readonly disk?: string;
  /** How it was made (`copy`, …), and of how many files. */
  readonly made: { readonly driver: string; readonly files: number };
  /**
   * A file outside of the workspace, for scripts and secrets. The name says what it is for; two files of one name are two files. `mode` holds whatever the umask is.
   */
  addFile(name: string, content: string, options: { readonly mode: number }): Promise<MountSource>;
  /** A folder outside of the workspace with files that everybody may read, such as a Docker configuration. */
  addFolder(name: string, files: Readonly<Record<string, string>>): Promise<MountSource>;
  /** Puts artifacts of other jobs into the workspace. Throws what {@link Artifacts.place} throws. */
  placeInput(input: InputSpec, signal: AbortSignal): Promise<Moved>;
  /** A cache for the job: in the workspace when its path is relative (then there is no mount source), else in a folder of its own. Throws `PATH_ESCAPES` (kind `failed`). */
  openCache(
    spec: CacheSpec,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<{ readonly cache: OpenCache; readonly source?: MountSource }>;
  /** Lets every user of a container change what is there so far. False where only root of a container can do that. */
  share(signal: AbortSignal): Promise<boolean>;
  /** Takes an artifact out of the workspace. Throws what {@link Artifacts.save} throws. */
  saveArtifact(job: string, spec: ArtifactSpec, signal: AbortSignal): Promise<Moved>;
  /** What of it holds files that this process may not be able to read or remove; absent where that cannot be. */
  foreign?(): Promise<readonly MountSource[]>;
  /** Removes all of it. */
  remove(): Promise<void>;
}

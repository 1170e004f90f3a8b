import { ArchwayError } from "../../src/error/error.ts";
import type { Clock } from "../../src/job/clock.ts";
import type { JobFolder } from "../../src/job/volumizer/job-folder.ts";

/** How files of jobs behave. */
export interface FolderScript {
  /** Milliseconds that it takes to keep an artifact or a cache. */
  readonly saving?: number;
  /** Artifacts that cannot be kept. */
  readonly lostArtifacts?: readonly string[];
  /** Only containers get to the files. */
  readonly isRemote?: boolean;
}

/** Files of jobs that are nowhere, and know whether they were removed. */
export class ScriptedFolders {
  /** Folders that were opened and not removed. */
  readonly open = new Set<JobFolder>();
  /** What was done with artifacts and caches. */
  readonly done: string[] = [];
  readonly #clock: Clock;
  readonly #script: FolderScript;

  constructor(clock: Clock, script: FolderScript) {
    this.#clock = clock;
    this.#script = script;
  }

  async openFolder(): Promise<JobFolder> {
    let count = 0;
    const { done, open } = this;
    const { saving = 0, lostArtifacts = [], isRemote = false } = this.#script;
    const save = async (what: string, signal?: AbortSignal) => {
      await this.#clock.sleep(saving, signal);
      done.push(what);
    };
    const folder: JobFolder = {
      workspace: "/workspace",
      made: { driver: "none", files: 0 },
      addFile: async (name) => `/files/${++count}-${name}`,
      addFolder: async (name) => `/files/${++count}-${name}`,
      placeInput: async ({ artifact }) => {
        done.push(`placed ${artifact}`);
        return { files: 0, bytes: 0 };
      },
      openCache: async ({ key }) => ({
        cache: {
          result: "miss",
          release: async () => undefined,
          save: async (signal) => {
            await save(`saved ${key}`, signal);
            return { saved: true, bytes: 0 };
          },
        },
        source: "/cache",
      }),
      saveArtifact: async (_, { name }, signal) => {
        if (lostArtifacts.includes(name))
          throw new ArchwayError({ code: "LOST", kind: "failed", message: `no ${name}` });
        await save(`kept ${name}`, signal);
        return { files: 0, bytes: 0 };
      },
      share: async () => {
        if (!isRemote) done.push("shared");
        return !isRemote;
      },
      remove: async () => {
        open.delete(folder);
      },
    };
    open.add(folder);
    return folder;
  }
}

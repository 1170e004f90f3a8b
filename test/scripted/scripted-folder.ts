import { ArchwayError } from "../../src/error/error.ts";
import type { JobFolder } from "../../src/job/volumizer/job-folder.ts";

/** How files of jobs behave. */
export interface FolderScript {
  readonly lostArtifacts?: readonly string[];
  readonly isRemote?: boolean;
}

/** Files of jobs that are nowhere, and know whether they were removed. */
export class ScriptedFolders {
  /** Folders that were opened and not removed. */
  readonly open = new Set<JobFolder>();
  /** What was done with artifacts and caches. */
  readonly done: string[] = [];
  readonly #lost: readonly string[];
  readonly #isRemote: boolean;

  /**
   * @param how.lostArtifacts artifacts that cannot be kept
   * @param how.isRemote only containers get to the files
   */
  constructor({ lostArtifacts = [], isRemote = false }: FolderScript) {
    this.#lost = lostArtifacts;
    this.#isRemote = isRemote;
  }

  async openFolder(): Promise<JobFolder> {
    let count = 0;
    const { done, open } = this;
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
          save: async () => {
            done.push(`saved ${key}`);
            return { saved: true, bytes: 0 };
          },
        },
        source: "/cache",
      }),
      saveArtifact: async (_, { name }) => {
        if (this.#lost.includes(name)) throw new ArchwayError({ code: "LOST", kind: "failed", message: `no ${name}` });
        done.push(`kept ${name}`);
        return { files: 0, bytes: 0 };
      },
      share: async () => {
        if (!this.#isRemote) done.push("shared");
        return !this.#isRemote;
      },
      remove: async () => {
        open.delete(folder);
      },
    };
    open.add(folder);
    return folder;
  }
}

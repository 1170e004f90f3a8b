import { posix } from "node:path";
import type { Repository } from "../../repository/repository.ts";

/** Where a release tool puts the programs of all platforms. */
export interface OutputFolder {
  /** `promu`, `GoReleaser`. */
  readonly tool: string;
  /** Its settings in the repository. */
  readonly file: string;
  /** Relative to the repository. */
  readonly folder: string;
  /** Names of the programs that it makes. */
  readonly programs: readonly string[];
}

/**
 * The folders of release tools that are set up to build for several platforms: promu's `.build/linux-ARCH/PROGRAM`
 * (https://github.com/prometheus/promu, "crossbuild").
 */
export function outputFolders(repository: Repository): OutputFolder[] {
  return [".promu.yml", ".promu.yaml"].flatMap((file) => {
    const text = repository.text(file);
    if (text === undefined || !/^crossbuild:/m.test(text)) return [];
    const named = [...text.matchAll(/^\s*-\s*name:\s*["']?([\w.-]+)/gm)].map(([, name = ""]) => name);
    const path = /^\s*path:\s*["']?\S*?([\w.-]+)["']?\s*$/m.exec(text)?.[1];
    const programs = named.length > 0 ? named : path === undefined ? [] : [posix.basename(path)];
    return programs.length === 0 ? [] : [{ tool: "promu", file, folder: ".build", programs }];
  });
}

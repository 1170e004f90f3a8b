import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { cpuSecret, withCpuModel } from "./cpu-model.ts";
import type { EmulatedCpu, EngineRequest, Secret } from "./engine.ts";
import { sourcePolicy } from "./source-policy.ts";

/** What Archway itself adds to one build of BuildKit, beside the request. */
export interface BuildFiles {
  /** Where the engine writes its metadata. */
  readonly metadata: string;
  readonly sourcePolicy?: string;
  /** A changed Dockerfile to use instead of the request's. */
  readonly dockerfile?: string;
  /** Secrets that the changed Dockerfile uses, and the variables that hold them. */
  readonly secrets: readonly Secret[];
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the files of one build into its scratch folder. */
export async function writeBuildFiles(
  directory: string,
  request: EngineRequest,
  emulatedCpu: EmulatedCpu | undefined,
): Promise<BuildFiles> {
  const policy = sourcePolicy(request.bases);
  const policyFile = join(directory, "source-policy.json");
  if (policy !== undefined) await writeFile(policyFile, policy);
  const files = {
    metadata: join(directory, "metadata.json"),
    ...(policy === undefined ? {} : { sourcePolicy: policyFile }),
  };
  if (emulatedCpu === undefined) return { ...files, secrets: [], env: {} };
  return {
    ...files,
    dockerfile: await writeDockerfile(join(directory, "dockerfile"), request, emulatedCpu),
    secrets: [cpuSecret],
    env: { [cpuSecret.env]: emulatedCpu.model },
  };
}

/** The changed Dockerfile under its own name, with the ignore file that belongs to it alone. */
async function writeDockerfile(
  directory: string,
  { context, dockerfile, source }: EngineRequest,
  cpu: EmulatedCpu,
): Promise<string> {
  await mkdir(directory);
  const path = join(directory, basename(dockerfile));
  await writeFile(path, withCpuModel(source.text, cpu));
  if (context.kind === "directory") {
    await copyFile(`${dockerfile}.dockerignore`, `${path}.dockerignore`).catch((error: NodeJS.ErrnoException) => {
      // Most have none.
      if (error.code !== "ENOENT") throw error;
    });
  }
  return path;
}

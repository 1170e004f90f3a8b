import { ArchwayError } from "../error/error.ts";
import { DockerEngine, type ImageSources } from "../job/containerizer/docker-engine.ts";
import { readEndpoint } from "../job/containerizer/engine-endpoint.ts";
import { EngineHttp } from "../job/containerizer/engine-http.ts";
import { removeLeftovers } from "../job/containerizer/remove-leftovers.ts";
import type { KeptJob } from "../job/keep/kept-job.ts";
import type { CliContext } from "./context.ts";

/** Milliseconds that one engine may take to let go. */
const patience = 20_000;

/**
 * Removes what was kept in engines that this run does not use: nobody may ever come to them again. One that does not answer is told of.
 *
 * @param forgotten jobs whose place is kept no more
 * @param about.used endpoints of the engines that are cleaned anyway
 */
export async function removeForgotten(
  { env, signal, stderr }: CliContext,
  forgotten: readonly KeptJob[],
  about: {
    readonly used: readonly string[];
    readonly images: ImageSources;
    readonly isInUse: (owner: string) => Promise<boolean | undefined>;
  },
): Promise<void> {
  const others = forgotten.map(({ engine }) => engine).filter((endpoint) => !about.used.includes(endpoint));
  for (const endpoint of new Set(others)) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
    try {
      const engine = await DockerEngine.open(
        await EngineHttp.open(readEndpoint(endpoint, env), env),
        about.images,
        within,
      );
      try {
        await removeLeftovers(engine, about.isInUse, within);
      } finally {
        await engine.close(within);
      }
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof ArchwayError ? error.message : "It gave no answer in time.";
      stderr.write(
        `warning: what an earlier run kept at ${endpoint} stays until a run uses that engine again. ${why}\n`,
      );
    }
  }
}

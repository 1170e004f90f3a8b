import { ArchwayError } from "../../error/error.ts";
import type { EngineFacts, Labels } from "./containerizer.ts";
import { EngineRefusal } from "./engine-http.ts";
import { writeLabels } from "./labels.ts";

/**
 * A range of 64 addresses, wherever in the engine's own pools one is free: of 16 bits, as Docker cuts them, there are about thirty. Docker takes that since 29.0 (moby/moby#50114); before, it would
 * have been a range of addresses by itself.
 */
const small = { Config: [{ Subnet: "0.0.0.0/26" }] };

/** What engines say when all ranges of addresses are taken: Docker since 27, before, and before 1.13; Podman. */
const full =
  /address pools have been fully subnetted|could not find an available(, non-overlapping IPv4 address pool| predefined network)|could not find free subnet from subnet pools/i;

/**
 * Makes a network of its own for a job, small where the engine can.
 *
 * @param create asks the engine with a body of `POST /networks/create`
 * @throws ArchwayError `NETWORKS_FULL` (kind `unreachable`) when the engine has no addresses left; {@link EngineRefusal} for all else
 */
export async function createNetwork(
  create: (body: object) => Promise<string>,
  { name, labels, engine, facts }: { name: string; labels: Labels; engine: string; facts: EngineFacts },
): Promise<string> {
  const body = { Name: name, Driver: "bridge", Labels: writeLabels(labels) };
  if (facts.cutsNetworks) {
    try {
      return await create({ ...body, IPAM: small });
    } catch (error) {
      // Its pools may be of ranges that are smaller still.
      if (!(error instanceof EngineRefusal)) throw error;
    }
  }
  try {
    return await create(body);
  } catch (error) {
    if (!(error instanceof EngineRefusal && full.test(error.message))) throw error;
    const [prune, pools] =
      facts.kind === "podman"
        ? ["podman network prune", "default_subnet_pools in containers.conf"]
        : ["docker network prune", "default-address-pools in daemon.json"];
    throw new ArchwayError({
      code: "NETWORKS_FULL",
      kind: "unreachable",
      message: `${engine} has no addresses for another network: ${error.message}.`,
      hint: `${prune} removes networks that nobody uses, ${pools} gives it more addresses, and --jobs lets fewer jobs run at a time.`,
      cause: error,
    });
  }
}

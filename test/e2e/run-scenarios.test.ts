/** Runs every folder `test/scenarios/run-NAME` on the real Docker and the real Podman. */
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway } from "./archway.ts";
import { playScenario, readScenarios } from "./run-scenario.ts";

const needs = ["registry", "registry-basic", "buildkit", "docker", "podman", "qemu", "bases"] as const;

describe("scenarios of archway run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  before(async () => {
    bed = await startBed({ need: needs });
    await bed.base("busybox");
  });
  after(() => bed.stop());

  /** The registry that wants a login, with one image in it. */
  const privateRegistry = async (): Promise<string> => {
    const registry = await bed.registry("basic");
    const env = { ...bed.env, DOCKER_CONFIG: await registry.login("writer") };
    const { reference } = await bed.base("busybox");
    const copied = await archway(["image", "copy", reference, `${registry.host}/team/tools:1`], { cwd: bed.dir, env });
    if (copied.code !== 0) throw new Error(copied.stderr);
    return registry.host;
  };

  for (const engine of ["docker", "podman"] as const) {
    describe(engine, () => {
      for (const scenario of readScenarios()) {
        const { folder, engines, runs, needs: parts } = scenario;
        if (!engines.includes(engine)) continue;
        test(`${folder}: ${runs.map(({ name }) => name).join("; ")}`, async () => {
          const { endpoint, env } = await bed[engine]();
          const { host } = await bed.registry();
          const words = {
            MIRROR: host,
            ENGINE: engine,
            ...(parts.includes("private") ? { PRIVATE: await privateRegistry() } : {}),
          };
          const node = parts.includes("buildkit") ? { BUILDKIT_HOST: (await bed.buildkit()).endpoint } : {};
          await playScenario(scenario, { env: { ...env, ...node }, endpoint, words });
        });
      }
    });
  }
});

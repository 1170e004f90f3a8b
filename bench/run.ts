import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBed } from "../test/bed/bed.ts";
import type { Figure } from "./measure.ts";
import { measureDelay } from "./run-delay.ts";
import { measureOwnPath } from "./run-own-path.ts";
import { measureOutput } from "./run-output.ts";
import { openRunPlace } from "./run-place.ts";
import { measureManyJobs, measureTrivialJob } from "./run-start.ts";
import { measureWorkspace } from "./run-workspace.ts";

const parts = [measureTrivialJob, measureManyJobs, measureWorkspace, measureOutput, measureOwnPath, measureDelay];

/** `archway run` on a real Docker Engine, against `docker run` of the same on the same engine. */
export async function measureRuns(): Promise<Figure[]> {
  await using bed = await startBed({ need: ["registry", "docker", "bases"] });
  const folder = await mkdtemp(join(tmpdir(), "archway-run-"));
  try {
    const place = await openRunPlace(bed, folder);
    const figures: Figure[] = [];
    for (const part of parts) {
      console.error(`  ${part.name} …`);
      figures.push(...(await part(place)));
    }
    return figures;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

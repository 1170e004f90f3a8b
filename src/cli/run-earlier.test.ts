import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import { withoutNeeds } from "../pipeline/left-out.ts";
import { limitResults } from "../job/volumizer/run-results.ts";
import { findEarlier, summaryFile } from "./run-earlier.ts";
import type { RunSummary } from "./run-summary.ts";

const pipeline = "/x/.archway.yaml";
const config = parseConfig(
  `version: 1
jobs:
  make: { image: a, steps: [b], artifacts: { out: out } }
  image: { build: { tags: [r.example/a:1] } }
  take: { needs: [make, image], image: "\${{ jobs.image.reference }}", inputs: { in: make.out }, steps: [b] }
`,
  pipeline,
);
const facts: RunFacts = {
  run: "r",
  number: 1,
  event: "push",
  branch: "",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
};
const take = withoutNeeds(expandPipeline(config, facts).jobs, ["take"]);

/** Writes what a run leaves: the state of `make`, and a digest of `image`. */
async function leave(state: string, run: string, made: "succeeded" | "failed", file = pipeline): Promise<void> {
  const folder = join(state, "runs", run);
  await mkdir(join(folder, "artifacts", "make", "out"), { recursive: true });
  await writeFile(join(folder, "artifacts", "make", "out", "file"), run);
  const job = (name: string, ended: string) => ({ job: name, state: ended, seconds: 1, waited: 0, cacheHits: 0 });
  const summary: RunSummary = {
    version: 1,
    run,
    state: "failed",
    seconds: { total: 1, waited: 0, native: 0, emulated: 0 },
    cacheHits: 0,
    pipeline: file,
    events: "",
    images: [{ job: "image", reference: `oci:/${run}`, digest: `sha256:${"b".repeat(64)}`, published: false }],
    kept: [],
    jobs: [job("make", made), job("image", "succeeded")],
  };
  await writeFile(join(folder, summaryFile), JSON.stringify(summary));
}

test("artifacts and images come from the newest run of the pipeline in which their job succeeded", async () => {
  const state = await mkdtemp(join(tmpdir(), "archway-earlier-"));
  try {
    await assert.rejects(findEarlier(state, { pipeline, command: "archway run" }, take), {
      code: "EARLIER_MISSING",
      message: '"take" needs the artifact "out" of "make", and no earlier run of this pipeline that is kept has it.',
      hint: "Run it once with what it needs: archway run take",
    });
    await leave(state, "20260101-1", "succeeded");
    await leave(state, "20260102-1", "succeeded");
    await leave(state, "20260103-1", "failed");
    await leave(state, "20260104-1", "succeeded", "/y/.archway.yaml");
    await mkdir(join(state, "runs", "20260105-1"));
    const { outputs, notes, placeArtifacts } = await findEarlier(state, { pipeline, command: "archway run" }, take);
    assert.equal(outputs.get("image")?.reference, "oci:/20260103-1");
    assert.deepEqual(notes, [
      'The artifact "out" of "make" is that of run 20260102-1.',
      'The image of "image" is that of run 20260103-1.',
    ]);
    await placeArtifacts("20260106-1");
    const placed = join(state, "runs", "20260106-1", "artifacts", "make", "out", "file");
    assert.equal(await readFile(placed, "utf8"), "20260102-1");
    // What made room has nothing to give.
    await limitResults(join(state, "runs"), { bytes: 0, isInUse: async () => false });
    await assert.rejects(findEarlier(state, { pipeline, command: "archway run" }, take), { code: "EARLIER_MISSING" });
  } finally {
    await rm(state, { recursive: true });
  }
});

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { loadConfig } from "../config/config.ts";
import { ArchwayError } from "../error/error.ts";
import { expandPipeline } from "../pipeline/expand-pipeline.ts";
import type { RunFacts } from "../pipeline/facts.ts";
import { requireSecrets } from "./run-secrets.ts";

const facts: RunFacts = {
  run: "r",
  number: 1,
  event: "push",
  branch: "main",
  tag: "v1",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
};

const pipeline = `version: 1
registries:
  r.example: { username: u, password: { secret: PASSWORD } }
  other.example: { username: u, password: { secret: OTHER } }
jobs:
  test: { image: alpine, steps: [x], secrets: [TOKEN] }
  again: { image: alpine, steps: [{ run: x, secrets: [TOKEN] }] }
  image: { build: { tags: ["r.example/app:\${{ git.tag }}"], push: true } }
  kept: { build: { tags: ["other.example/app:1"] } }
`;

test("missing secrets are told together, with the jobs that need them and the place of the first", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "archway-secrets-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, ".archway.yaml");
  await writeFile(file, pipeline);
  const config = { ...(await loadConfig({ directory: folder, file })), file };
  const plan = { config, facts, graph: expandPipeline(config, facts) };
  const told = async (publish: boolean, values: Readonly<Record<string, string>>) => {
    try {
      await requireSecrets(plan, new Map(Object.entries(values)), { publish });
      return "nothing";
    } catch (error) {
      assert.ok(error instanceof ArchwayError && error.kind === "input");
      return `${error.place?.line} ${error.message}`;
    }
  };
  assert.equal(await told(false, {}), "6 The jobs need a secret that is not given: TOKEN (test, again).");
  // The password of a registry that nothing is published to may be left out: what is read there may be public.
  assert.equal(
    await told(true, {}),
    "6 The jobs need secrets that are not given: TOKEN (test, again), PASSWORD (image).",
  );
  assert.equal(await told(true, { TOKEN: "t" }), "8 The jobs need a secret that is not given: PASSWORD (image).");
  assert.equal(await told(false, { TOKEN: "t" }), "nothing");
  assert.equal(await told(true, { TOKEN: "t", PASSWORD: "p" }), "nothing");
});

/**
 * `npm run schemas`: writes the JSON Schemas of the configuration and of every JSON output to `schemas/`. With `--check` it writes nothing, and
 * exits 1 when a file differs from what it would write.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { buildSchema, planSchema, progressEventSchema } from "../src/cli/schemas/build.ts";
import { checkSchema } from "../src/cli/schemas/check.ts";
import { explainSchema } from "../src/cli/schemas/explain.ts";
import { imageCopySchema, imageCreateSchema } from "../src/cli/schemas/image.ts";
import { findingSchema } from "../src/cli/schemas/parts.ts";
import { pipelineShowSchema } from "../src/cli/schemas/pipeline.ts";
import { platformsSchema } from "../src/cli/schemas/platforms.ts";
import { runSchema } from "../src/cli/schemas/run.ts";
import { verifySchema } from "../src/cli/schemas/verify.ts";
import { imageInspectSchema, imagePruneSchema } from "../src/cli/schemas/image-documents.ts";
import { factsFileSchema } from "../src/check/facts/facts-file.ts";
import { baselineSchema } from "../src/check/ignore/baseline-file.ts";
import { configSchema } from "../src/config/schema.ts";
import { runEventSchema } from "../src/event/event-schema.ts";

const schemas: Readonly<Record<string, z.ZodType>> = {
  "archway.schema.json": configSchema,
  "baseline.schema.json": baselineSchema,
  "build.schema.json": buildSchema,
  "check.schema.json": checkSchema,
  "explain.schema.json": explainSchema,
  "facts.schema.json": factsFileSchema,
  "finding.schema.json": findingSchema,
  "image-copy.schema.json": imageCopySchema,
  "image-create.schema.json": imageCreateSchema,
  "image-inspect.schema.json": imageInspectSchema,
  "image-prune.schema.json": imagePruneSchema,
  "pipeline-show.schema.json": pipelineShowSchema,
  "plan.schema.json": planSchema,
  "platforms.schema.json": platformsSchema,
  "progress-event.schema.json": progressEventSchema,
  "run.schema.json": runSchema,
  "run-event.schema.json": runEventSchema,
  "verify.schema.json": verifySchema,
};

const folder = resolve(import.meta.dirname, "..", "schemas");
const check = process.argv.includes("--check");
mkdirSync(folder, { recursive: true });
const committed = readdirSync(folder);

for (const [name, schema] of Object.entries(schemas)) {
  // `input` is what a person writes (defaults may be left out) and, for outputs, allows fields of later versions.
  const content = `${JSON.stringify(z.toJSONSchema(schema, { io: "input" }), null, 2)}\n`;
  if (!check) writeFileSync(join(folder, name), content);
  else if (!committed.includes(name) || readFileSync(join(folder, name), "utf8") !== content) {
    console.error(`schemas/${name} is not what the code says: run npm run schemas`);
    process.exitCode = 1;
  }
}

for (const name of committed.filter((name) => !Object.hasOwn(schemas, name))) {
  console.error(`schemas/${name} is made by nothing: remove it, or add it to scripts/schemas.ts`);
  process.exitCode = 1;
}

/** A row of the corpus: an image as it is made, and what the verifier has to say of it. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Finding, Verdict } from "../../src/finding/finding.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";
import { LayoutStore } from "../../src/store/layout.ts";
import { FactsCache } from "../../src/verify/layer/facts-cache.ts";
import type { ImageProof } from "../../src/verify/gate.ts";
import { verifyImage } from "../../src/verify/gate.ts";
import { putImage } from "../../src/verify/layer/test-image.ts";
import type { LayerSource, Workshop } from "./corpus-material.ts";

/** An image of the corpus. Everything that is not expected fails: errors, warnings and notes. */
export interface Row {
  readonly name: string;
  readonly platform: string;
  readonly layers: readonly LayerSource[];
  readonly entrypoint?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: readonly string[];
  readonly workingDirectory?: string;
  readonly healthcheck?: readonly string[];
  /** What the config says when it is not the platform. */
  readonly configPlatform?: string;
  /** `pass` when there is no error, else `fail`, unless it is said. */
  readonly verdict?: Verdict;
  /** `RULE PATH`, or `RULE PATH: PART OF THE MESSAGE`. */
  readonly errors?: readonly string[];
  readonly warnings?: readonly string[];
  readonly notes?: readonly string[];
  /** Code of the cause of the first finding. */
  readonly cause?: string;
}

/** Makes the image of a row, proves it, and compares all that is said with what is expected. */
export async function checkRow(workshop: Workshop, row: Row): Promise<void> {
  const proof = await proveRow(workshop, row);
  const seen = JSON.stringify(proof.findings, undefined, 1);
  assert.deepEqual(said(proof, "error", row.errors), row.errors ?? [], seen);
  assert.deepEqual(said(proof, "warning", row.warnings), row.warnings ?? [], seen);
  assert.deepEqual(said(proof, "note", row.notes), row.notes ?? [], seen);
  assert.equal(proof.verdict, row.verdict ?? ((row.errors ?? []).length > 0 ? "fail" : "pass"), seen);
  if (row.cause !== undefined) assert.equal(proof.findings[0]?.cause?.code, row.cause, seen);
}

async function proveRow(workshop: Workshop, row: Row): Promise<ImageProof> {
  const layout = join(workshop.dir, "layout");
  await mkdir(layout, { recursive: true });
  const store = new LayoutStore(layout);
  const layers = (await Promise.all(row.layers.map((source) => source(workshop)))).flat();
  const platform = parsePlatform(row.platform);
  const { configPlatform, entrypoint, command, environment, workingDirectory, healthcheck } = row;
  const descriptor = await putImage(store, {
    platform,
    layers,
    environment: environment ?? [],
    ...(entrypoint === undefined ? {} : { entrypoint }),
    ...(command === undefined ? {} : { command }),
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(healthcheck === undefined ? {} : { healthcheck }),
    ...(configPlatform === undefined ? {} : { configPlatform: parsePlatform(configPlatform) }),
  });
  const facts = new FactsCache(join(workshop.dir, "facts"));
  const proof = await verifyImage(store, descriptor, platform, { facts, allow: [] });
  assert.equal(formatPlatform(proof.platform), row.platform);
  return proof;
}

/** The findings of a severity in the words of the expectation that stands in their place: with as much of the message as it names. */
function said(proof: ImageProof, severity: Finding["severity"], expected: readonly string[] = []): string[] {
  return proof.findings
    .filter((finding) => finding.severity === severity)
    .map(({ rule, path, message }, at) => {
      const head = `${rule} ${path}`;
      const part = expected[at]?.startsWith(`${head}: `) === true ? expected[at].slice(head.length + 2) : undefined;
      return part !== undefined && message.includes(part) ? `${head}: ${part}` : head;
    });
}

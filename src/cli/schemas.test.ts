import assert from "node:assert/strict";
import { test } from "node:test";
import type { z } from "zod";
import type { BuildReport } from "../build/report.ts";
import type { Finding } from "../finding/finding.ts";
import type { Digest } from "../oci/descriptor.ts";
import { toFindingJson } from "../report/findings.ts";
import { platformsJson } from "../report/platforms.ts";
import type { ProgressEvent } from "../report/progress-event.ts";
import { startProgress } from "../report/progress.ts";
import { buildJson, metadataJson } from "./build-result.ts";
import { publishedJson } from "./image-copy-result.ts";
import { createdJson } from "./image-create-result.ts";
import { buildSchema, progressEventSchema } from "./schemas/build.ts";
import { imageCopySchema, imageCreateSchema } from "./schemas/image.ts";
import { findingSchema } from "./schemas/parts.ts";
import { platformsSchema } from "./schemas/platforms.ts";

const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };
const digest: Digest = `sha256:${"0".repeat(64)}`;
const mediaType = "application/vnd.oci.image.index.v1+json";

const finding: Finding = {
  rule: "wrong-architecture",
  severity: "error",
  message: "It is amd64 code.",
  platforms: [arm64],
  path: "/bin/app",
  line: 1,
  endLine: 2,
  column: 3,
  layer: { index: 0, digest, size: 1, createdBy: "COPY app /bin/app" },
  cause: { code: "S01", text: "The final stage is pinned." },
  related: [{ path: "Dockerfile", line: 7, message: "here" }],
  fix: { title: "Remove it.", edits: [{ path: "Dockerfile", startLine: 1, endLine: 1, text: "FROM a" }] },
};

const report: BuildReport = {
  version: 1,
  index: { digest, mediaType, size: 1, references: ["r.test/a:1"], pushed: true },
  platforms: [
    {
      platform: arm64,
      digest,
      strategy: "cross",
      reason: "tools are native",
      node: "unix:///run/buildkit/buildkitd.sock",
      engine: "buildkit v0.31.2",
      seconds: { total: 2, native: 0, cross: 1.5, emulated: 0 },
      cachedSteps: 3,
      slowestStep: { name: "[build 3/5] RUN make", seconds: 1.5 },
      verdict: "pass",
      findings: [finding],
      resumed: false,
    },
  ],
  missing: [{ platform: armv7, reason: "no base image" }],
};

/** What a program reads of an output must be what the schema says, and the schema must name every field. */
function assertPublished(schema: z.ZodType, output: unknown): void {
  const read: unknown = JSON.parse(JSON.stringify(output));
  assert.deepEqual(schema.parse(read), read);
}

test("a finding", () => {
  assertPublished(findingSchema, toFindingJson(finding));
});

test("a build: the printed result, and the same under its key of the metadata file", () => {
  assertPublished(buildSchema, buildJson(report));
  const { archway, ...buildx } = metadataJson(report) as { archway: unknown };
  assertPublished(buildSchema, archway);
  assert.deepEqual(buildx, {
    "containerimage.digest": digest,
    "containerimage.descriptor": { mediaType, digest, size: 1 },
    "image.name": "r.test/a:1",
  });
});

test("a build of files has no index", () => {
  const { index: _, ...files } = report;
  assertPublished(buildSchema, buildJson(files));
});

test("a build that is loaded names its platform and the store", () => {
  const index = { digest, mediaType, size: 1, references: ["docker:r.test/a:1"], pushed: false };
  assertPublished(buildSchema, buildJson({ ...report, index: { ...index, loaded: { platform: arm64 } } }));
  const json = buildJson({ ...report, index: { ...index, loaded: { platform: arm64, store: "docker" } } });
  assertPublished(buildSchema, json);
});

test("a build that failed names its error, what was not built, and the logs; nothing says that it was published", () => {
  const { index: _, ...rest } = report;
  const failed: BuildReport = {
    ...rest,
    failure: { code: "GATE_REFUSED", message: "No.", unbuilt: [{ platform: armv7, reason: "exit code 1" }] },
    logs: "/var/logs/build",
  };
  assertPublished(buildSchema, buildJson(failed));
  assert.deepEqual(Object.keys(metadataJson(failed)), ["archway"]);
});

test("a join", () => {
  assertPublished(
    imageCreateSchema,
    createdJson({ index: { mediaType, digest, size: 1 }, references: ["r.test/a:1"], pushed: true }, []),
  );
});

test("what was copied, tagged or promoted", () => {
  const descriptor = { mediaType, digest, size: 1, artifactType: "application/vnd.example.sbom" };
  const published = {
    root: { mediaType, digest, size: 1 },
    references: ["r.test/a:1", "oci:dir:1"],
    children: [],
    tags: [
      { reference: "r.test/a:1", before: digest },
      { reference: "oci:dir:1", before: null },
    ],
    attached: [{ descriptor, subject: digest, tag: "sha256-0.sig", nodes: [] }],
    arrivals: [{ target: "r.test/a", blobs: { present: 1, mounted: 2, sent: 3 }, bytesSent: 4 }],
  };
  assertPublished(imageCopySchema, publishedJson(published));
});

test("platforms", () => {
  assertPublished(
    platformsSchema,
    platformsJson({
      host: {
        platform: armv7,
        kernel: "Linux 6.6.51+rpt-rpi-v8 aarch64",
        kernelArchitecture: "arm64",
        userlandBits: 32,
        emulated: false,
        native: [armv7],
        emulators: [
          { platform: arm64, platforms: [arm64], interpreter: "/usr/bin/qemu-aarch64", flags: "F", missing: ["P"] },
          { platform: arm64, platforms: [arm64], interpreter: "/q", flags: "", version: "7.2.22", missing: [] },
        ],
        aarch32: "native",
        amd64Level: "v3",
        wsl: 2,
        warnings: ["The userland is 32-bit."],
      },
      engines: [
        {
          name: "buildah",
          version: "1.39.3",
          endpoint: "local",
          platforms: [arm64],
          faults: [{ id: "buildah-wrong-stage-platform", text: "…", since: "2026-05-01", avoided: false }],
        },
      ],
      unreachable: [{ name: "buildkit", endpoint: "tcp://pi:1234", reason: "Nothing answers." }],
    }),
  );
});

test("every progress event", () => {
  const events: readonly ProgressEvent[] = [
    { at: 1, type: "platform", platform: arm64, state: "building", strategy: "native", node: "local" },
    { at: 1, type: "platform", platform: arm64, state: "failed", message: "no" },
    {
      at: 1,
      type: "step",
      platform: arm64,
      id: "a",
      name: "RUN x",
      state: "failed",
      emulated: true,
      error: "exit code: 1",
    },
    { at: 1, type: "transfer", platform: arm64, step: "a", name: "sha256:1", current: 1, total: 2 },
    { at: 1, type: "log", platform: arm64, step: "a", stream: 2, text: "x\n" },
    { at: 1, type: "warning", platform: arm64, text: "old", line: 3, url: "https://docs.test" },
    { at: 1, type: "publish", text: "tag r.test/a:1" },
  ];
  const lines: string[] = [];
  const output = { write: (text: string) => lines.push(text), on: () => {}, off: () => {} };
  const progress = startProgress(output, { mode: "json", platforms: [arm64], color: false, now: () => 1 });
  for (const event of events) progress.event(event);
  progress.print("warning");
  assert.equal(lines.length, events.length + 1);
  for (const line of lines) assertPublished(progressEventSchema, JSON.parse(line));
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import type { Finding } from "../finding/finding.ts";
import type { ReportedImage, ReportOptions } from "./reported-image.ts";
import { formatSarif } from "./sarif.ts";
import {
  amd64,
  arm64,
  checkedRepository,
  copiedProgram,
  hostileImages,
  mixedImage,
  platformOf,
  reportedRepository,
  unreadLayer,
  wrongEntrypoint,
} from "./test-images.ts";

const region = z.strictObject({
  startLine: z.int().min(1),
  endLine: z.int().min(1).optional(),
  startColumn: z.int().min(1).optional(),
});
const uri = z.string().regex(/^(?:[\w.~!*'()-]|%[0-9A-F]{2}|\/)*$/, "a relative URI reference without a scheme");
const physicalLocation = z.strictObject({ artifactLocation: z.strictObject({ uri }), region });
// Only what can be printed on one line; messages may have several.
const clean = z.string().regex(/^[^\p{Cc}\u202A-\u202E\u2066-\u2069]*$/u);
const message = z.strictObject({ text: z.string().regex(/^(?:[^\p{Cc}]|\n)*$/u) });
const level = z.enum(["error", "warning", "note"]);

const fix = z.strictObject({
  description: message,
  artifactChanges: z
    .array(
      z.strictObject({
        artifactLocation: z.strictObject({ uri }),
        replacements: z
          .array(
            z.strictObject({
              deletedRegion: region.extend({ endColumn: z.int().min(1).optional() }),
              insertedContent: z.strictObject({ text: z.string() }),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});

/** The part of SARIF 2.1.0 that is used here, as its schema has it, with what GitHub requires besides. */
const sarif = z.strictObject({
  $schema: z.url(),
  version: z.literal("2.1.0"),
  runs: z.tuple([
    z.strictObject({
      tool: z.strictObject({
        driver: z.strictObject({
          name: z.literal("Archway"),
          version: z.string(),
          rules: z.array(
            z.strictObject({
              id: z.string(),
              shortDescription: message,
              fullDescription: message,
              help: message.extend({ markdown: z.string().optional() }),
              defaultConfiguration: z.strictObject({ level }),
              properties: z.strictObject({ tags: z.array(z.string()).max(20) }),
            }),
          ),
        }),
      }),
      invocations: z.tuple([
        z.strictObject({
          executionSuccessful: z.boolean(),
          toolExecutionNotifications: z.array(z.strictObject({ level, message })),
        }),
      ]),
      results: z
        .array(
          z.strictObject({
            ruleId: z.string(),
            ruleIndex: z.int().min(0),
            level,
            message,
            locations: z.tuple([
              z.strictObject({
                physicalLocation,
                logicalLocations: z
                  .array(z.strictObject({ fullyQualifiedName: clean, kind: z.literal("resource") }))
                  .optional(),
              }),
            ]),
            relatedLocations: z
              .array(z.strictObject({ id: z.int().min(0), physicalLocation, message }))
              .min(1)
              .optional(),
            fixes: z.array(fix).min(1).optional(),
            partialFingerprints: z.record(z.string(), z.string().regex(/^[0-9a-f]{32}:\d+$/)),
            suppressions: z
              .tuple([
                z.strictObject({ kind: z.literal("external"), status: z.literal("accepted"), justification: clean }),
              ])
              .optional(),
            properties: z.record(z.string(), z.unknown()),
          }),
        )
        .max(25_000),
      properties: z.record(z.string(), z.unknown()),
      columnKind: z.literal("utf16CodeUnits"),
    }),
  ]),
});

function run(images: readonly ReportedImage[], dockerfile?: string, options: Partial<ReportOptions> = {}) {
  const given = { toolVersion: "1.2.3", ...(dockerfile === undefined ? {} : { dockerfile }), ...options };
  const text = formatSarif(images, given);
  return sarif.parse(JSON.parse(text)).runs[0];
}

describe("SARIF", () => {
  test("a finding has its rule, the heaviest first, and is found in the Dockerfile of the repository", () => {
    const { results, tool, invocations } = run([mixedImage], "docker/Dockerfile");
    assert.deepEqual(
      results.map(({ ruleId, level: weight }) => [ruleId, weight]),
      [
        ["entrypoint-wrong-architecture", "error"],
        ["library-wrong-architecture", "note"],
      ],
    );
    const [first, second] = results;
    assert.deepEqual(first?.locations[0], {
      physicalLocation: { artifactLocation: { uri: "docker/Dockerfile" }, region: { startLine: 7 } },
      logicalLocations: [{ fullyQualifiedName: "linux/arm64:/usr/bin/app", kind: "resource" }],
    });
    assert.match(
      first?.message.text ?? "",
      /^\/usr\/bin\/app \(entrypoint\) is linux\/amd64 code[^]*\nfix: Remove the default\.$/,
    );
    assert.deepEqual(first?.properties["platforms"], ["linux/arm64"]);
    assert.deepEqual(second?.suppressions?.[0].justification, "firmware");
    const rule = tool.driver.rules[first?.ruleIndex ?? -1];
    assert.equal(rule?.id, "entrypoint-wrong-architecture");
    assert.match(rule?.help.text ?? "", /exec format error[^]*syntax error/);
    assert.equal(invocations[0].executionSuccessful, true);
  });

  test("without a Dockerfile the image itself is the file, as a URI without a scheme", () => {
    const [first] = run([mixedImage]).results;
    assert.equal(first?.locations[0].physicalLocation.artifactLocation.uri, "registry.example%3A5000/team/app%3A1.4");
  });

  test("a finding about the repository is at its own line", () => {
    const finding: Finding = { ...wrongEntrypoint, path: "./src/my file.sh", line: 3, endLine: 4, column: 2 };
    const image = { ...mixedImage, reference: ".", findings: [finding], platforms: [] };
    assert.deepEqual(run([image], "Dockerfile").results[0]?.locations[0], {
      physicalLocation: {
        artifactLocation: { uri: "src/my%20file.sh" },
        region: { startLine: 3, endLine: 4, startColumn: 2 },
      },
    });
  });

  test("a repository's findings have the page of their rule, the edits that repair them and fingerprints of their own", () => {
    const again = { ...copiedProgram, line: 9, endLine: 9 };
    const { results, tool, properties } = run([checkedRepository([copiedProgram, again])], undefined, {
      repository: reportedRepository,
    });
    const [rule] = tool.driver.rules;
    assert.equal(rule?.help.markdown, "## What it finds\n\nall about copy-arch-path");
    assert.deepEqual(rule?.properties.tags, ["multi-architecture", "files"]);
    assert.deepEqual(properties, { platforms: ["linux/amd64", "linux/arm64"] });
    assert.deepEqual(
      results.map(({ partialFingerprints }) => partialFingerprints["primaryLocationLineHash"]),
      [`${"ab".repeat(16)}:1`, `${"ab".repeat(16)}:2`],
    );
    assert.deepEqual(results[0]?.properties, { platforms: ["linux/arm64"], path: "Dockerfile" });
    assert.deepEqual(
      results[0]?.fixes?.[0]?.artifactChanges.map(({ artifactLocation, replacements }) => [
        artifactLocation.uri,
        replacements,
      ]),
      [
        [
          "Dockerfile",
          [
            {
              deletedRegion: { startLine: 2, startColumn: 1, endColumn: 1 },
              insertedContent: { text: "ARG TARGETARCH\n" },
            },
            {
              deletedRegion: { startLine: 3, startColumn: 1, endLine: 3 },
              insertedContent: { text: "COPY app-${TARGETARCH} /app" },
            },
          ],
        ],
        [
          "Make%20file",
          [{ deletedRegion: { startLine: 1, startColumn: 1, endLine: 2 }, insertedContent: { text: "all:" } }],
        ],
      ],
    );
  });

  test("fingerprints stay from release to release and tell findings of one rule apart", () => {
    const fingerprints = (image: ReportedImage) =>
      run([image], "Dockerfile").results.map(
        ({ partialFingerprints }) => partialFingerprints["primaryLocationLineHash"],
      );
    const twice = { ...mixedImage, findings: [wrongEntrypoint, { ...wrongEntrypoint, message: "Another." }] };
    const before = fingerprints(twice);
    assert.equal(new Set(before).size, 4);
    const layer = { index: 5, digest: "sha256:00", size: 1 };
    const findings = twice.findings.map((finding) => ({ ...finding, layer }));
    assert.deepEqual(fingerprints({ ...twice, reference: "registry.example:5000/team/app:2.0", findings }), before);
    assert.deepEqual(
      fingerprints({ ...twice, reference: `registry.example:5000/team/app@sha256:${"0".repeat(64)}` }),
      before,
    );
    assert.notDeepEqual(fingerprints({ ...twice, reference: "registry.example:5000/team/other:1.4" }), before);
  });

  test("an image that could not be decided is no success", () => {
    const undecided: ReportedImage = {
      ...mixedImage,
      verdict: "undecided",
      platforms: [platformOf(amd64, "undecided", [unreadLayer])],
    };
    const [invocation] = run([undecided]).invocations;
    assert.equal(invocation.executionSuccessful, false);
    assert.match(invocation.toolExecutionNotifications[0]?.message.text ?? "", /team\/app:1\.4: evidence is missing/);
  });

  test("more findings than GitHub takes: the heaviest stay, and a note counts the others", () => {
    const findings = Array.from({ length: 25_002 }, (_, index): Finding => ({
      ...unreadLayer,
      severity: index === 25_001 ? "error" : "warning",
      path: `/${index}`,
    }));
    const image = { ...mixedImage, platforms: [platformOf(arm64, "fail", findings)] };
    // Not held against the shape, which would take seconds.
    const log: z.infer<typeof sarif> = JSON.parse(formatSarif([image], { toolVersion: "1.2.3" }));
    const { results, invocations } = log.runs[0];
    assert.equal(results.length, 25_000);
    assert.equal(results[0]?.level, "error");
    assert.match(invocations[0].toolExecutionNotifications[0]?.message.text ?? "", /2 lighter findings are left out/);
  });

  test("no text of strangers breaks the format", () => {
    fc.assert(
      fc.property(hostileImages, fc.option(fc.constant("Dockerfile"), { nil: undefined }), (images, dockerfile) => {
        for (const { message: said, locations } of run(images, dockerfile).results) {
          const names = locations[0].logicalLocations?.map(({ fullyQualifiedName }) => fullyQualifiedName) ?? [];
          assert.equal(new Set(names).size, names.length, "the schema wants them unique");
          assert.doesNotMatch(said.text, /\]\(|(?<!\{)\{\d+\}(?!\})/);
        }
      }),
    );
  });
});

/** How the formats for other programs show a repository; SARIF has a file of its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { z } from "zod";
import { formatGithub } from "./github.ts";
import { formatGitlab } from "./gitlab.ts";
import { formatJunit } from "./junit.ts";
import { checkedRepository, copiedProgram, hostileImages, mixedImage, reportedRepository } from "./test-images.ts";

const options = { toolVersion: "1.2.3", repository: reportedRepository };

/** GitLab's schema of a code quality report, as far as it is required. */
const codeQuality = z.array(
  z.strictObject({
    description: z.string().regex(/^[^\p{Cc}]*$/u),
    check_name: z.string(),
    fingerprint: z.string().regex(/^[0-9a-f]{32}$/),
    severity: z.enum(["info", "minor", "major", "critical", "blocker"]),
    location: z.strictObject({
      path: z.string(),
      lines: z.strictObject({ begin: z.int().min(1), end: z.int().min(1).optional() }),
    }),
  }),
);

const parse = (text: string) => codeQuality.parse(JSON.parse(text));

test("GitLab's code quality has a line, a weight and a fingerprint that no other finding shares", () => {
  const twice = [copiedProgram, { ...copiedProgram, line: 9, endLine: 11, severity: "note" } as const];
  const [first, second] = parse(formatGitlab([checkedRepository(twice)], options));
  assert.deepEqual(first?.location, { path: "Dockerfile", lines: { begin: 3 } });
  assert.deepEqual(second?.location, { path: "Dockerfile", lines: { begin: 9, end: 11 } });
  assert.deepEqual([first?.severity, second?.severity], ["critical", "info"]);
  assert.notEqual(first?.fingerprint, second?.fingerprint);
  assert.match(first?.description ?? "", /\(linux\/arm64\) Fix: Take the architecture from TARGETARCH\.$/);
});

test("of an image GitLab gets the Dockerfile, else the reference", () => {
  const at = (dockerfile?: string) =>
    parse(formatGitlab([mixedImage], { toolVersion: "1", ...(dockerfile && { dockerfile }) }))[0]?.location;
  assert.deepEqual(at("docker/Dockerfile"), { path: "docker/Dockerfile", lines: { begin: 1 } });
  assert.deepEqual(at(), { path: "registry.example:5000/team/app:1.4", lines: { begin: 1 } });
});

test("no text of strangers breaks GitLab's report", () => {
  fc.assert(
    fc.property(hostileImages, (images) => {
      const entries = parse(formatGitlab(images, { toolVersion: "1" }));
      assert.equal(new Set(entries.map(({ fingerprint }) => fingerprint)).size, entries.length);
    }),
  );
});

test("JUnit asks every rule, also those that found nothing", () => {
  const xml = formatJunit([checkedRepository([copiedProgram])], options);
  assert.match(xml, /tests="2" failures="1" errors="0" skipped="0"/);
  assert.match(xml, /name="base-image-missing-platform: title of base-image-missing-platform"\/>/);
  assert.match(xml, /name="copy-arch-path: title of copy-arch-path">\n\s*<failure type="copy-arch-path"/);
  const lighter = formatJunit([checkedRepository([{ ...copiedProgram, severity: "warning" }])], options);
  assert.match(lighter, /failures="0"/);
  assert.match(lighter, /<system-out>warning Dockerfile:3:6 \(copy-arch-path\)/);
});

test("GitHub's annotations are at the line, with the fix", () => {
  const text = formatGithub([checkedRepository([copiedProgram])], options);
  assert.match(
    text,
    /^::error title=copy-arch-path \(linux\/arm64\),file=Dockerfile,line=3,endLine=3,col=6::Dockerfile:3:6: app-amd64/,
  );
  assert.match(text, /%0Afix: Take the architecture from TARGETARCH\.\n/);
});

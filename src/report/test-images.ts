/** Reports made for the tests of the formats: a wrong image, and arbitrary ones with texts as hostile as strangers can write them. */
import fc from "fast-check";
import type { Finding } from "../finding/finding.ts";
import type { ReportedImage, ReportedPlatform, ReportedRepository } from "./reported-image.ts";

export const amd64 = { os: "linux", architecture: "amd64" };
export const arm64 = { os: "linux", architecture: "arm64" };

/** A digest of one repeated pair of digits. */
export const digestOf = (pair: string) => `sha256:${pair.repeat(32)}`;

export const wrongEntrypoint: Finding = {
  rule: "entrypoint-wrong-architecture",
  severity: "error",
  message: "/usr/bin/app (entrypoint) is linux/amd64 code, but the image is declared linux/arm64.",
  platforms: [arm64],
  path: "/usr/bin/app",
  layer: { index: 1, digest: digestOf("ab"), size: 12_345_678, createdBy: "COPY --from=build /app /usr/bin/app" },
  package: { database: "dpkg", name: "app", version: "1.2", architecture: "amd64" },
  cause: { code: "S02", text: "TARGETARCH has a default." },
  related: [{ path: "docker/Dockerfile", line: 7, message: "the default is here" }],
  fix: { title: "Remove the default." },
};

export const allowedFirmware: Finding = {
  rule: "library-wrong-architecture",
  severity: "note",
  message: "/fw/a.so is linux/arm code. Allowed: firmware",
  platforms: [arm64],
  path: "/fw/a.so",
  related: [],
  allowed: "firmware",
};

export const unreadLayer: Finding = {
  rule: "layer-unread",
  severity: "warning",
  message: "Layer 0 is not in the registry.",
  platforms: [amd64],
  path: "/",
  related: [],
};

/** A platform with these findings. */
export function platformOf(
  platform: ReportedPlatform["platform"],
  verdict: ReportedPlatform["verdict"],
  findings: readonly Finding[] = [],
): ReportedPlatform {
  return { platform, digest: digestOf("cd"), verdict, findings, size: 4_200_000 };
}

/** An image whose amd64 side is right and whose arm64 side is not. */
export const mixedImage: ReportedImage = {
  reference: "registry.example:5000/team/app:1.4",
  digest: digestOf("ef"),
  verdict: "fail",
  findings: [],
  platforms: [platformOf(amd64, "pass"), platformOf(arm64, "fail", [allowedFirmware, wrongEntrypoint])],
};

/** What a check finds in a Dockerfile, with the edits that repair it. */
export const copiedProgram: Finding = {
  rule: "copy-arch-path",
  severity: "error",
  message: "app-amd64 is for linux/amd64, but is copied into every image.",
  platforms: [arm64],
  path: "Dockerfile",
  line: 3,
  endLine: 3,
  column: 6,
  related: [{ path: "Make file", line: 1, message: "it is made here" }],
  fix: {
    title: "Take the architecture from TARGETARCH.",
    edits: [
      { path: "Dockerfile", startLine: 2, endLine: 1, text: "ARG TARGETARCH" },
      { path: "Dockerfile", startLine: 3, endLine: 3, text: "COPY app-${TARGETARCH} /app" },
      { path: "Make file", startLine: 1, endLine: 2, text: "all:" },
    ],
  },
};

/** A repository as the formats get it. */
export function checkedRepository(findings: readonly Finding[]): ReportedImage {
  return { reference: ".", digest: "", verdict: findings.length > 0 ? "fail" : "pass", findings, platforms: [] };
}

/** What formats are told of it. */
export const reportedRepository: ReportedRepository = {
  platforms: [amd64, arm64],
  rules: ["base-image-missing-platform", "copy-arch-path"],
  describe: (rule) => ({
    group: "files",
    title: `title of ${rule}`,
    help: `help of ${rule}`,
    markdown: `## What it finds\n\nall about ${rule}`,
  }),
  fingerprint: () => "ab".repeat(16),
};

/** Texts that try to leave their place: control characters, markup of every format, halves of surrogate pairs. */
export const hostileText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "]]>",
        "<script>",
        "</failure>",
        "&amp;",
        "&",
        '"',
        "'",
        "::error::",
        "\n::set-output name=x::",
        "##[add-mask]",
        "%0A",
        "\u001B[31m",
        "\u001B]8;;http://e\u0007",
        "\u0000",
        "\u0007",
        "\u009B2J",
        "\uFFFE",
        "\uD800",
        "\u202E",
        "\r\n",
        "\n",
        "|",
        "\\|",
        "\\",
        "`",
        "```",
        "<details>",
        "</details>",
        "<!--",
        "[x](http://e)",
        "![x](//e)",
        "{0}",
        "**",
        "@all",
        "#1",
        "\u2028",
        "- ",
        "| a |",
        ",",
        ":",
        "www.e.com",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

const platform = fc.oneof(
  fc.constantFrom(amd64, arm64),
  fc.record({ os: hostileText, architecture: hostileText, variant: hostileText }),
);

const finding: fc.Arbitrary<Finding> = fc.record(
  {
    rule: fc.constantFrom("entrypoint-missing", "layer-unread", "wrong-thing"),
    severity: fc.constantFrom("error", "warning", "note"),
    message: hostileText,
    platforms: fc.array(platform, { maxLength: 2 }),
    path: fc.oneof(
      hostileText.map((text) => `/${text}`),
      hostileText,
    ),
    line: fc.integer({ min: 1, max: 99 }),
    layer: fc.record({
      index: fc.nat(9),
      digest: fc.constant(digestOf("aa")),
      size: fc.nat(),
      createdBy: hostileText,
    }),
    package: fc.record({
      database: fc.constantFrom("dpkg", "apk", "rpm"),
      name: hostileText,
      version: hostileText,
      architecture: hostileText,
    }),
    cause: fc.record({ code: fc.constant("S01"), text: hostileText }),
    related: fc.array(fc.record({ path: hostileText, line: fc.integer({ min: 1, max: 9 }), message: hostileText }), {
      maxLength: 2,
    }),
    fix: fc.record(
      {
        title: hostileText,
        edits: fc.array(
          fc.record({
            path: hostileText,
            startLine: fc.constant(2),
            endLine: fc.integer({ min: 1, max: 3 }),
            text: hostileText,
          }),
          { maxLength: 2 },
        ),
      },
      { requiredKeys: ["title"] },
    ),
    allowed: hostileText,
  },
  { requiredKeys: ["rule", "severity", "message", "platforms", "path", "related"] },
);

const verdict = fc.constantFrom("pass", "fail", "undecided");

/** Images with hostile texts everywhere. */
export const hostileImages: fc.Arbitrary<ReportedImage[]> = fc.array(
  fc.record({
    reference: hostileText,
    digest: fc.constant(digestOf("bb")),
    verdict,
    findings: fc.array(finding, { maxLength: 2 }),
    platforms: fc.array(
      fc.record({
        platform,
        digest: fc.constant(digestOf("cc")),
        verdict,
        findings: fc.array(finding, { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
  }),
  { maxLength: 3 },
);

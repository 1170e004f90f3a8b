import type { Edit, Finding, Severity } from "../finding/finding.ts";
import { detailsOf } from "./findings.ts";
import { formatCount } from "./quantity.ts";
import { countOccurrences, fingerprintOf } from "./reported-finding.ts";
import { platformName, platformsOf, reportedFindings } from "./reported-image.ts";
import type { DescribedRule, ReportedFinding, ReportedImage, ReportOptions } from "./reported-image.ts";
import { ruleText } from "./rule-texts.ts";
import { printable, printableLines } from "./style.ts";

/**
 * Limits of GitHub's code scanning: a file with more results is refused, and of those that it takes it keeps the heaviest 5,000
 * (https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit).
 */
const maxResults = 25_000;
const keptByGitHub = 5_000;

/** Characters of a message: enough for all that we say, and a bound for what strangers write into paths and histories. */
const maxMessage = 8_000;

const levels: Readonly<Record<Severity, string>> = { error: "error", warning: "warning", note: "note" };

/**
 * Findings in the Static Analysis Results Interchange Format 2.1.0 (OASIS), one run for all images and platforms: GitHub refuses files with more than 20
 * runs. GitHub wants a file and a line for every result: the finding's own when it is about the repository, else the Dockerfile, else the image's
 * reference stands in.
 */
export function formatSarif(images: readonly ReportedImage[], options: ReportOptions): string {
  const all = reportedFindings(images);
  const shown = all.slice(0, maxResults);
  const rules = [...new Set(shown.map(({ finding }) => finding.rule))].sort();
  const occurrence = countOccurrences();
  const log = {
    $schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: "Archway",
            version: options.toolVersion,
            rules: rules.map((id) => ruleOf(id, shown, options)),
          },
        },
        invocations: [
          {
            // What could not be decided is no result: a consumer must not take an empty list for a proof.
            executionSuccessful: images.every(({ verdict }) => verdict !== "undecided"),
            toolExecutionNotifications: notifications(images, all.length),
          },
        ],
        results: shown.map((one) => resultOf(one, rules.indexOf(one.finding.rule), occurrence, options)),
        properties: subjectOf(images, options),
        columnKind: "utf16CodeUnits",
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function ruleOf(id: string, shown: readonly ReportedFinding[], { repository }: ReportOptions): object {
  const first = shown.find(({ finding }) => finding.rule === id);
  const described: DescribedRule = repository?.describe(id) ?? ruleText(id, first?.platform === undefined);
  const { group, title, help, markdown } = described;
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: `${title}. ${help}` },
    help: { text: help, ...(markdown && { markdown }) },
    // Results come heaviest first: the first one is what the rule weighs at most.
    defaultConfiguration: { level: levels[first?.finding.severity ?? "note"] },
    properties: { tags: ["multi-architecture", group] },
  };
}

function resultOf(
  one: ReportedFinding,
  ruleIndex: number,
  occurrence: (key: string) => number,
  options: ReportOptions,
): object {
  const { finding } = one;
  const { layer, cause, related, allowed, fix } = finding;
  const fingerprint = fingerprintOf(one, options);
  const fingerprintNumber = `${fingerprint}:${occurrence(fingerprint)}`;
  return {
    ruleId: finding.rule,
    ruleIndex,
    level: levels[finding.severity],
    message: { text: messageOf(finding) },
    locations: [
      {
        physicalLocation: physicalLocation(one, options),
        ...(inRepository(finding) || platformsOf(one).length === 0 ? {} : { logicalLocations: logicalLocations(one) }),
      },
    ],
    ...(related.length === 0 ? {} : { relatedLocations: related.map(relatedLocation) }),
    ...(fix?.edits && fix.edits.length > 0 ? { fixes: [fixOf(fix.title, fix.edits)] } : {}),
    // GitHub tells results apart by the first one alone; without it, it would take all of a rule at one line of the Dockerfile for the same.
    partialFingerprints: { primaryLocationLineHash: fingerprintNumber, "archwayFinding/v1": fingerprintNumber },
    ...(allowed === undefined
      ? {}
      : { suppressions: [{ kind: "external", status: "accepted", justification: printable(allowed) }] }),
    properties: {
      ...(options.repository ? {} : { image: printable(one.image.reference) }),
      platforms: platformsOf(one),
      path: printable(finding.path),
      ...(layer && { layer: printableFields(layer) }),
      ...(finding.package && { package: printableFields(finding.package) }),
      ...(cause && { cause: printableFields(cause) }),
    },
  };
}

/** Message and details as a plain text message. */
function messageOf(finding: Finding): string {
  const details = detailsOf(finding).map(({ label, text }) => `${label}: ${text}`);
  const text = [finding.message, ...details].flatMap(printableLines).join("\n");
  return plainMessage(text.length > maxMessage ? `${text.slice(0, maxMessage - 1)}…` : text);
}

/**
 * Nothing in a plain text message may look like a placeholder or an embedded link (SARIF 2.1.0, 3.11.5 and 3.11.6). Viewers show doubled braces doubled,
 * so only what they would replace is written with them.
 */
function plainMessage(text: string): string {
  return text
    .toWellFormed()
    .replaceAll("](", "] (")
    .replaceAll(/\{(\d+)\}/g, "{{$1}}");
}

function printableFields(record: object): object {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      typeof value === "string" ? printable(value) : value,
    ]),
  );
}

/** Whether the path is one of the repository: those of images are absolute. */
function inRepository(finding: Finding): boolean {
  return finding.line !== undefined || !finding.path.startsWith("/");
}

function physicalLocation(one: ReportedFinding, { dockerfile }: ReportOptions): object {
  const { finding, image } = one;
  if (inRepository(finding)) {
    const { line = 1, endLine, column } = finding;
    return {
      artifactLocation: { uri: uriOf(finding.path) },
      region: { startLine: line, ...(endLine && { endLine }), ...(column && { startColumn: column }) },
    };
  }
  if (dockerfile === undefined) return { artifactLocation: { uri: uriOf(image.reference) }, region: { startLine: 1 } };
  const line = finding.related.find(({ path }) => path === dockerfile)?.line ?? 1;
  return { artifactLocation: { uri: uriOf(dockerfile) }, region: { startLine: line } };
}

function logicalLocations(one: ReportedFinding): object[] {
  const path = printable(one.finding.path);
  return platformsOf(one).map((platform) => ({ fullyQualifiedName: `${platform}:${path}`, kind: "resource" }));
}

function relatedLocation({ path, line, message }: Finding["related"][number], index: number): object {
  return {
    id: index,
    physicalLocation: { artifactLocation: { uri: uriOf(path) }, region: { startLine: line } },
    message: { text: plainMessage(printable(message)) },
  };
}

/** Replacements of whole lines, a file at a time (SARIF 2.1.0, 3.55): the line feed behind the last line stays, unless the lines go. */
function fixOf(title: string, edits: readonly Edit[]): object {
  return {
    description: { text: plainMessage(printable(title)) },
    artifactChanges: [...Map.groupBy(edits, ({ path }) => path)].map(([path, own]) => ({
      artifactLocation: { uri: uriOf(path) },
      replacements: own.map(replacementOf),
    })),
  };
}

function replacementOf({ startLine, endLine, text }: Edit): object {
  // No lines are replaced: these come before the line.
  if (endLine < startLine) {
    return {
      deletedRegion: { startLine, startColumn: 1, endColumn: 1 },
      insertedContent: { text: text.endsWith("\n") ? text : `${text}\n` },
    };
  }
  return { deletedRegion: { startLine, startColumn: 1, endLine }, insertedContent: { text } };
}

/** A path or reference as a relative URI reference (RFC 3986, 4.2): `:` in its first part would read as a scheme. */
function uriOf(path: string): string {
  const parts = printable(path).toWellFormed().replace(/^\.\//, "").split("/");
  return parts.map(encodeURIComponent).join("/");
}

function notifications(images: readonly ReportedImage[], count: number): object[] {
  const note = (level: string, text: string) => ({ level, message: { text } });
  const undecided = images
    .filter(({ verdict }) => verdict === "undecided")
    .map(({ reference }) => note("error", `${printable(reference)}: evidence is missing, nothing is decided.`));
  if (count > maxResults) {
    const left = formatCount(count - maxResults, "lighter finding");
    return [...undecided, note("warning", `The file holds the heaviest ${maxResults} findings; ${left} are left out.`)];
  }
  if (count <= keptByGitHub) return undecided;
  return [...undecided, note("note", `GitHub keeps the heaviest ${keptByGitHub} of these ${count} findings.`)];
}

/** What the run was about. */
function subjectOf(images: readonly ReportedImage[], { repository }: ReportOptions): object {
  return repository ? { platforms: repository.platforms.map(platformName) } : { images: images.map(verdictsOf) };
}

function verdictsOf({ reference, digest, verdict, platforms }: ReportedImage): object {
  return {
    reference: printable(reference),
    digest,
    verdict,
    platforms: platforms.map((one) => ({
      platform: platformName(one.platform),
      digest: one.digest,
      verdict: one.verdict,
    })),
  };
}

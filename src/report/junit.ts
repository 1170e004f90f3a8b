import type { Finding, Severity, Verdict } from "../finding/finding.ts";
import { compareFindings, reaches } from "../finding/finding.ts";
import { countSeverities, detailsOf, placeOf } from "./findings.ts";
import { formatCount } from "./quantity.ts";
import { platformName } from "./reported-image.ts";
import type { ReportedImage, ReportedRepository, ReportOptions } from "./reported-image.ts";
import { groupTitles, ruleText } from "./rule-texts.ts";
import type { RuleGroup } from "./rule-texts.ts";
import { printable, printableLines } from "./style.ts";

/** Findings that are told in full in one case: servers show the text in a page. */
const maxFindings = 20;

/** Questions that every image and every platform is asked, in this order; the other groups are shown when they found something. */
const askedOfPlatforms: readonly RuleGroup[] = ["evidence", "platform", "start", "machine-code"];
const askedOfImages: readonly RuleGroup[] = ["index"];

interface Suite {
  readonly name: string;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
  readonly questions: Questions;
}

/** What the cases of a suite ask. */
interface Questions {
  /** Shown in any case, also when nothing was found; the others are shown when they found something. */
  readonly asked: readonly string[];
  readonly order: readonly string[];
  /** The question that a rule belongs to. */
  readonly of: (rule: string) => string;
  /** As the name of a test. */
  readonly title: (question: string) => string;
}

type Outcome = "passed" | "failures" | "errors" | "skipped";

interface Case {
  readonly outcome: Outcome;
  readonly lines: readonly string[];
}

/**
 * Findings as JUnit XML, in the form that Jenkins, GitLab and most CI servers read: a suite for each image and each of its platforms, a case for each
 * question that was asked, so that what passed is seen too. `<failure>`: a finding reaches the threshold; `<error>`: evidence is missing, nothing is decided;
 * `<skipped>`: all that was found is allowed, or could not be asked without the evidence.
 *
 * @param options `threshold` is the severity that fails, as for the exit code; default error
 */
export function formatJunit(
  images: readonly ReportedImage[],
  options: ReportOptions & { readonly threshold?: Severity },
): string {
  const suites = images
    .flatMap((image) => suitesOf(image, options))
    .map((suite) => {
      const cases = casesOf(suite, options.threshold ?? "error");
      const counts = countsOf(cases);
      const name = attribute(suite.name);
      return {
        counts,
        lines: [
          `  <testsuite name="${name}"${attributes(counts)}>`,
          ...cases.flatMap(({ lines }) => lines),
          "  </testsuite>",
        ],
      };
    });
  const total = suites.reduce((sum, { counts }) => add(sum, counts), zero);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${attribute(`archway ${options.toolVersion}`)}"${attributes(total)}>`,
    ...suites.flatMap(({ lines }) => lines),
    "</testsuites>",
    "",
  ].join("\n");
}

function suitesOf({ reference, verdict, findings, platforms }: ReportedImage, { repository }: ReportOptions): Suite[] {
  if (repository) return [{ name: reference, verdict, findings, questions: questionsOfRepository(repository) }];
  // The verdict of the image is also that of its platforms: alone it says nothing about the index.
  const decided = verdict === "undecided" && platforms.length > 0 ? "pass" : verdict;
  return [
    { name: reference, verdict: decided, findings, questions: questionsOfImage(true) },
    ...platforms.map((one) => ({
      name: `${reference} ${platformName(one.platform)}`,
      verdict: one.verdict,
      findings: one.findings,
      questions: questionsOfImage(false),
    })),
  ];
}

/** A question is a group of rules. */
function questionsOfImage(aboutIndex: boolean): Questions {
  return {
    asked: aboutIndex ? askedOfImages : askedOfPlatforms,
    order: Object.keys(groupTitles),
    of: (rule) => ruleText(rule, aboutIndex).group,
    title: (question) => Object.entries(groupTitles).find(([group]) => group === question)?.[1] ?? question,
  };
}

/** Each rule is a question. */
function questionsOfRepository({ rules, describe }: ReportedRepository): Questions {
  return {
    asked: rules,
    order: rules,
    of: (rule) => rule,
    title: (rule) => `${rule}: ${describe(rule).title}`,
  };
}

function casesOf(suite: Suite, threshold: Severity): Case[] {
  const { asked, order, of } = suite.questions;
  const groups = Map.groupBy(suite.findings.toSorted(compareFindings), ({ rule }) => of(rule));
  const undecided = suite.verdict === "undecided" ? ["evidence"] : [];
  const all = new Set([...asked, ...undecided, ...groups.keys()]);
  return [...all]
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((question) => caseOf(suite, question, groups.get(question) ?? [], threshold));
}

function caseOf(suite: Suite, question: string, findings: readonly Finding[], threshold: Severity): Case {
  const missingEvidence = suite.verdict === "undecided" || reaches(findings, "warning");
  const head = `    <testcase classname="${attribute(suite.name)}" name="${attribute(suite.questions.title(question))}"`;
  const [heaviest] = findings;
  const text = () => element(findings);
  const made = (outcome: Outcome, content: string): Case => ({
    outcome,
    lines: [`${head}>`, `      ${content}`, "    </testcase>"],
  });
  const problem = (name: "failure" | "error", type: string) =>
    `<${name} type="${attribute(type)}" message="${attribute(messageOf(findings))}">${text()}</${name}>`;

  if (question === "evidence" && missingEvidence && !reaches(findings, "error"))
    return made("errors", problem("error", heaviest?.rule ?? "evidence-missing"));
  if (heaviest && reaches(findings, threshold)) return made("failures", problem("failure", heaviest.rule));
  if (suite.verdict === "undecided" && findings.length === 0)
    return made("skipped", '<skipped message="not decided: evidence is missing"/>');
  const reasons = findings.map(({ allowed }) => allowed);
  if (heaviest && reasons.every((reason) => reason !== undefined)) {
    const message = `allowed: ${[...new Set(reasons)].join("; ")}`;
    return made("skipped", `<skipped message="${attribute(message)}">${text()}</skipped>`);
  }
  if (heaviest) return made("passed", `<system-out>${text()}</system-out>`);
  return { outcome: "passed", lines: [`${head}/>`] };
}

function messageOf(findings: readonly Finding[]): string {
  const [heaviest] = findings;
  if (heaviest === undefined) return "evidence is missing, nothing is decided";
  return findings.length === 1 ? heaviest.message : `${countSeverities(findings)}: ${heaviest.message}`;
}

/** The first findings in full, as the content of an element. */
function element(findings: readonly Finding[]): string {
  const lines = findings
    .slice(0, maxFindings)
    .flatMap((finding) => [
      [finding.severity, placeOf(finding), `(${finding.rule})`].filter(Boolean).join(" "),
      ...finding.message.split("\n").map((line) => `  ${line}`),
      ...detailsOf(finding).map(({ label, text }) => `  ${label}: ${text}`),
    ]);
  if (findings.length > maxFindings) lines.push(`and ${formatCount(findings.length - maxFindings, "more finding")}`);
  return escape(lines.flatMap(printableLines).join("\n"));
}

type Counts = Readonly<Record<"tests" | "failures" | "errors" | "skipped", number>>;

const zero: Counts = { tests: 0, failures: 0, errors: 0, skipped: 0 };

function countsOf(cases: readonly Case[]): Counts {
  return cases.reduce(
    (sum, { outcome }) => add(sum, { ...zero, tests: 1, ...(outcome === "passed" ? {} : { [outcome]: 1 }) }),
    zero,
  );
}

function add(a: Counts, b: Counts): Counts {
  return {
    tests: a.tests + b.tests,
    failures: a.failures + b.failures,
    errors: a.errors + b.errors,
    skipped: a.skipped + b.skipped,
  };
}

function attributes({ tests, failures, errors, skipped }: Counts): string {
  return ` tests="${tests}" failures="${failures}" errors="${errors}" skipped="${skipped}"`;
}

function attribute(text: string): string {
  return escape(printable(text));
}

/**
 * A text without control characters as XML: what is left and is no `Char` of XML 1.0 (2.2), halves of surrogate pairs, U+FFFE and U+FFFF, becomes `�`. `>` is
 * escaped too: `]]>` may not stand in text.
 */
function escape(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\uFFFE\uFFFF]/g, "\uFFFD")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

import { relative, resolve, sep } from "node:path";
import { setImmediate } from "node:timers/promises";
import description from "../../package.json" with { type: "json" };
import { checkRepository, type CheckOptions, type CheckResult } from "../check/check.ts";
import { factsJson } from "../check/facts/fact-table.ts";
import { fingerprintsOf } from "../check/ignore/fingerprint.ts";
import { readRepository } from "../check/repository/read-repository.ts";
import { loadConfig } from "../config/config.ts";
import { exitCodes } from "../error/error.ts";
import { type Finding, reaches } from "../finding/finding.ts";
import { parsePlatformList } from "../platform/platform.ts";
import { formatCount } from "../report/quantity.ts";
import { makeStyle, printable, usesColor } from "../report/style.ts";
import { readBaseline, writeBaseline } from "./check-baseline.ts";
import { explainRule } from "./check-explain.ts";
import { openFacts, type OpenedFacts } from "./check-facts.ts";
import { editedFindings, planRepair, requireFixers, writeRepair } from "./check-fix.ts";
import { notingReads, openJudge, type Judge } from "./check-judge.ts";
import type { CheckCommandOptions } from "./check-options.ts";
import { reportText } from "./check-report.ts";
import type { CheckedRepository } from "./check-result.ts";
import { formatRepair } from "./check-text.ts";
import type { CliContext } from "./context.ts";
import { writeJsonFile } from "./write-json.ts";

/** Platforms that are checked when neither the command line nor the configuration names any. */
const usualPlatforms = "linux/amd64,linux/arm64";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** Files that could not be read and are named on standard error. */
const maxWarnings = 10;

/**
 * `archway check`: reads a repository, evaluates it for every platform, and prints what breaks; with `--fix` repairs what can be repaired. Returns 1 when a finding
 * that is left reaches the threshold.
 */
export async function runCheck(
  context: CliContext,
  directory: string | undefined,
  options: CheckCommandOptions,
): Promise<number> {
  if (options.explain !== undefined) {
    explainRule(context, options.explain);
    return 0;
  }
  requireFixers(options.fix?.rules ?? []);
  const { cwd, signal } = context;
  const folder = resolve(cwd, directory ?? ".");
  const read = new Set<string>();
  const repository = notingReads(await readRepository(folder, signal), read);
  const config = await loadConfig({ directory: folder, otherwise: cwd, file: options.config });
  const baseline = options.baseline === undefined ? undefined : await readBaseline(cwd, options.baseline);
  const judge = await openJudge(folder, config, baseline, read);
  const given = options.platforms.length > 0 ? options.platforms : config.platforms;
  const platforms = given.length > 0 ? given : parsePlatformList(usualPlatforms);
  const opened = await openFacts(context, options, config, platforms);
  try {
    const asked: CheckOptions = { platforms, facts: opened.facts, signal };
    const result = await checkRepository(repository, asked);
    await heed(signal);
    const checked = await judged(result, { folder, options, asked, opened, judge });
    const fingerprints = (finding: Finding) => fingerprintsOf(finding, checked.repository);
    if (options.saveFacts !== undefined)
      await writeJsonFile(cwd, options.saveFacts, factsJson(opened.facts.answered, new Date(context.now())));
    if (options.writeBaseline !== undefined) {
      await writeBaseline(cwd, options.writeBaseline, checked.findings, fingerprints);
      context.stdout.write(`${formatCount(checked.findings.length, "finding")} accepted in ${options.writeBaseline}\n`);
      return 0;
    }
    warnAboutUnread(context, options, checked);
    const { stdout, stderr, env } = context;
    if (checked.repair?.written === false && options.format === "text") {
      // The diff is for programs: it stands alone on the standard output.
      const format = { style: makeStyle(usesColor(stderr, env)), columns: stderr.columns || plainColumns };
      stderr.write(`${formatRepair(checked.repair, format).join("\n")}\n`);
      stdout.write(checked.repair.diff);
    } else
      stdout.write(
        reportText(checked, options, {
          toolVersion: description.version,
          color: usesColor(stdout, env),
          ...(stdout.columns === undefined ? {} : { columns: stdout.columns }),
          prefix: prefixOf(cwd, folder),
        }),
      );
    return reaches(checked.findings, options.severity) ? exitCodes.failed : 0;
  } finally {
    await opened.close();
  }
}

/** Lets signals arrive: reading and evaluating are one long stretch of work without a pause. */
async function heed(signal: AbortSignal): Promise<void> {
  await setImmediate();
  signal.throwIfAborted();
}

/** What a repository is judged and repaired with. */
interface Judging {
  readonly folder: string;
  readonly options: CheckCommandOptions;
  readonly asked: CheckOptions;
  readonly opened: OpenedFacts;
  readonly judge: Judge;
}

async function judged(
  result: CheckResult,
  { folder, options, asked, opened, judge }: Judging,
): Promise<CheckedRepository> {
  const { platforms } = asked;
  const about = ({ model }: CheckResult) => ({
    platforms,
    unreadable: model.unreadable,
    repository: model.repository,
    unanswered: opened.facts.unanswered,
    offline: options.offline,
  });
  const before = judge(result);
  if (options.fix === undefined) {
    if (options.format !== "sarif") return { ...before, ...about(result) };
    const edited = await editedFindings(result, { ...asked, checksums: opened.checksums });
    return {
      ...before,
      findings: before.findings.map((finding) => edited.get(finding) ?? finding),
      ...about(result),
    };
  }
  const shown = new Set<unknown>(before.findings);
  const accepted = new Set(result.findings.filter((finding) => !shown.has(finding)));
  const { rules, dryRun } = options.fix;
  const repair = await planRepair(result, { ...asked, checksums: opened.checksums, rules, accepted });
  const { after, texts, ...told } = repair;
  await heed(asked.signal);
  if (dryRun) return { ...before, ...about(result), repair: { ...told, written: false } };
  await writeRepair(folder, texts);
  return { ...judge(after), ...about(after), repair: { ...told, written: true } };
}

/** Files that could not be read are findings in the formats for programs; a person is told beside the result. */
function warnAboutUnread(
  { stderr, env }: CliContext,
  { format }: CheckCommandOptions,
  { unreadable }: CheckedRepository,
): void {
  if (format !== "text") return;
  const { yellow } = makeStyle(usesColor(stderr, env));
  for (const { place, message } of unreadable.slice(0, maxWarnings)) {
    const where = [place.path, place.line, place.column].filter((part) => part !== undefined).join(":");
    stderr.write(`${yellow("warning:")} ${printable(`${where}: ${message}`)}\n`);
  }
  if (unreadable.length > maxWarnings)
    stderr.write(`${yellow("warning:")} and ${formatCount(unreadable.length - maxWarnings, "more file")} unread\n`);
}

/** What services that look at the whole repository need before paths: the folder's own path below the working directory. */
function prefixOf(cwd: string, folder: string): string {
  const path = relative(cwd, folder);
  return path === "" || path.startsWith("..") ? "" : `${path.split(sep).join("/")}/`;
}

import { blame } from "../build/blame.ts";
import type { BuildPlan } from "../build/plan.ts";
import type { BuildReport, PlatformReport } from "../build/report.ts";
import { ArchwayError } from "../error/error.ts";
import { samePlatform } from "../platform/platform.ts";
import { formatFindings } from "../report/findings.ts";
import type { Progress } from "../report/progress.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { FailedPlatform } from "./build-explain.ts";
import type { BuildOptions } from "./build-options.ts";
import { buildJson, formatBuild, metadataJson } from "./build-result.ts";
import type { CliContext } from "./context.ts";
import { formatError as formatLogError } from "./explain-text.ts";
import { planJson } from "./plan-json.ts";
import { formatPlan } from "./plan-text.ts";
import { writeJsonFile } from "./write-json.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** A build that is shown, and how. */
export interface Shown {
  readonly context: CliContext;
  readonly options: BuildOptions;
  readonly plan: BuildPlan;
}

/** The plan above the progress, before anything is built. */
export function announce({ context: { stderr, env }, plan }: Shown, progress: Progress): void {
  const format = { style: makeStyle(usesColor(stderr, env)), columns: stderr.columns || plainColumns };
  for (const line of formatPlan(plan, format)) progress.print(line);
}

/** The plan as the result of `--plan`. */
export function showPlan({ context: { stdout, env }, options, plan }: Shown): void {
  if (options.format === "json") {
    stdout.write(`${JSON.stringify(planJson(plan), null, 2)}\n`);
    return;
  }
  const format = { style: makeStyle(usesColor(stdout, env)), columns: stdout.columns || plainColumns };
  stdout.write(`${formatPlan(plan, format).join("\n")}\n`);
}

/** The result: the metadata file, what a person should know on standard error, and the report. Throws `FILE_UNWRITABLE`. */
export async function showReport({ context, options }: Shown, report: BuildReport): Promise<void> {
  const { cwd, stderr, stdout, env } = context;
  if (options.metadataFile !== undefined) await writeJsonFile(cwd, options.metadataFile, metadataJson(report));
  const findings = report.platforms.flatMap((platform) => platform.findings);
  const told = findings.filter(({ severity }) => severity !== "note");
  const format = { style: makeStyle(usesColor(stderr, env)), columns: stderr.columns || plainColumns };
  if (told.length > 0) stderr.write(`${formatFindings(told, format).join("\n")}\n`);
  if (options.format === "json") stdout.write(`${JSON.stringify(buildJson(report), null, 2)}\n`);
  else {
    const style = makeStyle(usesColor(stdout, env));
    stdout.write(`${formatBuild(report, style, stdout.columns || plainColumns).join("\n")}\n`);
    const { output } = options;
    const files = output?.type === "local" || output?.type === "tar" ? output.dest : undefined;
    if (files !== undefined) stdout.write(`\n${style.green("written")} files, not an image, to ${style.bold(files)}\n`);
  }
}

/**
 * What there is to say of a build that failed or was refused, beside its error: the findings, each with the cause that the Dockerfile shows, and for
 * programs the same report as after a success; and what the errors in the engines' logs mean, where that is known. A metadata file that cannot be written is told, and hides no error.
 */
export async function showFailure(
  { context, options, plan }: Shown,
  report: BuildReport,
  known: readonly FailedPlatform[],
): Promise<void> {
  const { cwd, stderr, stdout, env } = context;
  const full = { ...report, platforms: report.platforms.map((platform) => blamed(plan, platform)) };
  const findings = full.platforms.flatMap((platform) => platform.findings);
  const format = { style: makeStyle(usesColor(stderr, env)), columns: stderr.columns || plainColumns };
  if (findings.length > 0) stderr.write(`${formatFindings(findings, format).join("\n")}\n`);
  for (const { errors } of known) {
    for (const error of errors) stderr.write(`${formatLogError(error, format).join("\n")}\n\n`);
  }
  if (options.format === "json") stdout.write(`${JSON.stringify(buildJson(full, known), null, 2)}\n`);
  if (options.metadataFile === undefined) return;
  try {
    await writeJsonFile(cwd, options.metadataFile, metadataJson(full, known));
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    stderr.write(`${format.style.yellow("warning: ")}${error.message}\n`);
  }
}

/** One platform's findings, each with the line of the Dockerfile that explains it. */
function blamed(plan: BuildPlan, report: PlatformReport): PlatformReport {
  const placement = plan.placements.find(({ platform }) => samePlatform(platform, report.platform));
  if (!placement) return report;
  const { dockerfile, context } = plan;
  const built = { dockerfile, evaluation: placement.evaluation, name: context.dockerfileName };
  return { ...report, findings: report.findings.map((finding) => blame(finding, built)) };
}

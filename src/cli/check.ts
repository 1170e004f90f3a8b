import { resolve } from "node:path";
import { checkRepository } from "../check/check.ts";
import { noFacts } from "../check/facts/no-facts.ts";
import { readRepository } from "../check/repository/read-repository.ts";
import { loadConfig } from "../config/config.ts";
import { exitCodes } from "../error/error.ts";
import { reaches } from "../finding/finding.ts";
import { formatPlatform, parsePlatformList } from "../platform/platform.ts";
import { formatFindings } from "../report/findings.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { CheckCommandOptions } from "./check-options.ts";
import { type CheckedRepository, checkJson } from "./check-result.ts";
import type { CliContext } from "./context.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** Platforms that are checked when neither the command line nor the configuration names any. */
const usualPlatforms = "linux/amd64,linux/arm64";

/** `archway check`: reads a repository, prints what breaks, and returns 1 when a finding reaches the threshold. */
export async function runCheck(
  context: CliContext,
  directory: string | undefined,
  options: CheckCommandOptions,
): Promise<number> {
  const folder = resolve(context.cwd, directory ?? ".");
  const repository = await readRepository(folder, context.signal);
  const config = await loadConfig({ directory: folder, otherwise: context.cwd, file: options.config });
  const given = options.platforms.length > 0 ? options.platforms : config.platforms;
  const platforms = given.length > 0 ? given : parsePlatformList(usualPlatforms);
  const { findings, model } = await checkRepository(repository, { platforms, facts: noFacts, signal: context.signal });
  const checked: CheckedRepository = { platforms, findings, unreadable: model.unreadable };
  show(context, options, checked);
  return reaches(findings, options.severity) ? exitCodes.failed : 0;
}

function show({ stdout, env }: CliContext, { format }: CheckCommandOptions, checked: CheckedRepository): void {
  if (format === "json") {
    stdout.write(`${JSON.stringify(checkJson(checked), null, 2)}\n`);
    return;
  }
  const style = makeStyle(usesColor(stdout, env));
  const lines = formatFindings(checked.findings, { style, columns: stdout.columns || plainColumns });
  stdout.write(`${[`platforms: ${checked.platforms.map(formatPlatform).join(", ")}`, ...lines].join("\n")}\n`);
}

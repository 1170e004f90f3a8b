import { join, resolve } from "node:path";
import { blame } from "../build/blame.ts";
import { build } from "../build/build.ts";
import { openContext } from "../build/context.ts";
import { parseGitContext } from "../build/git-context.ts";
import type { OpenContext } from "../build/context.ts";
import { keepLogs } from "../build/logs.ts";
import { planBuild } from "../build/plan.ts";
import type { BuildPlan, PlannedPlatform } from "../build/plan.ts";
import { fileRecords } from "../build/record.ts";
import type { BuildReport } from "../build/report.ts";
import { warmFacts } from "../build/warm.ts";
import { recordInputsOf, engineRequestOf } from "../build/requests.ts";
import type { BuildOutput, BuildRequest } from "../build/request.ts";
import { loadConfig } from "../config/config.ts";
import { engineSource } from "./engines.ts";
import type { Finding } from "../finding/finding.ts";
import { samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { GateRefusal } from "../publish/gate.ts";
import { formatFindings } from "../report/findings.ts";
import { startProgress } from "../report/progress.ts";
import type { Progress } from "../report/progress.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { FactsCache } from "../verify/facts-cache.ts";
import type { BuildOptions } from "./build-options.ts";
import { progressOf } from "./build-progress.ts";
import { buildRequest } from "./build-request.ts";
import { buildJson, formatBuild, metadataJson } from "./build-result.ts";
import { applyConfig, fileInContext } from "./build-settings.ts";
import type { BuildSettings } from "./build-settings.ts";
import type { CliContext } from "./context.ts";
import { requireDestinations } from "./destinations.ts";
import { cacheFolder, stateFolder, withScratchFolder } from "./folders.ts";
import { localPlatform } from "./local-platform.ts";
import { planJson } from "./plan-json.ts";
import { formatPlan } from "./plan-text.ts";
import { openRegistries } from "./registries.ts";
import type { OpenRegistries } from "./registries.ts";
import { writeJsonFile } from "./write-json.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/** `archway build`: plans, builds, proves and publishes. Returns 0; everything else is an error. */
export async function runBuild(
  context: CliContext,
  contextArgument: string | undefined,
  options: BuildOptions,
): Promise<number> {
  const elsewhere = contextArgument === "-" || parseGitContext(contextArgument ?? "") !== undefined;
  const config = await loadConfig({
    directory: elsewhere ? context.cwd : resolve(context.cwd, contextArgument ?? "."),
    otherwise: context.cwd,
    file: options.config,
  });
  const settings = applyConfig(options, elsewhere && options.file === undefined ? fileInContext(config) : config);
  const loads = settings.output === undefined || settings.output.type === "docker";
  // Asking the machine takes as long as a small build's plan: only where the answer matters.
  const local = settings.platforms.length === 0 || loads ? await localPlatform(context) : undefined;
  const request = buildRequest(settings, contextArgument ?? settings.context ?? ".", local);
  if (!options.plan) {
    await requireDestinations(context.cwd, {
      ...(options.metadataFile === undefined ? {} : { metadataFile: options.metadataFile }),
      ...(request.output ? { output: request.output } : {}),
    });
  }
  const registries = openRegistries(settings, context);

  return withScratchFolder(async (scratch) => {
    const opened = await openContext(request.context, request.file, { ...context, scratch });
    const plan = await planBuild(
      request,
      opened,
      { engines: engineSource(context.env), resolveReference: registries.resolve },
      context.signal,
    );
    if (options.plan) {
      showPlan(context, options, plan);
      return 0;
    }
    const progress = startProgress(context.stderr, {
      mode: options.progress,
      platforms: plan.placements.map(({ platform }) => platform),
      color: usesColor(context.stderr, context.env),
      now: context.now,
    });
    try {
      if (options.progress !== "quiet") announce(context, plan, progress);
      const report = await execute(context, { request, settings, registries, plan, opened, local, scratch }, progress);
      progress.end();
      await showReport(context, options, report);
      return 0;
    } catch (error) {
      progress.end();
      if (error instanceof GateRefusal) showRefusal(context, plan, error);
      throw error;
    }
  });
}

/** What one build works with, once its plan stands. */
interface Work {
  readonly request: BuildRequest;
  readonly settings: BuildSettings;
  readonly registries: OpenRegistries;
  readonly plan: BuildPlan;
  readonly opened: OpenContext;
  /** This machine's platform, when the request needs it. */
  readonly local: Platform | undefined;
  readonly scratch: string;
}

async function execute(context: CliContext, work: Work, progress: Progress): Promise<BuildReport> {
  const { request, settings, registries, plan, opened, local, scratch } = work;
  const state = stateFolder(context.env);
  const logs = keepLogs(join(state, "logs"), context.now);
  const output: BuildOutput = request.output ?? { kind: "docker" };
  const nodeOf = (platform: Platform) =>
    plan.placements.find((placement) => samePlatform(placement.platform, platform))?.node;
  const facts = new FactsCache(join(cacheFolder(context.env), "facts"));
  const gate = request.verify ? { facts, allow: request.allow } : undefined;
  const requestFor = (placement: PlannedPlatform) => ({
    ...engineRequestOf(request, plan, opened, placement),
    annotations: { ...request.annotations, ...annotationsOf(settings, "manifest", placement.platform) },
  });
  const warming = new AbortController();
  const warmed = gate
    ? warmFacts(plan, { ...gate, signal: AbortSignal.any([context.signal, warming.signal]) })
    : Promise.resolve();
  warmed.catch(() => undefined);
  try {
    return await build(
      {
        placements: plan.placements,
        output,
        tags: request.tags,
        annotations: annotationsOf(settings, "index"),
        entryAnnotations: (platform) => annotationsOf(settings, "manifest-descriptor", platform),
        ...(local === undefined ? {} : { local }),
        openRepository: (reference) => registries.open(reference),
        plainHttp: (host) => registries.plainHttp(host),
        missing: plan.missing,
        scratch,
        cwd: context.cwd,
        env: context.env,
        requestFor,
        recordInputs: recordInputsOf(request, opened, output, requestFor, context),
        records: fileRecords(join(state, "builds"), () => new Date(context.now())),
        ...(gate ? { gate } : {}),
        jobs: request.jobs,
        allowMissing: request.allowMissing,
        now: context.now,
      },
      (event) => {
        logs.event(event);
        const shown = progressOf(event, nodeOf);
        if (shown) progress.event(shown);
      },
      context.signal,
    );
  } finally {
    warming.abort();
    await Promise.all([logs.close(), warmed]);
  }
}

/** Annotations of `--annotation` for one target, and one platform where they name it. */
function annotationsOf(
  settings: BuildSettings,
  target: BuildSettings["annotations"][number]["on"],
  platform?: Platform,
): Readonly<Record<string, string>> {
  const fitting = settings.annotations.filter(
    (annotation) =>
      annotation.on === target &&
      (annotation.platform === undefined || (platform !== undefined && samePlatform(annotation.platform, platform))),
  );
  return Object.fromEntries(fitting.map(({ key, value }) => [key, value]));
}

function announce(context: CliContext, plan: BuildPlan, progress: Progress): void {
  const style = makeStyle(usesColor(context.stderr, context.env));
  for (const line of formatPlan(plan, { style, columns: context.stderr.columns ?? plainColumns })) progress.print(line);
}

function showPlan(context: CliContext, options: BuildOptions, plan: BuildPlan): void {
  if (options.format === "json") {
    context.stdout.write(`${JSON.stringify(planJson(plan), null, 2)}\n`);
    return;
  }
  const style = makeStyle(usesColor(context.stdout, context.env));
  const lines = formatPlan(plan, { style, columns: context.stdout.columns ?? plainColumns });
  context.stdout.write(`${lines.join("\n")}\n`);
}

async function showReport(context: CliContext, options: BuildOptions, report: BuildReport): Promise<void> {
  if (options.metadataFile !== undefined) {
    await writeJsonFile(context.cwd, options.metadataFile, metadataJson(report));
  }
  const { stderr, stdout, env } = context;
  const style = makeStyle(usesColor(stderr, env));
  const columns = stderr.columns ?? plainColumns;
  const findings = report.platforms.flatMap((platform) => platform.findings);
  const told = findings.filter(({ severity }) => severity !== "note");
  if (told.length > 0) stderr.write(`${formatFindings(told, { style, columns }).join("\n")}\n`);
  if (options.format === "json") stdout.write(`${JSON.stringify(buildJson(report), null, 2)}\n`);
  else
    stdout.write(
      `${formatBuild(report, makeStyle(usesColor(stdout, env)), stdout.columns ?? plainColumns).join("\n")}\n`,
    );
}

/** The gate's findings, each with the likely cause that the Dockerfile shows. */
function showRefusal(context: CliContext, plan: BuildPlan, refusal: GateRefusal): void {
  const style = makeStyle(usesColor(context.stderr, context.env));
  const columns = context.stderr.columns ?? plainColumns;
  const findings = refusal.proofs.flatMap((proof) => blamed(plan, proof.platform, proof.findings));
  context.stderr.write(`${formatFindings(findings, { style, columns }).join("\n")}\n`);
}

/** Findings about one platform, each with the line of the Dockerfile that explains it. */
function blamed(plan: BuildPlan, platform: Platform, findings: readonly Finding[]): readonly Finding[] {
  const placement = plan.placements.find((other) => samePlatform(other.platform, platform));
  if (!placement) return findings;
  const { dockerfile, context } = plan;
  const built = { dockerfile, evaluation: placement.evaluation, name: context.dockerfileName };
  return findings.map((finding) => blame(finding, built));
}

import { dirname, join, resolve } from "node:path";
import { build } from "../build/build.ts";
import { openContext } from "../build/context.ts";
import { parseGitUrl } from "../git/git-url.ts";
import type { OpenContext } from "../build/context.ts";
import { keepJournal } from "../build/journal.ts";
import { keepLogs } from "../build/logs.ts";
import type { BuildLogs } from "../build/logs.ts";
import { locateContexts } from "../build/named-contexts.ts";
import { planBuild } from "../build/plan.ts";
import type { BuildPlan, PlannedPlatform } from "../build/plan.ts";
import { fileRecords } from "../build/record.ts";
import type { BuildReport } from "../build/report.ts";
import { warmFacts } from "../build/warm.ts";
import { recordInputsOf, engineRequestOf } from "../build/requests.ts";
import type { BuildOutput, BuildRequest } from "../build/request.ts";
import { loadConfig } from "../config/config.ts";
import { ArchwayError, isAbort } from "../error/error.ts";
import { engineSource } from "./engines.ts";
import { samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { GateRefusal } from "../publish/gate.ts";
import { startProgress } from "../report/progress.ts";
import type { Progress } from "../report/progress.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { FactsCache } from "../verify/layer/facts-cache.ts";
import type { BuildOptions } from "./build-options.ts";
import { confineBuild } from "./build-confine.ts";
import { explainBuild } from "./build-explain.ts";
import type { FailedPlatform } from "./build-explain.ts";
import { progressOf } from "./build-progress.ts";
import { buildRequest } from "./build-request.ts";
import { applyConfig, fileInContext } from "./build-settings.ts";
import type { BuildSettings } from "./build-settings.ts";
import type { CliContext } from "./context.ts";
import { requireDestinations } from "./destinations.ts";
import { cacheFolder, stateFolder, withScratchFolder } from "./folders.ts";
import { localPlatform } from "./local-platform.ts";
import { announce, showFailure, showPlan, showReport } from "./build-show.ts";
import type { Shown } from "./build-show.ts";
import { openRegistries } from "./registries.ts";
import type { OpenRegistries } from "./registries.ts";

/** `archway build`: plans, builds, proves and publishes. Returns 0; everything else is an error. */
export async function runBuild(
  context: CliContext,
  contextArgument: string | undefined,
  options: BuildOptions,
): Promise<number> {
  const elsewhere = contextArgument === "-" || parseGitUrl(contextArgument ?? "") !== undefined;
  const config = await loadConfig({
    directory: elsewhere ? context.cwd : resolve(context.cwd, contextArgument ?? "."),
    otherwise: context.cwd,
    file: options.config,
  });
  // The checkout of a pipeline is a copy of the folder that the configuration lies in.
  const isMoved = elsewhere || context.isConfined === true;
  const settings = applyConfig(options, isMoved && options.file === undefined ? fileInContext(config) : config);
  const loads = settings.output === undefined || settings.output.type === "docker";
  // Asking the machine takes as long as a small build's plan: only where the answer matters.
  const local = settings.platforms.length === 0 || loads ? await localPlatform(context) : undefined;
  const wanted = buildRequest(settings, contextArgument ?? settings.context ?? ".", local);
  const asked =
    context.isConfined === true
      ? await confineBuild(wanted, context.cwd, config.file === undefined ? context.cwd : dirname(config.file))
      : wanted;
  const buildContexts = await locateContexts(asked.buildContexts, context.cwd, context.signal);
  const request = { ...asked, buildContexts };
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
      showPlan({ context, options, plan });
      return 0;
    }
    const progress = startProgress(context.stderr, {
      mode: options.progress,
      platforms: plan.placements.map(({ platform }) => platform),
      color: usesColor(context.stderr, context.env),
      now: context.now,
    });
    const show = { context, options, plan };
    const work = { request, settings, registries, plan, opened, local, scratch };
    if (options.progress !== "quiet") announce(show, progress);
    const { report, error, known } = await execute(context, work, progress).finally(() => progress.end());
    if (error) {
      await showFailure(show, report, known ?? []);
      await offerCheck(show, error, opened);
      throw error;
    }
    await showReport(show, report);
    return 0;
  });
}

/** What `archway check` knows of the Dockerfile of a build that failed, for a person who reads the error. */
async function offerCheck({ context, plan }: Shown, { code }: ArchwayError, opened: OpenContext): Promise<void> {
  const { findingsOfFailure, formatOffer } = await import("./build-check.ts");
  const platforms = plan.placements.map(({ platform }) => platform);
  const findings = await findingsOfFailure(code, opened, platforms);
  const { stderr, env } = context;
  const format = { style: makeStyle(usesColor(stderr, env)), columns: stderr.columns || 120 };
  for (const line of formatOffer(findings, format)) stderr.write(`${line}\n`);
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

/** What came of a build: with an error, the report says what there was before it. */
interface Outcome {
  readonly report: BuildReport;
  readonly error?: ArchwayError;
  /** What the logs of the platforms that failed say, as far as it is known. */
  readonly known?: readonly FailedPlatform[];
}

/** Builds. Throws when it is interrupted, and defects; every other error is an outcome. */
async function execute(context: CliContext, work: Work, progress: Progress): Promise<Outcome> {
  const { request, settings, registries, plan, opened, local, scratch } = work;
  const state = stateFolder(context.env);
  const logs = keepLogs(join(state, "logs"), context.now);
  const journal = keepJournal(plan, request.allowMissing);
  const explainer = explainBuild(plan);
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
    const report = await build(
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
        journal.event(event);
        explainer.event(event);
        const shown = progressOf(event, nodeOf);
        if (shown) progress.event(shown);
      },
      context.signal,
    );
    return { report: { ...report, logs: logs.folder } };
  } catch (error) {
    if (context.signal.aborted || isAbort(error) || !(error instanceof ArchwayError)) throw error;
    return {
      report: { ...journal.failed(error), logs: logs.folder },
      error: withLogs(error, logs),
      known: explainer.explain(),
    };
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

/** The error with the place of the full logs, when an engine said anything at all; what the gate refuses is in no log. */
function withLogs(error: ArchwayError, logs: BuildLogs): ArchwayError {
  if (error instanceof GateRefusal || !logs.written()) return error;
  const { code, kind, message, place } = error;
  const hint = [error.hint, `Full logs: ${logs.folder}`].filter(Boolean).join("\n");
  return new ArchwayError({ code, kind, message, hint, ...(place ? { place } : {}), cause: error });
}

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { findRunner, findStored, runImage, runnerPlatform } from "../engine/run-image.ts";
import type { Runner, RunEnd } from "../engine/run-image.ts";
import { removeLeftovers, runNames } from "../engine/run-leftovers.ts";
import { lastLines } from "../engine/tail.ts";
import { ArchwayError } from "../error/error.ts";
import { writeDockerArchive } from "../image/docker-archive.ts";
import { parseManifest } from "../oci/manifest.ts";
import { parseReference } from "../oci/reference.ts";
import { describeHost } from "../platform/host.ts";
import type { HostReport } from "../platform/host.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { probeMachine } from "../platform/probe.ts";
import { isRunning, processMark } from "../store/process-mark.ts";
import type { ImageStore } from "../store/store.ts";
import { isEvidence } from "../verify/rules/evidence.ts";
import { runFinding } from "../verify/rules/run-findings.ts";
import type { RunOutcome } from "../verify/rules/run-findings.ts";
import type { CliContext } from "./context.ts";
import { withScratchFolder } from "./folders.ts";
import { verdictOfAll } from "./verify-result.ts";
import type { VerifiedImage, VerifiedPlatform } from "./verify-result.ts";

/** How images are run. */
export interface RunOptions {
  /** Replaces entrypoint and command; empty for the image's own. */
  readonly command: readonly string[];
  /** Seconds that each may run. */
  readonly seconds: number;
}

/** This machine, ready to run images. */
export interface OpenRuns {
  /**
   * Runs the image of each platform that could be read once, one after another, and adds what came of it. One that this machine cannot run, or that the
   * engine does not take, gets a note and keeps its verdict.
   *
   * @param onStart called before each
   */
  run(
    image: VerifiedImage,
    store: ImageStore,
    options: RunOptions,
    onStart: (platform: Platform) => void,
  ): Promise<VerifiedImage>;
}

/**
 * Finds the engine that runs images here and what this machine runs, and removes what killed runs left.
 *
 * @throws ArchwayError `NO_RUNNER` (kind `unreachable`) when neither Docker nor Podman answers
 */
export async function openRuns(context: CliContext): Promise<OpenRuns> {
  const { env, signal } = context;
  const [facts, runner, mark] = await Promise.all([probeMachine(signal, env), findRunner(env, signal), processMark()]);
  const host = runningHost(describeHost(facts), runner, await runnerPlatform(runner, env, signal));
  await removeLeftovers(runner, env, (id) => isRunning(markOf(id)), signal);
  let count = 0;
  return {
    run: (image, store, options, onStart) =>
      withScratchFolder(async (scratch) => {
        const platforms: VerifiedPlatform[] = [];
        for (const report of image.platforms) {
          if (report.verdict === "undecided") {
            platforms.push(report);
            continue;
          }
          onStart(report.platform);
          const place = { context, host, runner, scratch, id: `${mark}-${count++}` };
          platforms.push(withRun(report, await runOne(place, store, report, options)));
        }
        return { ...image, platforms, verdict: verdictOfAll([image, ...platforms]) };
      }),
  };
}

/** What runs containers, and what it runs. */
export type RunningHost = Pick<HostReport, "platform" | "native" | "emulators">;

/**
 * This machine as the engine's containers see it. On other systems than Linux they run in a virtual machine of the same architecture, whose emulators cannot
 * be seen from here.
 *
 * @throws ArchwayError `RUNNER_ELSEWHERE` (kind `unreachable`) for an engine on a machine of another architecture: what is native there is not native here
 */
export function runningHost(host: HostReport, runner: Runner, engine: Platform): RunningHost {
  // Engines name the kernel's architecture or their own: a Raspberry Pi with a 32-bit userland may say either.
  if (![host.platform, ...host.native].some(({ architecture }) => architecture === engine.architecture)) {
    const here = formatPlatform(host.platform);
    throw new ArchwayError({
      code: "RUNNER_ELSEWHERE",
      kind: "unreachable",
      message: `${runner} runs containers on a machine for ${formatPlatform(engine)}, and this one is ${here}: what runs natively there cannot be told from here.`,
      hint: "Run the command on that machine, or let DOCKER_HOST or CONTAINER_HOST name an engine of this one.",
    });
  }
  return host.platform.os === "linux" ? host : { platform: engine, native: [engine], emulators: [] };
}

/** A run can refute an image, and never proves one. */
function withRun(report: VerifiedPlatform, run: RunOutcome): VerifiedPlatform {
  const finding = runFinding(run);
  const undone = isEvidence(finding) && report.verdict === "pass";
  const verdict = finding.severity === "error" ? "fail" : undone ? "undecided" : report.verdict;
  return { ...report, verdict, findings: [...report.findings, finding], run };
}

/** The mark of the process in the id of a run. */
function markOf(id: string): string {
  return id.slice(0, id.lastIndexOf("-"));
}

interface Place {
  readonly context: CliContext;
  readonly host: RunningHost;
  readonly runner: Runner;
  readonly scratch: string;
  readonly id: string;
}

async function runOne(
  place: Place,
  store: ImageStore,
  image: Pick<VerifiedPlatform, "platform" | "digest">,
  options: RunOptions,
): Promise<RunOutcome> {
  const { host, runner } = place;
  const { platform } = image;
  const base = { platform, host: host.platform, command: options.command, seconds: 0, output: "" } as const;
  const way = howRun(host, platform);
  if ("reason" in way) return { ...base, result: "not-runnable-here", reason: way.reason };
  try {
    const { output, ...end } = await start(place, store, image, options);
    const said = lastLines(output, 10);
    if (end.result !== "not-runnable-here") return { ...base, ...way, ...end, output: said };
    return { ...base, ...end, engineFailed: true, reason: `${runner} could not run it: ${said}` };
  } catch (error) {
    // An engine or a store that fails says nothing about the image.
    if (!(error instanceof ArchwayError) || error.kind !== "unreachable") throw error;
    return { ...base, result: "not-runnable-here", engineFailed: true, reason: error.message };
  }
}

async function start(
  { context, runner, scratch, id }: Place,
  store: ImageStore,
  { platform, digest }: Pick<VerifiedPlatform, "platform" | "digest">,
  { command, seconds }: RunOptions,
): Promise<RunEnd> {
  const { env, signal } = context;
  const archive = join(scratch, `${id}.tar`);
  const [program, ...parameters] = command;
  try {
    const descriptor = await store.resolve(digest, { signal });
    const { config } = parseManifest(await store.manifest(descriptor, { signal }), descriptor);
    const stored = await findStored(runner, [config.digest, digest], env, signal);
    if (stored === undefined) {
      await writeDockerArchive(archive, store, descriptor, [parseReference(runNames(id).image)], signal);
    }
    const replaced = program === undefined ? {} : { command: [program, ...parameters] as const };
    return await runImage(
      { runner, env, image: stored ?? { archive }, id, platform, ...replaced, timeLimit: seconds * 1000 },
      signal,
    );
  } finally {
    await rm(archive, { force: true });
  }
}

/** By whom this machine runs programs of a platform, or why it does not. */
export function howRun(
  host: RunningHost,
  platform: Platform,
): Pick<RunOutcome, "execution" | "emulator"> | { readonly reason: string } {
  if (host.native.some((one) => samePlatform(one, platform))) return { execution: "native" };
  const emulator = host.emulators.find(({ platforms }) => platforms.some((one) => samePlatform(one, platform)));
  if (emulator === undefined) return { reason: "this machine runs it neither natively nor emulated." };
  const { flags, version, interpreter } = emulator;
  // An emulator without flag F is looked for inside the container: what fails then is not the image's fault.
  if (flags !== "" && !flags.includes("F"))
    return { reason: `its emulator ${interpreter} is registered without flag F.` };
  return { execution: "emulated", emulator: version === undefined ? interpreter : `QEMU ${version}` };
}

import { ArchwayError } from "../error/error.ts";
import type { Strategy } from "../dockerfile/strategy.ts";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import { canRun, formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";

/** A machine with an engine. */
export interface Node {
  readonly engine: Engine;
  readonly info: EngineInfo;
  /** The platform its own programs have: what `$BUILDPLATFORM` means there. */
  readonly native: Platform;
  /** Platforms that the user sends to it by `--node` or the configuration. */
  readonly assigned: readonly Platform[];
}

/** How one stage would be made on a node. */
export interface StagePlan {
  readonly name: string;
  /** What the stage's files are for. */
  readonly platform: Platform;
  readonly strategy: Strategy;
  /** How many of its steps run a program. */
  readonly runs: number;
  /** Whether a step compiles. */
  readonly compiles: boolean;
  /** Advice, when the stage compiles under emulation. */
  readonly hint?: string;
  /** Why its files are probably not for the platform, when it cross-compiles without asking for which. */
  readonly suspicious?: string;
  readonly line: number;
}

/** What a node would make of one platform. */
export interface NodeEvaluation {
  readonly node: Node;
  readonly stages: readonly StagePlan[];
  /** Platforms whose programs a stage runs and the node cannot, not even emulated. */
  readonly cannotRun: readonly Platform[];
  /** Base images that lack the platform which a stage needs on this node, as `alpine:3.4 for linux/arm64`. */
  readonly missing: readonly string[];
}

/** Where one platform is built, how, and why. */
export interface Placement {
  readonly platform: Platform;
  readonly node: Node;
  readonly strategy: Strategy;
  readonly reason: string;
  readonly stages: readonly StagePlan[];
}

/**
 * Chooses the node of one platform: only nodes that have every base image and can run every step; of those the one that emulates
 * least (a compiling stage weighs ten light ones), then the one the user named for the platform, then the platform's own kind, then the order
 * of the list. `$BUILDPLATFORM` is the platform of the node, so a cross-compiling build goes where its tool-chain image exists.
 *
 * Throws `NATIVE_ONLY` or `NO_NODE` (kind `failed`) that list what every node would have had to do.
 */
export function placePlatform(
  platform: Platform,
  evaluations: readonly NodeEvaluation[],
  nativeOnly: boolean,
): Placement {
  const able = evaluations.filter((evaluation) => evaluation.cannotRun.length === 0 && evaluation.missing.length === 0);
  if (able.length === 0) throw noNode(platform, evaluations);
  const ranked = able
    .map((evaluation, order) => ({ evaluation, order, rank: rank(platform, evaluation) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank) || a.order - b.order);
  const best = ranked[0]?.evaluation;
  if (!best) throw noNode(platform, evaluations);
  if (nativeOnly && emulated(best).length > 0) throw refuseEmulation(platform, able);

  const strategy = strategyOf(best.stages);
  return {
    platform,
    node: best.node,
    strategy,
    reason: [reasonOf(platform, strategy, best), detour(platform, best, evaluations)].filter(Boolean).join("; "),
    stages: best.stages,
  };
}

/** The strategy of a platform: emulated when any step is, else cross when a stage compiles for another platform, else native. */
export function strategyOf(stages: readonly StagePlan[]): Strategy {
  const running = stages.filter((stage) => stage.runs > 0);
  if (running.some((stage) => stage.strategy === "emulated")) return "emulated";
  if (running.some((stage) => stage.strategy === "cross")) return "cross";
  return "native";
}

function rank(platform: Platform, evaluation: NodeEvaluation): readonly number[] {
  const cost = emulated(evaluation).reduce((sum, stage) => sum + (stage.compiles ? 10 : 1), 0);
  return [
    cost,
    evaluation.node.assigned.some((assigned) => samePlatform(assigned, platform)) ? 0 : 1,
    // A node that the user gave to other platforms is the last choice for this one.
    evaluation.node.assigned.length > 0 ? 1 : 0,
    samePlatform(evaluation.node.native, platform) ? 0 : 1,
  ];
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function emulated(evaluation: NodeEvaluation): readonly StagePlan[] {
  return evaluation.stages.filter((stage) => stage.strategy === "emulated" && stage.runs > 0);
}

function reasonOf(platform: Platform, strategy: Strategy, { node, stages }: NodeEvaluation): string {
  const running = stages.filter((stage) => stage.runs > 0);
  const names = (wanted: Strategy) =>
    running
      .filter((stage) => stage.strategy === wanted)
      .map((stage) => stage.name)
      .join(", ");
  const native = formatPlatform(node.native);
  switch (strategy) {
    case "native":
      if (running.length === 0) return "no step runs a program: files only";
      return samePlatform(node.native, platform)
        ? `the node is ${native}`
        : `a ${native} node runs ${formatPlatform(platform)} itself`;
    case "cross":
      return `stage ${names("cross")} runs on ${native} and makes files for ${formatPlatform(platform)}`;
    case "emulated":
      return `no node runs ${formatPlatform(platform)} natively; stage ${names("emulated")} runs under QEMU on ${native}`;
  }
}

/** Says why a platform is not built where the user sent it. */
function detour(platform: Platform, best: NodeEvaluation, evaluations: readonly NodeEvaluation[]): string | undefined {
  const named = evaluations.filter(({ node }) => node.assigned.some((assigned) => samePlatform(assigned, platform)));
  const first = named[0];
  if (!first || named.includes(best)) return undefined;
  const endpoint = first.node.engine.endpoint;
  if (first.missing.length > 0) return `not on ${endpoint}: there is no ${first.missing.join(", no ")}`;
  if (first.cannotRun.length > 0)
    return `not on ${endpoint}: it cannot run ${first.cannotRun.map(formatPlatform).join(", ")}`;
  return `not on ${endpoint}: it would emulate stage ${emulated(first)
    .map((stage) => stage.name)
    .join(", ")}`;
}

function describe(evaluation: NodeEvaluation): string {
  const { node, cannotRun, missing } = evaluation;
  const [own, foreign] = [true, false].map((native) =>
    node.info.platforms.filter((platform) => canRun(node.native, platform) === native).map(formatPlatform),
  );
  const platforms = `${own?.join(", ")}${foreign?.length ? `, emulates ${foreign.join(", ")}` : ""}`;
  const why = [
    ...(cannotRun.length > 0 ? [`cannot run ${cannotRun.map(formatPlatform).join(", ")}`] : []),
    ...missing.map((base) => `no ${base}`),
    ...emulated(evaluation).map((stage) => `would emulate stage ${stage.name} (line ${stage.line})`),
  ];
  return `  ${node.info.name} ${node.engine.endpoint}: runs ${platforms}${why.length > 0 ? `; ${why.join("; ")}` : ""}`;
}

function noNode(platform: Platform, evaluations: readonly NodeEvaluation[]): ArchwayError {
  const name = formatPlatform(platform);
  return new ArchwayError({
    code: "NO_NODE",
    kind: "failed",
    message: [`Nothing here can build ${name}. Available:`, ...evaluations.map(describe)].join("\n"),
    hint: `Add a node with --node ${name}=ENDPOINT, register an emulator (package qemu-user-static with binfmt-support), or build without it: --allow-missing ${name}.`,
  });
}

function refuseEmulation(platform: Platform, evaluations: readonly NodeEvaluation[]): ArchwayError {
  const name = formatPlatform(platform);
  return new ArchwayError({
    code: "NATIVE_ONLY",
    kind: "failed",
    message: [
      `${name} would be emulated, and --native-only refuses that. Available:`,
      ...evaluations.map(describe),
    ].join("\n"),
    hint: `Add a native node with --node ${name}=ENDPOINT, or cross-compile: FROM --platform=$BUILDPLATFORM in the stage that runs programs.`,
  });
}

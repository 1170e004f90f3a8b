import { readFile } from "node:fs/promises";
import { evaluateDockerfile } from "../dockerfile/evaluate.ts";
import type { EvaluateOptions, Evaluation, ImageUse } from "../dockerfile/evaluation.ts";
import { parseDockerfile } from "../dockerfile/parse.ts";
import type { Dockerfile } from "../dockerfile/parse.ts";
import { stagePlans } from "./stages.ts";
import { ArchwayError } from "../error/error.ts";
import { formatReference } from "../oci/reference.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { baseConfigReader } from "./base-configs.ts";
import { hasPlatform, missingPlatformsError, parseBase, resolveBase } from "./bases.ts";
import type { BaseImage, MissingPlatform, ResolveReference } from "./bases.ts";
import type { OpenContext } from "./context.ts";
import { openNodes } from "./nodes.ts";
import type { EngineSource } from "./nodes.ts";
import { warningsOf } from "./plan-warnings.ts";
import { placePlatform } from "./placement.ts";
import type { Node, NodeEvaluation, Placement } from "./placement.ts";
import type { BuildRequest } from "./request.ts";

/** How a build will be done: everything is resolved and placed, and nothing is built yet. */
export interface BuildPlan {
  readonly context: OpenContext;
  readonly dockerfile: Dockerfile;
  /** One a platform, in the order of the request. */
  readonly placements: readonly PlannedPlatform[];
  /** Platforms that are left out by `--allow-missing`, with the reason. */
  readonly missing: readonly { readonly platform: Platform; readonly reason: string }[];
  /** The base images, each once. */
  readonly bases: readonly BaseImage[];
  /** The base images by the reference that the Dockerfile has after expansion. */
  readonly images: ReadonlyMap<string, BaseImage>;
  /** Full reference of every base image → the same image by digest, where it was found: what all engines build on. */
  readonly pins: Readonly<Record<string, string>>;
  /** The `# syntax=` image, pinned. */
  readonly syntax?: string;
  /** Why these nodes. */
  readonly reason: string;
  readonly warnings: readonly string[];
}

/** A placement with what the Dockerfile means for its platform on its node. */
export interface PlannedPlatform extends Placement {
  readonly evaluation: Evaluation;
}

/** What planning needs from outside. */
export interface PlanTools {
  readonly engines: EngineSource;
  readonly resolveReference: ResolveReference;
}

/** What is known of a base image's config. */
type BaseImageLookup = NonNullable<EvaluateOptions["baseImage"]>;

/** How an image that a plan needs is found again: the reference as the Dockerfile has it. */
type Bases = ReadonlyMap<string, BaseImage>;

/**
 * Plans a build: evaluates the Dockerfile for each platform on each node, resolves every image it reaches in the registry (or a mirror), and places
 * each platform. Nothing starts when a base image lacks a platform or no node can serve one.
 *
 * Throws `DOCKERFILE_INVALID`, `BASE_NOT_FOUND` (kind `input`), `BASE_PLATFORM_MISSING`, `NO_NODE`, `NATIVE_ONLY` (kind `failed`),
 * `NO_ENGINE`, `ENGINE_UNREACHABLE` and what stores throw (kind `unreachable`).
 */
export async function planBuild(
  request: BuildRequest,
  context: OpenContext,
  tools: PlanTools,
  signal: AbortSignal,
): Promise<BuildPlan> {
  const bytes = await readFile(context.dockerfile);
  const dockerfile = parseDockerfile(bytes, context.dockerfileName);
  // A first look with every platform as its own builder finds syntax errors and images before an engine is asked.
  const opening = openNodes(request, tools.engines, signal);
  opening.catch(() => undefined);
  const early = request.platforms.map((platform) => evaluate(dockerfile, request, platform, platform));
  const lookUp = baseLookup(context, tools.resolveReference, signal);
  const readConfig = baseConfigReader(signal);
  const look = async (use: ImageUse) => {
    const base = await lookUp(use);
    return { base, use, config: use.use === "base" ? await readConfig(base, use.platform) : undefined };
  };
  // Errors of these early questions are told where the answers are needed.
  for (const { images } of early) for (const use of images) look(use).catch(() => undefined);

  const opened = await opening;
  const evaluateAll = (baseImage?: BaseImageLookup) =>
    request.platforms.map((platform) => ({
      platform,
      onNodes: opened.nodes.map((node) => ({
        node,
        evaluation: evaluate(dockerfile, request, platform, node.native, baseImage),
      })),
    }));
  const lookAll = (all: ReturnType<typeof evaluateAll>) =>
    Promise.all(all.flatMap(({ onNodes }) => onNodes.flatMap(({ evaluation }) => evaluation.images.map(look))));
  const seen = await lookAll(evaluateAll());
  // Only the bases tell which triggers fire, and these may need more images.
  const evaluations = evaluateAll(
    (reference, platform) =>
      seen.find(({ use }) => use.reference === reference && samePlatform(use.platform, platform) && use.use === "base")
        ?.config,
  );
  const resolved: Bases = new Map((await lookAll(evaluations)).map(({ use, base }) => [use.reference, base]));
  // Buildah reads Dockerfiles itself: to it the directive is a comment.
  const frontend = opened.nodes.some(({ info }) => info.name !== "buildah") ? early[0]?.syntax : undefined;
  const syntax = frontend && (await lookUp({ reference: frontend.image, line: frontend.line ?? 1 }));

  const { placements, missing } = await placeAll(request, context, dockerfile, evaluations, resolved, signal);
  const used = new Set(placements.flatMap(({ evaluation }) => evaluation.images.map(({ reference }) => reference)));
  const images = new Map([...resolved].filter(([text]) => used.has(text)));
  const bases = [...new Set(images.values())];
  return {
    context,
    dockerfile,
    placements,
    missing,
    images,
    bases,
    pins: Object.fromEntries(bases.map((base) => [formatReference(base.reference), base.pinned])),
    ...(syntax ? { syntax: syntax.pinned } : {}),
    reason: opened.reason,
    warnings: [...opened.warnings, ...warningsOf(request, placements)],
  };
}

/** Looks every image up once, however often and however differently the Dockerfile spells it. The function throws what {@link resolveBase} does. */
export function baseLookup(
  context: Pick<OpenContext, "dockerfileName">,
  resolveReference: ResolveReference,
  signal: AbortSignal,
) {
  const known = new Map<string, Promise<BaseImage>>();
  return async ({ reference: text, line }: Pick<ImageUse, "reference" | "line">): Promise<BaseImage> => {
    const reference = parseBase(text, line, context.dockerfileName);
    const name = formatReference(reference);
    const found = known.get(name) ?? resolveBase(reference, line, context.dockerfileName, resolveReference, signal);
    known.set(name, found);
    return found;
  };
}

function evaluate(
  dockerfile: Dockerfile,
  request: BuildRequest,
  targetPlatform: Platform,
  buildPlatform: Platform,
  baseImage?: BaseImageLookup,
): Evaluation {
  return evaluateDockerfile(dockerfile, {
    targetPlatform,
    buildPlatform,
    buildArgs: request.args,
    contexts: request.buildContexts,
    ...(baseImage === undefined ? {} : { baseImage }),
    ...(request.target === undefined ? {} : { target: request.target }),
  });
}

async function placeAll(
  request: BuildRequest,
  context: OpenContext,
  dockerfile: Dockerfile,
  evaluations: readonly {
    readonly platform: Platform;
    readonly onNodes: readonly { readonly node: Node; readonly evaluation: Evaluation }[];
  }[],
  bases: Bases,
  signal: AbortSignal,
): Promise<Pick<BuildPlan, "placements" | "missing">> {
  const placements: PlannedPlatform[] = [];
  const missing: { platform: Platform; reason: string }[] = [];
  const absent: MissingPlatform[] = [];
  const refused: ArchwayError[] = [];

  for (const { platform, onNodes } of evaluations) {
    const judged = onNodes.map(({ node, evaluation }) => ({
      ...judge(dockerfile, node, evaluation, bases),
      evaluation,
    }));
    const lacking = judged.every((one) => one.missing.length > 0) ? (judged[0]?.lacking ?? []) : [];
    const allowed = request.allowMissing.some((other) => samePlatform(other, platform));
    if (lacking.length > 0) {
      if (allowed) {
        missing.push({ platform, reason: `no ${[...new Set(lacking.map(describeMissing))].join(", no ")}` });
      } else absent.push(...lacking);
      continue;
    }
    try {
      const placement = placePlatform(platform, judged, request.nativeOnly);
      const evaluation = judged.find(({ node }) => node === placement.node)?.evaluation;
      if (evaluation) placements.push({ ...placement, evaluation });
    } catch (error) {
      if (!(error instanceof ArchwayError)) throw error;
      if (allowed) missing.push({ platform, reason: error.message });
      else refused.push(error);
    }
  }
  if (absent.length > 0) throw await missingPlatformsError(absent, context.dockerfileName, signal);
  const [first] = refused;
  if (first) throw first;
  if (placements.length === 0) {
    throw new ArchwayError({
      code: "NOTHING_TO_BUILD",
      kind: "failed",
      message: `No platform is left to build: ${missing.map(({ platform, reason }) => `${formatPlatform(platform)} (${reason})`).join("; ")}.`,
      hint: "--allow-missing leaves a platform out; at least one has to be built.",
    });
  }
  return { placements, missing };
}

function judge(
  dockerfile: Dockerfile,
  node: Node,
  evaluation: Evaluation,
  bases: Bases,
): NodeEvaluation & { readonly lacking: readonly MissingPlatform[] } {
  const lacking = evaluation.images.flatMap((use) => {
    const base = bases.get(use.reference);
    return !base || hasPlatform(base, use.platform) ? [] : [{ base, platform: use.platform, line: use.line }];
  });
  const stages = stagePlans(dockerfile, evaluation, node);
  const cannotRun = stages
    .filter((stage) => stage.runs > 0 && !node.info.platforms.some((known) => samePlatform(known, stage.platform)))
    .map((stage) => stage.platform);
  return {
    node,
    stages,
    cannotRun: cannotRun.filter((one, index) => cannotRun.findIndex((other) => samePlatform(other, one)) === index),
    missing: [...new Set(lacking.map(describeMissing))],
    lacking,
  };
}

function describeMissing({ base, platform }: MissingPlatform): string {
  return `${base.name} for ${formatPlatform(platform)}`;
}

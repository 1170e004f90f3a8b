import { StringDecoder } from "node:string_decoder";
import { z } from "zod";
import { normalizePlatform, type Platform } from "../platform/platform.ts";
import { createLineSplitter } from "./child.ts";
import type { EngineEvent } from "./engine.ts";
import { clientNoise } from "./engine-texts.ts";
import { appendTail } from "./tail.ts";

/**
 * BuildKit's `--progress=rawjson`, as buildctl and docker buildx write it to standard error: one JSON object a line, Go's
 * `client.SolveStatus` (moby/buildkit client/graph.go), mixed with plain text (the source excerpt of a failure, `error: …`, log
 * lines of the client).
 */
const vertexSchema = z.object({
  digest: z.string(),
  name: z.string().default(""),
  started: z.string().optional(),
  completed: z.string().optional(),
  cached: z.boolean().default(false),
  error: z.string().default(""),
});

const statusSchema = z.object({
  id: z.string(),
  vertex: z.string().optional(),
  name: z.string().optional(),
  current: z.number(),
  total: z.number().optional(),
  timestamp: z.string().optional(),
});

const logSchema = z.object({
  vertex: z.string().optional(),
  stream: z.number().default(1),
  data: z.string(),
  timestamp: z.string().optional(),
});

const warningSchema = z.object({
  short: z.string().optional(),
  detail: z.array(z.string()).nullish(),
  url: z.string().optional(),
  range: z.array(z.object({ start: z.object({ line: z.number() }) })).nullish(),
});

const solveStatusSchema = z.object({
  vertexes: z.array(vertexSchema).nullish(),
  statuses: z.array(statusSchema).nullish(),
  logs: z.array(logSchema).nullish(),
  warnings: z.array(warningSchema).nullish(),
});

type Vertex = z.infer<typeof vertexSchema>;

/** A step that failed by itself, not because another one failed and took it along. */
export interface FailedStep {
  readonly id: string;
  readonly name: string;
  readonly error: string;
  readonly runsOn?: Platform;
  /** The end of what it wrote. */
  readonly log: string;
}

/** What is left of a rawjson stream when it has ended, for the judgement of a failure. */
export interface RawJsonEnd {
  readonly failed: readonly FailedStep[];
  /** The end of the plain text among the JSON: source excerpt and final error. */
  readonly text: string;
}

/** Reads a rawjson stream: `push` what comes from standard error, then `end` once. */
export interface RawJsonReader {
  readonly push: (chunk: Buffer) => void;
  readonly end: () => RawJsonEnd;
}

/** A line holds a whole Dockerfile (in a warning) or a piece of log; more than this is no rawjson. */
const lineLimit = 8 * 1024 * 1024;

/** Where a cancelled step differs from the one that failed (BuildKit's own printer, util/progress/progressui/display.go). */
const canceledSuffix = "context canceled";

interface StepState {
  name: string;
  started: string | undefined;
  ended: boolean;
  error: string;
  log: string;
}

/** Options of {@link createRawJsonReader}. */
export interface RawJsonOptions {
  readonly onEvent: (event: EngineEvent) => void;
  /** Rewrites step names and error texts before anybody sees them: takes out what Archway put into the Dockerfile. */
  readonly rewrite?: (text: string) => string;
  /** Milliseconds since the epoch, for lines without a time. Default: the clock. */
  readonly now?: () => number;
}

/**
 * Turns a rawjson stream into engine events. A vertex is known by its digest; it may start and end several times (a cache look-up,
 * then the work), and every interval is told. The error of a vertex that only was cancelled is no failure.
 */
export function createRawJsonReader({
  onEvent,
  rewrite = (text) => text,
  now = Date.now,
}: RawJsonOptions): RawJsonReader {
  const steps = new Map<string, StepState>();
  const decoders = new Map<string, StringDecoder>();
  let text = "";

  const time = (value: string | undefined) => {
    const at = Date.parse(value ?? "");
    // Go's zero time is the year 1.
    return Number.isNaN(at) || at <= 0 ? now() : at;
  };

  const onVertex = (vertex: Vertex) => {
    const step = steps.get(vertex.digest) ?? { name: "", started: undefined, ended: true, error: "", log: "" };
    steps.set(vertex.digest, step);
    if (vertex.name !== "") step.name = rewrite(vertex.name);
    const common = { type: "step" as const, id: vertex.digest, name: step.name, ...whereStepRuns(step.name) };
    if (vertex.started !== undefined && vertex.started !== step.started) {
      step.started = vertex.started;
      step.ended = false;
      onEvent({ ...common, state: "started", at: time(vertex.started) });
    }
    if (vertex.completed === undefined || step.ended) return;
    step.ended = true;
    const at = time(vertex.completed);
    if (vertex.error === "") {
      step.log = "";
      onEvent({ ...common, state: vertex.cached ? "cached" : "done", at });
      return;
    }
    const error = rewrite(vertex.error);
    if (error.endsWith(canceledSuffix)) {
      onEvent({ ...common, state: "canceled", at });
      return;
    }
    step.error = error;
    onEvent({ ...common, state: "failed", at, error });
  };

  const onLog = (log: z.infer<typeof logSchema>) => {
    const key = `${log.vertex ?? ""}/${log.stream}`;
    // A character may be cut in two between pieces of a log.
    const decoder = decoders.get(key) ?? new StringDecoder();
    decoders.set(key, decoder);
    const piece = decoder.write(Buffer.from(log.data, "base64"));
    if (piece === "") return;
    const step = log.vertex === undefined ? undefined : steps.get(log.vertex);
    if (step) step.log = appendTail(step.log, piece);
    const at = time(log.timestamp);
    onEvent({
      type: "log",
      ...(log.vertex === undefined ? {} : { step: log.vertex }),
      stream: log.stream === 2 ? 2 : 1,
      text: piece,
      at,
    });
  };

  const onLine = (line: string) => {
    const status = parseStatus(line);
    if (status === undefined) {
      if (clientNoise.test(line)) return;
      const plain = rewrite(line);
      text = appendTail(text, `${plain}\n`);
      if (plain.trim() !== "") onEvent({ type: "log", stream: 2, text: `${plain}\n`, at: now() });
      return;
    }
    for (const vertex of status.vertexes ?? []) onVertex(vertex);
    for (const { id, vertex, name, current, total, timestamp } of status.statuses ?? []) {
      if (vertex === undefined) continue;
      const size = total === undefined || total === 0 ? {} : { total };
      onEvent({ type: "progress", step: vertex, name: name ?? id, current, ...size, at: time(timestamp) });
    }
    for (const log of status.logs ?? []) onLog(log);
    for (const { short, detail, url, range } of status.warnings ?? []) {
      const words = [short, ...(detail ?? [])].map((part) => Buffer.from(part ?? "", "base64").toString());
      const line = range?.[0]?.start.line;
      onEvent({
        type: "warning",
        text: rewrite(words.filter((part) => part !== "").join("\n")),
        ...(line === undefined || line === 0 ? {} : { line }),
        ...(url === undefined || url === "" ? {} : { url }),
      });
    }
  };

  const lines = createLineSplitter(lineLimit, onLine);
  return {
    push: lines.push,
    end: () => {
      lines.end();
      const failed = [...steps]
        .filter(([, step]) => step.error !== "")
        .map(([id, { name, error, log }]) => ({ id, name, error, log, ...whereStepRuns(name) }));
      return { failed, text };
    },
  };
}

function parseStatus(line: string): z.infer<typeof solveStatusSchema> | undefined {
  if (!line.startsWith("{")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    // Text that only looks like JSON: a program's message, a cut line.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return solveStatusSchema.safeParse(value).data;
}

/**
 * `[linux/arm64 build 3/5] RUN …`, `[linux/amd64->arm64 2/5] RUN …`: the platform before the arrow is the one that it runs on
 * (dockerfile2llb `prefixCommand`). Only RUN runs programs; BuildKit does COPY, ADD and WORKDIR itself.
 */
const runStep =
  /^\[(?<os>[a-z0-9]+)\/(?<architecture>[a-z0-9]+)(?:\/(?<variant>[a-z0-9.]+))?(?:->\S+)? (?:\S+ )? *\d+\/\d+\] (?:ONBUILD )?RUN\b/;

/** Where the program of a step runs, read from BuildKit's name of it; nothing when it runs none or the name does not tell. */
export function whereStepRuns(name: string): { readonly runsOn?: Platform } {
  const { os, architecture, variant } = runStep.exec(name)?.groups ?? {};
  if (os === undefined || architecture === undefined) return {};
  return { runsOn: normalizePlatform({ os, architecture, variant }) };
}

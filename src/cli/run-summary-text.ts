import type { ImageProjection } from "../event/project-run.ts";
import { formatCount } from "../report/quantity.ts";
import { printable, printableLines, type Style } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import type { JobSummary, RunSummary } from "./run-summary.ts";

/** How a summary is written. */
export interface SummaryFormat {
  readonly style: Style;
  readonly columns: number;
  /** `all`: with a line for each job; `graph`: their graph stands above; `failures`: nothing else. */
  readonly shows: "all" | "graph" | "failures";
}

/** The summary of a run: its jobs, what is to be known of failures and images, and where the time went. */
export function formatSummary(summary: RunSummary, { style, columns, shows }: SummaryFormat): readonly string[] {
  const failures = summary.jobs.flatMap((job) => formatFailure(job, style));
  if (shows === "failures") return failures.slice(1);
  const rows = summary.jobs.map((job) => rowOf(job, style));
  const table = shows === "all" ? ["", ...formatTable(rows, { columns, style })] : [];
  const images = summary.images.map((image) => `${style.cyan(image.job)} ${formatImage(image, style)}`);
  const kept = summary.kept.map((job) => formatKept(job, style));
  const parts = [images, kept].flatMap((lines) => (lines.length === 0 ? [] : ["", ...lines]));
  return [...table, ...failures, ...parts, "", ...formatTotal(summary, style)];
}

function rowOf({ job, state, mode, seconds, waited, cacheHits, reason, failure }: JobSummary, style: Style) {
  const paint = state === "succeeded" ? style.green : state === "failed" ? style.red : style.dim;
  return [
    job,
    { text: state, paint },
    mode ?? "",
    `${seconds.toFixed(1)} s`,
    waited < 0.05 ? "" : `waited ${waited.toFixed(1)} s`,
    cacheHits === 0 ? "" : formatCount(cacheHits, "cache hit"),
    { text: printable(reason ?? (failure === undefined ? "" : failure.code)), paint: style.dim },
  ];
}

/** What failed, the end of its log, what is known about the error, and what to do. */
function formatFailure({ job, reason, failure, log }: JobSummary, style: Style): readonly string[] {
  if (failure === undefined) return [];
  const { kind, message, hint, explained } = failure;
  const [first = "", ...more] = printableLines(message);
  // The command that the job is has said it in its own log.
  const said = [`error: ${first}`, ...more, `hint: ${hint}`];
  const words = [...(kind === "user" ? [] : [kind]), ...(reason === undefined ? [] : [reason])];
  return [
    "",
    style.red(`${job}: ${first}${words.length === 0 ? "" : ` (${words.join(", ")})`}`),
    ...more,
    ...(log?.lines ?? [])
      .filter((line) => !said.includes(printable(line)))
      .map((line) => `${style.dim(`${log?.source} │`)} ${printable(line)}`),
    ...(explained === undefined
      ? []
      : [
          style.bold(`${explained.code} ${explained.title}`),
          ...printableLines(explained.cause).map((line) => `  ${line}`),
          ...printableLines(explained.fix).map((line) => `  ${line}`),
        ]),
    ...(hint === undefined ? [] : [`${style.cyan("hint: ")}${printable(hint)}`]),
  ];
}

/** What became of an image, without its job. */
export function formatImage(image: Omit<ImageProjection, "job">, style: Style): string {
  const { reference, digest, published, tags = [] } = image;
  const name = reference.endsWith(digest) ? reference : `${reference} ${digest}`;
  if (published) return [style.green("published"), ...tags, name].join(" ");
  const waits = `, ${style.yellow("not published")} as ${tags.join(", ")}: that needs --publish`;
  return `built ${name}${tags.length === 0 ? "" : waits}`;
}

/** How to get into the place of a failure. */
function formatKept(job: string, style: Style): string {
  const word = /^[\w@/.-]+$/.test(job) ? job : `'${job}'`;
  return `${style.cyan("kept:")} archway run --shell ${word} opens a shell where it failed`;
}

function formatTotal({ state, seconds, cacheHits, slowestStep, events }: RunSummary, style: Style): readonly string[] {
  const { total, waited, native, emulated } = seconds;
  const paint = state === "succeeded" ? style.green : state === "failed" ? style.red : style.yellow;
  const words = [
    `native ${native.toFixed(1)} s`,
    `emulated ${emulated.toFixed(1)} s`,
    `waited ${waited.toFixed(1)} s`,
    formatCount(cacheHits, "cache hit"),
  ];
  const slowest =
    slowestStep === undefined
      ? []
      : [
          `slowest step: ${slowestStep.step} of ${slowestStep.job}, ${slowestStep.seconds.toFixed(1)} s${slowestStep.attempts === 1 ? "" : ` in ${slowestStep.attempts} attempts`}`,
        ];
  return [`${paint(state)} in ${total.toFixed(1)} s (${words.join(", ")})`, ...slowest, `events in ${events}`];
}

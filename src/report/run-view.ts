import type { JobProjection, RunProjection } from "../event/project-run.ts";
import { formatCount, formatDuration } from "./quantity.ts";
import { type Focus, type Focused, focusedOf } from "./run-focus.ts";
import { type Graph, graphHeight, graphOf, type GraphRow, renderGraph } from "./run-graph.ts";
import { joinSegments, type Segment } from "./segments.ts";
import { printable, type Style } from "./style.ts";

/** What a person sees of a run besides its state. */
export interface RunView {
  readonly focus: Focus;
  /** Whether keys are read. */
  readonly keys: boolean;
  /** A question, and what was typed as its answer. */
  readonly question?: { readonly text: string; readonly typed: string };
  /** The run was asked to end. */
  readonly isCancelled: boolean;
}

/** The space of a live view and the time it shows. */
export interface RunFrame {
  /** Width of the terminal; lines stay one column below, so that none wraps. */
  readonly columns: number;
  /** Height of the terminal; the view stays one line below, for the cursor. */
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly style: Style;
}

/** Rows of the log that are worth a place of their own. */
const logRows = 3;
/** Rows of the log at most: more of it is in the file. */
const mostLogRows = 20;

/**
 * Lines of the live view of a run: what runs, the graph of its jobs, the log of the one in focus, the question or the keys. Where not all rows of the graph fit, those that run or failed are
 * shown first.
 */
export function renderRun(run: RunProjection, view: RunView, frame: RunFrame): string[] {
  const budget = Math.max(1, frame.rows - 1);
  const columns = frame.columns - 1;
  const focused = focusedOf(run, view.focus);
  const footer = footerOf(view, frame.style);
  const header = headerOf(run, frame);
  const graph = graphOf(run, columns);
  // A small terminal shows what a person is asked and what runs; the rest must wait for space.
  const around = 1 + (footer.length > 0 ? 1 : 0);
  const forLog = focused?.source === undefined ? 0 : Math.min(1 + logRows, Math.max(0, budget - around - 3));
  const rows = chooseRows(graph, { lines: Math.max(1, budget - around - forLog), focused: focused?.job });
  const graphFrame = {
    columns,
    now: frame.now,
    style: frame.style,
    ...(focused === undefined ? {} : { focus: focused.job.job }),
  };
  const shown = renderGraph(graph, rows.shown, run, graphFrame);
  const hidden =
    rows.hidden.length === 0
      ? []
      : [joinSegments([{ text: hiddenText(rows.hidden), paint: frame.style.dim }], columns)];
  const top = [joinSegments(header, columns), ...shown, ...hidden];
  const log = focused === undefined ? [] : logOf(focused, view, frame, budget - top.length - footer.length);
  const bottom = footer.length === 0 ? [] : [joinSegments(footer, columns)];
  return [...top.slice(0, Math.max(0, budget - bottom.length)), ...log, ...bottom].slice(0, budget);
}

/** What stays on the terminal when the view ends: the whole graph. */
export function renderRunEnd(run: RunProjection, { columns, now, style }: Omit<RunFrame, "rows">): string[] {
  const graph = graphOf(run, columns - 1);
  return renderGraph(graph, graph.rows, run, { columns: columns - 1, now, style });
}

function headerOf({ started, jobs }: RunProjection, { now, style }: RunFrame): readonly Segment[] {
  const { event = "", branch, tag, at = now } = started ?? {};
  const all = [...jobs.values()];
  const count = (...states: readonly JobProjection["state"][]) =>
    all.filter(({ state }) => states.includes(state)).length;
  const failed = count("failed");
  const about = [event.replace("_", " "), tag ?? branch].filter((word) => word !== undefined && word !== "").join(" ");
  return [
    { text: printable(about), paint: style.bold },
    { text: formatDuration(now - at) },
    { text: `${all.length - count("waiting", "queued", "running")} of ${formatCount(all.length, "job")} done` },
    ...(count("running") === 0 ? [] : [{ text: `${count("running")} running`, paint: style.cyan }]),
    ...(failed === 0 ? [] : [{ text: `${failed} failed`, paint: style.red }]),
  ];
}

function footerOf({ question, keys, isCancelled }: RunView, style: Style): readonly Segment[] {
  if (isCancelled) return [{ text: "cancelling: Ctrl-C again ends at once", paint: style.yellow }];
  if (question !== undefined)
    return [{ text: `${printable(question.text)} [y/N] ${printable(question.typed)}▁`, paint: style.yellow }];
  return keys ? [{ text: "↑↓←→ job · tab step · f follow · q cancel", paint: style.dim }] : [];
}

/** The rows of the graph that have space, in its order: those in focus, that run, that failed, that come next, and of what has ended the latest. */
function chooseRows(
  graph: Graph,
  space: { readonly lines: number; readonly focused: JobProjection | undefined },
): { readonly shown: readonly GraphRow[]; readonly hidden: readonly GraphRow[] } {
  const { rows } = graph;
  if (graphHeight(graph, rows.length) <= space.lines) return { shown: rows, hidden: [] };
  const rank = ({ cells }: GraphRow) => Math.min(...cells.map((job) => rankOf(job, space.focused)));
  const ranks = new Map(rows.map((row) => [row, rank(row)]));
  const byRank = rows
    .map((row, index) => ({ row, index }))
    .toSorted((a, b) => {
      const difference = (ranks.get(a.row) ?? 0) - (ranks.get(b.row) ?? 0);
      return difference || ((ranks.get(a.row) ?? 0) >= 5 ? b.index - a.index : a.index - b.index);
    });
  const chosen = new Set<GraphRow>();
  for (const { row } of byRank) {
    // One line tells of those that are hidden.
    if (graphHeight(graph, chosen.size + 1) > space.lines - 1) break;
    chosen.add(row);
  }
  return { shown: rows.filter((row) => chosen.has(row)), hidden: rows.filter((row) => !chosen.has(row)) };
}

function rankOf(job: JobProjection | undefined, focused: JobProjection | undefined): number {
  if (job === undefined) return 9;
  if (job === focused) return 0;
  const ranks = { running: 1, failed: 2, queued: 3, waiting: 4, cancelled: 5, succeeded: 6, skipped: 7 } as const;
  return ranks[job.state];
}

function hiddenText(hidden: readonly GraphRow[]): string {
  const jobs = hidden.flatMap(({ cells }) => cells.filter((job) => job !== undefined));
  const waiting = jobs.filter(({ endedAt }) => endedAt === undefined).length;
  const words = [
    ...(jobs.length > waiting ? [`${jobs.length - waiting} done`] : []),
    ...(waiting > 0 ? [`${waiting} to come`] : []),
  ];
  return `… ${formatCount(jobs.length, "more job")}: ${words.join(", ")}`;
}

/** The title of the log and as many of its last lines as there is space for. */
function logOf({ job, source }: Focused, { focus }: RunView, frame: RunFrame, space: number): readonly string[] {
  const { style, now } = frame;
  const columns = frame.columns - 1;
  if (source === undefined || space < 2) return [];
  const { name, attempt, startedAt, endedAt, log, state } = source;
  const names = [...job.sources.keys()];
  const title: readonly Segment[] = [
    { text: "──", paint: style.dim },
    { text: printable(job.job), paint: style.bold },
    { text: printable(name), paint: style.cyan },
    ...(names.length > 1 ? [{ text: `${names.indexOf(name) + 1}/${names.length}`, paint: style.dim }] : []),
    { text: formatDuration((endedAt ?? now) - startedAt) },
    ...(attempt > 1 ? [{ text: `attempt ${attempt}`, paint: style.yellow }] : []),
    ...(state === "failed" ? [{ text: "failed", paint: style.red }] : []),
    ...(focus.job === undefined ? [{ text: "follows the latest", paint: style.dim }] : []),
  ];
  const lines = log
    .lines(Math.min(mostLogRows, space - 1))
    .map((line) => joinSegments([{ text: `│ ${printable(line)}` }], columns));
  return [joinSegments(title, columns, " "), ...lines];
}

import type { JobProjection, RunProjection } from "../event/project-run.ts";
import { formatDuration } from "./quantity.ts";
import { joinSegments, type Segment } from "./segments.ts";
import { columnsOf, printable, type Style, truncate } from "./style.ts";

/** A row of the graph: the jobs that differ in their platform alone. */
export interface GraphRow {
  /** `test`, `test[go=1.26]`. */
  readonly label: string;
  /** One for each platform of the graph; a job that is for no platform stands in the first place, alone. */
  readonly cells: readonly (JobProjection | undefined)[];
  readonly isWide: boolean;
}

/** The graph of a run: jobs in the order of their needs, platforms as columns. */
export interface Graph {
  readonly platforms: readonly string[];
  readonly rows: readonly GraphRow[];
}

/** What a cell of a graph is drawn with. */
export interface GraphFrame {
  /** Columns that a line may take. */
  readonly columns: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly style: Style;
}

/** A column narrower than this has no place for a state, seconds and a mode. */
const narrowest = 18;
/** Wider ones would only move the platforms apart. */
const widest = 46;

/** The jobs of a run as rows and columns. On a terminal that is too narrow for columns every job has a row of its own. */
export function graphOf({ started, jobs }: RunProjection, columns = Infinity): Graph {
  const all = [...jobs.values()];
  const planned = all.flatMap((job) => (job.planned === undefined ? [] : [job.planned]));
  const order = started?.platforms ?? [];
  const platforms = [...new Set([...order.filter((one) => planned.includes(one)), ...planned])];
  const members = new Map<string, JobProjection[]>();
  for (const job of all) members.set(labelOf(job), [...(members.get(labelOf(job)) ?? []), job]);
  const rows = [...members].map(([label, row]): GraphRow => {
    const isWide = row.every((job) => job.planned === undefined);
    return { label, isWide, cells: isWide ? row : platforms.map((one) => row.find((job) => job.planned === one)) };
  });
  const labels = labelColumns({ platforms, rows }, columns);
  if (platforms.length === 0 || columns - labels >= platforms.length * narrowest) return { platforms, rows };
  return { platforms: [], rows: all.map((job) => ({ label: job.job, isWide: true, cells: [job] })) };
}

/** Lines of some rows of a graph, under the names of the platforms. */
export function renderGraph(
  graph: Graph,
  rows: readonly GraphRow[],
  run: RunProjection,
  frame: GraphFrame & { readonly focus?: string },
): string[] {
  const { columns, style } = frame;
  const { platforms } = graph;
  const labels = labelColumns(graph, columns);
  const width = Math.min(widest, Math.floor((columns - labels) / Math.max(1, platforms.length)));
  const header = platforms.map((platform) => style.bold(pad(`   ${platform}`, width)));
  const lines = rows.map(({ label, cells, isWide }) => {
    const drawn = cells.map((job) => {
      const space = isWide ? columns - labels : width;
      const text = job === undefined ? "" : cellOf(job, run, { ...frame, columns: space - 1 });
      return text + " ".repeat(Math.max(0, space - columnsOf(text)));
    });
    return style.bold(pad(printable(label), labels)) + drawn.join("");
  });
  const titled = platforms.length === 0 ? lines : [" ".repeat(labels) + header.join(""), ...lines];
  return titled.map((line) => line.trimEnd());
}

/** Lines that {@link renderGraph} makes of so many rows. */
export function graphHeight({ platforms }: Graph, rows: number): number {
  return rows + (platforms.length === 0 ? 0 : 1);
}

function labelColumns({ platforms, rows }: Graph, columns: number): number {
  const longest = Math.max(0, ...rows.map(({ label }) => columnsOf(label)));
  const share = platforms.length === 0 ? columns / 2 : columns / 3;
  return Math.min(longest + 1, Math.max(8, Math.floor(share)), columns);
}

function labelOf({ job, planned }: JobProjection): string {
  const end = planned === undefined ? "" : `@${planned}`;
  return end !== "" && job.endsWith(end) ? job.slice(0, -end.length) : job;
}

/** State, seconds, mode and what there is to know of one job, cut to its columns. */
function cellOf(job: JobProjection, run: RunProjection, frame: GraphFrame & { readonly focus?: string }): string {
  const { style, columns } = frame;
  if (columns < 3) return "";
  const mark = frame.focus === job.job ? style.bold("▸") : " ";
  return `${mark}${joinSegments(segmentsOf(job, run, frame), columns - 1, " ")}`;
}

function segmentsOf(job: JobProjection, run: RunProjection, { now, style }: GraphFrame): readonly Segment[] {
  const { state, startedAt, endedAt, mode, planned, platform, reason } = job;
  const [glyph, paint] = glyphOf(job, style);
  const segments: Segment[] = [{ text: glyph, paint }];
  const say = (text: string | undefined, how?: Style[keyof Style]) => {
    if (text !== undefined && text !== "")
      segments.push({ text: printable(text), ...(how === undefined ? {} : { paint: how }) });
  };
  if (startedAt !== undefined) say(formatDuration((endedAt ?? now) - startedAt));
  if (mode !== undefined) say(mode, mode === "emulated" ? style.yellow : style.dim);
  if (planned === undefined && mode !== undefined) say(platform, style.dim);
  if (hasMachines(run) && job.machine !== undefined) say(`on ${job.machine}`, style.dim);
  switch (state) {
    case "waiting":
      say(waitingFor(job, run), style.dim);
      break;
    case "queued":
      say(reason === undefined ? "queued" : `waits ${reason}`, style.dim);
      break;
    case "running":
      say(job.kind === "approval" ? "waits for an answer" : job.current, style.cyan);
      break;
    case "failed":
      say(job.failedStep ?? job.failure?.code, style.red);
      say(reason, style.dim);
      break;
    case "cancelled":
    case "skipped":
      say(reason === undefined ? state : `${state}: ${reason}`, style.dim);
      break;
    case "succeeded":
      break;
  }
  return segments;
}

/** Whether the jobs run on more than one machine. */
function hasMachines({ jobs }: RunProjection): boolean {
  return new Set([...jobs.values()].flatMap(({ machine }) => machine ?? [])).size > 1;
}

/** What a job still waits for. */
function waitingFor({ needs, reason }: JobProjection, { jobs }: RunProjection): string {
  const open = needs.filter((need) => jobs.get(need)?.endedAt === undefined);
  const [first] = open;
  if (first === undefined) return needs.length > 0 || reason === undefined ? "queued" : `waits ${reason}`;
  return open.length === 1 ? `waits for ${first}` : `waits for ${open.length} jobs`;
}

function glyphOf({ state, kind, reason }: JobProjection, style: Style): readonly [string, Style[keyof Style]] {
  switch (state) {
    case "waiting":
      return ["·", style.dim];
    case "queued":
      return ["○", style.dim];
    case "running":
      return kind === "approval" ? ["?", style.yellow] : ["●", style.cyan];
    case "succeeded":
      return ["✓", style.green];
    case "failed":
      // What may fail does not fail the run.
      return reason === undefined ? ["✗", style.red] : ["✗", style.yellow];
    case "cancelled":
      return ["⊘", style.yellow];
    case "skipped":
      return ["–", style.dim];
  }
}

function pad(text: string, columns: number): string {
  const cut = truncate(text, columns - 1);
  return cut + " ".repeat(Math.max(0, columns - columnsOf(cut)));
}

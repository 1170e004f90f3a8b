import { columnsOf } from "../../src/report/style.ts";
import type { Cell, Look, Row } from "./screen.ts";

/** What the screen showed from a time on, in seconds since the beginning. */
export interface Frame {
  readonly at: number;
  readonly rows: readonly Row[];
}

/** The picture that is drawn. */
export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly frames: readonly Frame[];
  /** Seconds until the recording begins again; more than the last frame's time. */
  readonly duration: number;
  /** What the picture shows, for those who do not see it. */
  readonly title: string;
}

/** Pixels of a character and around the text. */
const width = 8.4;
const height = 18;
const margin = 16;

const background = "#16181d";
const foreground = "#d7dae0";
const colors: Readonly<Record<number, string>> = {
  30: "#5c6370",
  31: "#ef6b73",
  32: "#8cc265",
  33: "#d8b25b",
  34: "#4aa5f0",
  35: "#c678dd",
  36: "#42b3c2",
  37: foreground,
};

/** A word or more of one look, while it stands at its place. */
interface Span {
  readonly content: string;
  readonly from: number;
  readonly to: number;
}

/**
 * Draws a recording as one SVG that moves by itself (SMIL, so that it also moves in an `<img>`) and needs no font of the network. Where nothing
 * moves it shows the last frame.
 */
export function drawRecording(picture: Picture): string {
  const size = { x: picture.columns * width + 2 * margin, y: picture.rows * height + 2 * margin };
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.x} ${size.y}" width="${size.x}" height="${size.y}" role="img">`,
    `<title>${escape(picture.title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${background}"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${foreground}">`,
    ...spansOf(picture).map((span) => drawSpan(span, picture.duration)),
    "</g>",
    "</svg>",
  ].join("\n")}\n`;
}

/** The pieces of all frames, each once for as long as it stays the same. */
function spansOf({ frames, duration }: Picture): Span[] {
  const ended: Span[] = [];
  let open = new Map<string, number>();
  for (const { at, rows } of [...frames, { at: duration, rows: [] }]) {
    const shown = new Set(rows.flatMap(drawRow));
    for (const [content, from] of open) if (!shown.has(content)) ended.push({ content, from, to: at });
    open = new Map([...shown].map((content) => [content, open.get(content) ?? at]));
  }
  return ended;
}

function drawSpan({ content, from, to }: Span, duration: number): string {
  if (from === 0 && to === duration) return content;
  const share = (seconds: number) => Number((seconds / duration).toFixed(4));
  const shown = to === duration;
  const [values, times] = shown
    ? ["none;inline", [0, share(from)]]
    : from === 0
      ? ["inline;none", [0, share(to)]]
      : ["none;inline;none", [0, share(from), share(to)]];
  return (
    `<g${shown ? "" : ' display="none"'}><animate attributeName="display" calcMode="discrete" dur="${duration}s" repeatCount="indefinite" ` +
    `values="${values}" keyTimes="${times.join(";")}"/>${content}</g>`
  );
}

/** The pieces of a line: characters of the same look with single spaces between them, kept to the grid whatever the font. */
function drawRow(row: Row, index: number): string[] {
  const runs: { start: number; text: string; look: Look }[] = [];
  row.forEach(({ character, look }: Cell, column) => {
    const last = runs.at(-1);
    if (last && sameLook(last.look, look)) last.text += character;
    else runs.push({ start: column, text: character, look });
  });
  const y = margin + (index + 0.75) * height;
  return runs.flatMap(({ start, text, look }) =>
    [...text.matchAll(/\S+(?: \S+)*/g)].map(({ 0: words, index: offset }) => {
      const x = Number((margin + (start + columnsOf(text.slice(0, offset))) * width).toFixed(1));
      const length = Number((columnsOf(words) * width).toFixed(1));
      return `<text x="${x}" y="${y}" textLength="${length}"${attributes(look)}>${escape(words)}</text>`;
    }),
  );
}

function attributes({ bold, dim, color }: Look): string {
  const fill = color === undefined ? undefined : colors[color];
  return [
    fill === undefined ? "" : ` fill="${fill}"`,
    bold ? ' font-weight="bold"' : "",
    dim ? ' opacity="0.6"' : "",
  ].join("");
}

function sameLook(a: Look, b: Look): boolean {
  return a.bold === b.bold && a.dim === b.dim && a.color === b.color;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

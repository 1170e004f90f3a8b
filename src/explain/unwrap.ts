/**
 * Takes off a line of a log what CI systems, container runtimes and daemons put around the words of a program: time stamps, prefixes, colours, quoting. What is
 * not known stays: patterns are searched in the line, and need no clean one.
 */
import { stripVTControlCharacters } from "node:util";

/** One line of a log without its wrapping. */
export interface PlainLine {
  readonly text: string;
  /** BuildKit's number of the step that the line belongs to: `#12 …`. */
  readonly step?: number;
  /** Whether BuildKit itself speaks (`#12 [2/3] RUN …`, `#12 ERROR: …`), not the program of the step (`#12 0.345 …`). */
  readonly fromEngine: boolean;
}

const time = String.raw`\d{2}:\d{2}:\d{2}(?:[.,]\d+)?`;
const isoTime = String.raw`\d{4}-\d{2}-\d{2}[T ]${time}(?: ?(?:Z|UTC|[+-]\d{2}:?\d{2}))?`;

/** Prefixes that are taken off, again and again until none fits. Each begins at the start of the line. */
const prefixes: readonly RegExp[] = [
  // `gh run view --log`: JOB, STEP and time, between tabs.
  new RegExp(String.raw`^[^\t]{1,120}\t[^\t]{1,120}\t\uFEFF?${isoTime} ?`),
  // GitHub, Azure, kubectl logs --timestamps, docker logs -t; GitLab adds the number of its stream and a letter, CRI the stream's name.
  new RegExp(String.raw`^\uFEFF?\[?${isoTime}\]?:?(?: (?:stdout|stderr) [FP])?(?: [0-9a-f]{2}[OE][ +]| )?`),
  // Jenkins (Timestamper), TeamCity, GNU ts, Bamboo.
  new RegExp(String.raw`^\[?${time}\]?(?:[WEiFd]?:)? {1,2}`),
  new RegExp(String.raw`^(?:build|error|simple|command)\t\d{2}-[A-Z][a-z]{2}-\d{4} ${time}\t`),
  new RegExp(String.raw`^\d{4}/\d{2}/\d{2} ${time} `),
  // GitHub's and Azure's commands.
  /^##\[(?:error|warning|notice|debug|section)\]/,
  /^::(?:error|warning|notice)(?: [^:]*)?::/,
  // GitLab's section marks.
  /^section_(?:start|end):\d+:\S+?(?=\s|$) ?/,
  // Jenkins' parallel branches, Tekton, Woodpecker, Drone, kubectl logs --prefix: a word in brackets. Platforms and steps of engines stay.
  /^\[(?:step-[\w.-]+|pod\/[\w./-]+|[\w.-]+:(?:L?\d+)(?::\d+s)?|Pipeline|Build \S+|(?:linux[-_])?(?:amd64|arm64|arm|armv7|x86_64|aarch64))\] (?!STEP)/,
  // docker compose: NAME-1  | text.
  /^(?!\d+ )[a-zA-Z0-9][\w.-]{0,60} +\| ?/,
  /^[a-zA-Z0-9][\w.-]{0,60}[-_]\d{1,3}\s*\| ?/,
  // syslog and journald: Nov 28 20:14:54 host dockerd[123]: text.
  new RegExp(String.raw`^[A-Z][a-z]{2} [ \d]\d ${time} \S+ [\w./-]+(?:\[\d+\])?: `),
  // klog: E1128 20:14:54.309123   12345 remote_image.go:171] text.
  new RegExp(String.raw`^[IWEF]\d{4} ${time}\s+\d+ [\w.-]+:\d+\] `),
];

/** Lines of BuildKit's plain printer: `#12 0.345 text` is the program's, `#12 text` BuildKit's own. */
const buildkitLine = /^#(?<step>\d{1,5}) (?:\[(?:auth|internal)\] )?(?:(?<seconds>\d+\.\d+) )?/;
/** BuildKit's excerpt of a failed step, below ` > [2/3] RUN …:`. */
const excerptLine = /^\d+\.\d{1,3} (?=\S)/;
/** How deep wrappings may nest: a daemon's line in a container's log in a CI's log. */
const maxDepth = 8;

/** The pieces of a raw line: what a terminal would have shown one after another, over-written by carriage returns. */
export function segments(raw: string): string[] {
  const clean = stripVTControlCharacters(raw).replaceAll(/\^\[\[[\d;]*[A-Za-z]/g, "");
  return clean
    .split("\r")
    .map((segment) => segment.trimEnd())
    .filter((segment) => segment !== "");
}

/** Unwraps one segment of a line. */
export function unwrap(segment: string): PlainLine {
  let text = segment;
  let step: number | undefined;
  let fromEngine = false;
  for (let depth = 0; depth < maxDepth; depth += 1) {
    const before = text;
    for (const prefix of prefixes) text = text.replace(prefix, "");
    const numbered = step === undefined ? buildkitLine.exec(text) : null;
    if (numbered?.groups) {
      step = Number(numbered.groups["step"]);
      fromEngine = numbered.groups["seconds"] === undefined;
      text = fromEngine ? text.slice(text.indexOf(" ") + 1) : text.slice(numbered[0].length);
    } else if (step === undefined) text = text.replace(excerptLine, "");
    text = unquote(text);
    if (text === before) break;
  }
  return { text, ...(step === undefined ? {} : { step }), fromEngine };
}

/** The message of a line that a logger wrote as `key=value` or JSON; other lines as they are. */
function unquote(text: string): string {
  if (text.startsWith("{") && text.endsWith("}")) return jsonMessage(text) ?? text;
  if (/^(?:time|level|ts|t)=/.test(text)) return logfmtMessage(text) ?? text;
  return text;
}

/** Keys under which loggers put what a person reads, and under which they put the error. */
const messageKeys = ["log", "msg", "message", "MESSAGE", "line", "text", "textPayload"];
const errorKeys = ["err", "error", "reason", "stderr"];

function jsonMessage(text: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const record = value as Readonly<Record<string, unknown>>;
  const parts = [...messageKeys, ...errorKeys]
    .map((key) => record[key])
    .filter((part): part is string => typeof part === "string" && part !== "");
  return parts.length === 0 ? undefined : parts.join(": ").trimEnd();
}

const logfmtPair = /(?<key>[\w.-]+)=(?:"(?<quoted>(?:[^"\\]|\\.)*)"|(?<bare>\S*))/g;

function logfmtMessage(text: string): string | undefined {
  const pairs = new Map<string, string>();
  for (const { groups } of text.matchAll(logfmtPair)) {
    const { key = "", quoted, bare = "" } = groups ?? {};
    pairs.set(key, quoted === undefined ? bare : quoted.replaceAll(/\\(.)/g, (_, c: string) => (c === "n" ? " " : c)));
  }
  const parts = [...messageKeys, ...errorKeys].map((key) => pairs.get(key)).filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(": ").trimEnd();
}

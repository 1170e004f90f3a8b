import type { LogExplanation } from "../explain/explain.ts";
import type { Explanation } from "../explain/judge.ts";
import { formatPlatform } from "../platform/platform.ts";
import { formatCount } from "../report/quantity.ts";
import { printable, type Style, truncate, wrap } from "../report/style.ts";

/** How an explanation is shown. */
export interface ExplanationFormat {
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
}

/** What a log says, for a person: each error with its line and what stands around it, the cause, and what to do; without errors what was recognised. */
export function formatExplanation(log: LogExplanation, format: ExplanationFormat): string[] {
  const { errors } = log;
  if (errors.length === 0) return formatUnknown(log, format);
  return errors.flatMap((error, index) => [...(index === 0 ? [] : [""]), ...formatError(error, format)]);
}

/** One error of a log. */
export function formatError(error: Explanation, { style, columns }: ExplanationFormat): string[] {
  const paint = error.severity === "error" ? style.red : style.yellow;
  const about = error.platforms.map(formatPlatform).join(", ");
  const lines = [`${paint(error.code)} ${style.bold(error.title)}${about === "" ? "" : style.dim(` (${about})`)}`];
  if (error.step !== undefined) lines.push(style.dim(`  in ${truncate(printable(error.step), columns - 5)}`));
  const first = error.line - error.before.length;
  const width = String(error.line + error.after.length).length;
  const shown = [...error.before, error.text, ...error.after];
  lines.push("");
  for (const [index, text] of shown.entries()) {
    const number = first + index;
    const line = `${String(number).padStart(width)} | ${truncate(printable(text), Math.max(20, columns - width - 7))}`;
    lines.push(number === error.line ? `${paint("  > ")}${style.bold(line)}` : `    ${style.dim(line)}`);
  }
  lines.push("");
  const add = (label: string, text: string) => {
    wrap(text, columns - 9).forEach((line, index) =>
      lines.push(`  ${index === 0 ? style.dim(label.padEnd(7)) : " ".repeat(7)}${line}`),
    );
  };
  add("cause", error.cause);
  error.fix.split("\n").forEach((text, index) => add(index === 0 ? "to do" : "", text));
  add("see", error.url);
  return lines;
}

function formatUnknown({ facts }: LogExplanation, { style, columns }: ExplanationFormat): string[] {
  const lines = [`${style.bold("No known error")} in ${formatCount(facts.lines, "line")}.`];
  const add = (label: string, text: string) => {
    if (text !== "") lines.push(`  ${style.dim(label.padEnd(12))}${truncate(printable(text), columns - 14)}`);
  };
  add("engines", facts.engines.join(", "));
  add("platforms", facts.platforms.map(formatPlatform).join(", "));
  add("machine", facts.host ? formatPlatform(facts.host) : "");
  add("emulator", facts.emulator ? "yes" : "");
  add("failed step", facts.failedStep ?? "");
  if (facts.failedStep !== undefined) {
    lines.push(
      "",
      ...wrap(
        "The step failed for a reason that has nothing to do with platforms as far as is known; its own last lines tell.",
        columns,
      ),
    );
  } else if (facts.engines.length === 0 && facts.platforms.length === 0) {
    lines.push("", ...wrap("Nothing of a build or a container was recognised. Is it the whole log?", columns));
  }
  return lines;
}

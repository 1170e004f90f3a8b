import { relative } from "node:path";
import { inspect } from "node:util";
import { ArchwayError, type ErrorPlace } from "../error/error.ts";
import { columnsOf, makeStyle, printable, type Style } from "./style.ts";

/** How an error is shown. */
export interface ErrorFormat {
  readonly color: boolean;
  /** Adds where the error comes from in the code. */
  readonly debug: boolean;
  /** Files below it are named from here. */
  readonly cwd: string;
  /** The text of a file, for the line that the error is about; `undefined` when it cannot be read. */
  readonly readSource?: (file: string) => string | undefined;
}

/**
 * An error as a person reads it, with a line feed at its end: what happened, the line of the file it is about, and what to do next.
 * Anything but an `ArchwayError` is called a defect.
 */
export function formatError(error: unknown, format: ErrorFormat): string {
  const style = makeStyle(format.color);
  const lines: string[] = [];
  if (error instanceof ArchwayError) {
    const label = error.kind === "interrupted" ? "" : style.red("error: ");
    const place = error.place && `${formatPlace(error.place, format.cwd)}: `;
    lines.push(`${label}${style.bold(place ?? "")}${printableLines(error.message)}`);
    if (error.place) lines.push(...codeFrame(error.place, format, style));
    if (error.hint) lines.push(`${style.cyan("hint: ")}${printableLines(error.hint)}`);
  } else {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    lines.push(`${style.red("error: ")}${printableLines(message)}`);
    if (!format.debug) {
      lines.push(
        `${style.cyan("hint: ")}This is a defect of Archway. Run the command again with ARCHWAY_DEBUG=1 to see where it comes from.`,
      );
    }
  }
  if (format.debug) lines.push(style.dim(inspect(error)));
  return `${lines.join("\n")}\n`;
}

/** `FILE:LINE:COLUMN`, as editors and terminals understand it. */
export function formatPlace(place: ErrorPlace, cwd: string): string {
  const inside = relative(cwd, place.file);
  const file = inside === "" || inside.startsWith("..") ? place.file : inside;
  return [file, place.line, place.column].filter((part) => part !== undefined).join(":");
}

function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => printable(line))
    .join("\n");
}

/** The line that an error is about, and a mark under its column. */
function codeFrame({ file, line, column }: ErrorPlace, format: ErrorFormat, style: Style): string[] {
  if (line === undefined) return [];
  const text = format.readSource?.(file)?.split(/\r?\n/)[line - 1];
  if (text === undefined || text.length > 500) return [];
  const number = String(line);
  const frame = [`${style.dim(`${number} |`)} ${printable(text)}`];
  if (column !== undefined && column <= text.length + 1) {
    frame.push(
      `${style.dim(`${" ".repeat(number.length)} |`)} ${" ".repeat(columnsOf(printable(text.slice(0, column - 1))))}${style.red("^")}`,
    );
  }
  return frame.map((shown) => `  ${shown}`);
}

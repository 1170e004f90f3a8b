import { ArchwayError } from "../error/error.ts";

/** An error as a person reads it: what happened, where, and what to do next; ends with a line feed. */
export function formatError(error: unknown, options: { readonly debug: boolean }): string {
  const lines: string[] = [];
  if (error instanceof ArchwayError) {
    const place = error.place && [error.place.file, error.place.line, error.place.column].filter(Boolean).join(":");
    lines.push(`error: ${place ? `${place}: ` : ""}${error.message}`);
    if (error.hint) lines.push(`hint: ${error.hint}`);
  } else {
    lines.push(`error: ${error instanceof Error ? error.message : String(error)}`);
    lines.push("This is a defect of Archway. Run it again with ARCHWAY_DEBUG=1 for the details to report.");
  }
  if (options.debug && error instanceof Error && error.stack) lines.push(error.stack);
  return `${lines.join("\n")}\n`;
}

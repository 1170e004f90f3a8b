import type { Style } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import type { RunSummary } from "./run-summary.ts";

/** The summary of a run as a table and what is to be known of its failures. */
export function formatSummary(
  summary: RunSummary,
  { style, columns }: { readonly style: Style; readonly columns: number },
): readonly string[] {
  const rows = summary.jobs.map(({ job, state, mode, seconds, waited, cacheHits, reason }) => [
    job,
    { text: state, paint: state === "succeeded" ? style.green : state === "failed" ? style.red : style.dim },
    mode ?? "",
    `${seconds.toFixed(1)} s`,
    waited < 0.05 ? "" : `waited ${waited.toFixed(1)} s`,
    cacheHits > 0 ? `${cacheHits} cache hit${cacheHits === 1 ? "" : "s"}` : "",
    { text: reason ?? "", paint: style.dim },
  ]);
  const failures = summary.jobs.flatMap(({ job, failure }) => {
    if (failure === undefined) return [];
    const { kind, message, hint, explained } = failure;
    return [
      "",
      style.red(`${job}: ${message}${kind === "user" ? "" : ` (${kind})`}`),
      ...(explained === undefined
        ? []
        : [`${explained.code} ${explained.title}`, `  ${explained.cause}`, `  ${explained.fix}`]),
      ...(hint === undefined ? [] : [hint]),
    ];
  });
  const { native, emulated } = summary.seconds;
  const total = `${summary.state} in ${summary.seconds.total.toFixed(1)} s (native ${native.toFixed(1)} s, emulated ${emulated.toFixed(1)} s); events in ${summary.events}`;
  return ["", ...formatTable(rows, { columns, style }), ...failures, "", total];
}

import type { LogExplanation } from "../explain/explain.ts";
import { formatPlatform } from "../platform/platform.ts";
import { printable } from "../report/style.ts";

/** The content of `archway explain --format json` (schemas/explain.schema.json). */
export function explanationJson({ errors, facts }: LogExplanation) {
  return {
    version: 1 as const,
    errors: errors.map(({ code, severity, title, cause, fix, url, line, text, before, after, platforms, step }) => ({
      code,
      severity,
      title,
      cause,
      fix,
      url,
      line,
      text,
      platforms: platforms.map(formatPlatform),
      ...(step === undefined ? {} : { step }),
      before,
      after,
    })),
    facts: {
      lines: facts.lines,
      engines: facts.engines,
      platforms: facts.platforms.map(formatPlatform),
      ...(facts.host ? { host: formatPlatform(facts.host) } : {}),
      emulator: facts.emulator,
      ...(facts.failedStep === undefined ? {} : { failedStep: facts.failedStep }),
    },
  };
}

/**
 * Workflow commands of GitHub, one an error: they become annotations of the job
 * (https://docs.github.com/actions/reference/workflow-commands-for-github-actions). Nothing when nothing is known.
 */
export function explanationAnnotations({ errors }: LogExplanation): string {
  return errors
    .map(({ code, severity, title, cause, fix, url, line, text, platforms }) => {
      const about = platforms.length === 0 ? "" : ` (${platforms.map(formatPlatform).join(", ")})`;
      const message = [`line ${line} of the log: ${printable(text)}`, cause, fix, url].join("\n");
      return `::${severity} title=${property(`${code} ${title}${about}`)}::${data(message)}\n`;
    })
    .join("");
}

function data(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function property(text: string): string {
  return data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

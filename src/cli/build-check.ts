import { relative, sep } from "node:path";
import type { OpenContext } from "../build/context.ts";
import { checkRepository, type CheckFinding } from "../check/check.ts";
import { builtInFacts } from "../check/facts/built-in.ts";
import { factTable } from "../check/facts/fact-table.ts";
import { KnownFacts } from "../check/facts/known-facts.ts";
import { readRepository } from "../check/repository/read-repository.ts";
import type { Repository } from "../check/repository/repository.ts";
import type { Platform } from "../platform/platform.ts";
import { placeOf } from "../report/findings.ts";
import { printable, type Style, wrap } from "../report/style.ts";

/** Findings that are offered: a failed build has enough to read. */
const maxFindings = 3;

/** A folder with more files is not looked at: nobody wants to wait for advice. */
const maxFiles = 20_000;

/** Milliseconds until a check that is not done is given up. */
const patience = 3_000;

/** Codes of failures that a rule can know the cause of: a step failed, or what was built is not what it should be. */
const explainable: readonly string[] = ["STEP_FAILED", "BUILD_STEP_FAILED", "GATE_REFUSED"];

/**
 * What `archway check` finds in the Dockerfile of a build that failed: the errors for its platforms, three at most. Nobody is asked outside, and nothing is thrown: advice never makes a
 * failure worse.
 */
export async function findingsOfFailure(
  code: string,
  { directory, dockerfile }: Pick<OpenContext, "directory" | "dockerfile">,
  platforms: readonly Platform[],
): Promise<readonly CheckFinding[]> {
  const path = relative(directory, dockerfile).split(sep).join("/");
  if (!explainable.includes(code) || platforms.length === 0 || path.startsWith("..")) return [];
  try {
    const signal = AbortSignal.timeout(patience);
    const repository = await readRepository(directory, signal);
    if (repository.files.length > maxFiles) return [];
    const facts = new KnownFacts({ given: factTable([]), builtIn: builtInFacts(platforms) });
    const { findings } = await checkRepository(onlyDockerfile(repository, path), { platforms, facts, signal });
    return findings
      .filter((finding) => finding.path === path && finding.severity === "error")
      .toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0))
      .slice(0, maxFindings);
  } catch {
    return [];
  }
}

/** The files as they are, of which only the Dockerfile that is built is a Dockerfile: the others are not what failed. */
function onlyDockerfile(repository: Repository, path: string): Repository {
  const isOther = (name: string) =>
    name !== path && /(?:^|\/)(?:Dockerfile|Containerfile)[^/]*$|\.dockerfile$/i.test(name);
  return { ...repository, text: (name) => (isOther(name) ? undefined : repository.text(name)) };
}

/** The block below the error of a build. */
export function formatOffer(
  findings: readonly CheckFinding[],
  { style, columns }: { readonly style: Style; readonly columns: number },
): string[] {
  if (findings.length === 0) return [];
  return [
    style.bold("archway check finds:"),
    ...findings.flatMap((finding) => [
      `  ${style.bold(printable(placeOf(finding)))} ${style.dim(`(${finding.rule})`)}`,
      ...wrap(printable(finding.message), columns - 4).map((line) => `    ${line}`),
      ...(finding.fix === undefined
        ? []
        : wrap(printable(finding.fix.title), columns - 9).map(
            (line, index) => `    ${index === 0 ? style.cyan("fix") : "   "}  ${line}`,
          )),
    ]),
    "",
  ];
}

/** What stands for a variable of IceCI in a pipeline of Archway. */
interface Counterpart {
  /** Inside of `${{ }}`; absent where there is none. */
  readonly expression?: string;
  /** What is different. */
  readonly note?: string;
}

const noCounterpart = (how: string): Counterpart => ({ note: `is not set by Archway; ${how}` });

/** Variables of IceCI, without `ICECI_SERVICE_*`, `ICECI_STEP_NAME` and `ICECI_FAILED_STEP_NAME`, which depend on the step. */
const counterparts: Readonly<Record<string, Counterpart>> = {
  ICECI_BUILD_NUMBER: {
    expression: "run.number",
    note: "goes on from 1: the runs are counted anew, on each machine for itself",
  },
  ICECI_GIT_EVENT_TYPE: { expression: "event.name", note: 'was "commit"; it is "push" here' },
  ICECI_GIT_EVENT_NAME: { expression: "git.tag || git.branch" },
  ICECI_GIT_TAG_OR_BRANCH: { expression: "git.tag || git.branch" },
  ICECI_EVENT_NAME: {
    expression: "git.tag || git.branch",
    note: "was empty in IceCI's last version, which called it ICECI_GIT_EVENT_NAME",
  },
  ICECI_GIT_BRANCH_NAME: { expression: "git.branch" },
  ICECI_GIT_TAG: { expression: "git.tag" },
  ICECI_GIT_COMMIT_SHA: { expression: "git.sha" },
  ICECI_GIT_AUTHOR_NAME: { expression: "git.author_name" },
  ICECI_GIT_AUTHOR_EMAIL: { expression: "git.author_email" },
  ICECI_GIT_AUTHOR_DATE: noCounterpart("git log -1 --format=%aD tells it where Git is in the image"),
  ICECI_GIT_LOG_HEADER: noCounterpart("git log -1 --format=%s | base64 tells it where Git is in the image"),
  ICECI_GIT_LOG_MESSAGE: noCounterpart("git log -1 --format=%b | base64 tells it where Git is in the image"),
};

/** The counterpart of a variable under its name of today or of IceCI's first versions (`ICE_…`, `GIT_…`). */
export function counterpartOf(name: string): Counterpart | undefined {
  const today = name.startsWith("ICE_") ? `ICECI_${name.slice("ICE_".length)}` : name;
  const full = today.startsWith("GIT_") ? `ICECI_${today}` : today;
  return Object.hasOwn(counterparts, full) ? counterparts[full] : undefined;
}

/** A text of IceCI in the language of Archway, and what has to be said about it. */
export interface Interpolated {
  readonly text: string;
  readonly notes: readonly string[];
}

/** Turns `{{ NAME }}` into `${{ … }}`. A name without a counterpart stays a plain text that no registry takes, and a note says so. */
export function interpolate(text: string): Interpolated {
  const notes: string[] = [];
  const changed = escapeText(text).replaceAll(/\{\{\s*(\w+)\s*\}\}/g, (_, name: string) => {
    const { expression, note } = counterpartOf(name) ?? { note: "is no variable that IceCI documents" };
    if (note !== undefined) notes.push(`${name} ${note}.`);
    if (expression === undefined) {
      notes.push(`Put another value in the place of ${name}: "CHANGE-ME" stands there.`);
      return "CHANGE-ME";
    }
    return `\${{ ${expression} }}`;
  });
  return { text: changed, notes };
}

/** A text that only looks like one with expressions of Archway. */
export function escapeText(text: string): string {
  return text.replaceAll("${{", () => "$${{");
}

/** The variables of IceCI that a script reads. */
export function variablesIn(script: string): string[] {
  const names = [...script.matchAll(/\b(?:ICECI|ICE)_[A-Z][A-Z0-9_]*\b/g)].map(([name]) => name);
  return [...new Set(names)];
}

/**
 * Names and functions that people know from the expressions of other systems, and what says the same here. Only what is likely to be written by habit; a hint
 * costs nothing when the name is right.
 */

const functionHints: Readonly<Record<string, string>> = {
  hashFiles: "Here it is hash('GLOB', …).",
  always: "When a job or step runs is said by when: always.",
  failure: "When a job or step runs is said by when: failure.",
  success: "A job or step runs after a success unless its when says otherwise.",
  cancelled: "when: always runs after a cancel too.",
  format: "Texts are put together by writing expressions into them: app-${{ git.tag }}-x.",
  join: "Texts are put together by writing expressions into them: app-${{ git.tag }}-x.",
  default: "A default stands behind ||: ${{ git.tag || 'none' }}.",
};

/** What takes the place of a function of another system; undefined for one that is not known. */
export function foreignFunctionHint(name: string): string | undefined {
  return Object.hasOwn(functionHints, name) ? functionHints[name] : undefined;
}

/** Names of GitHub's contexts and of the variables of GitLab, Woodpecker and Drone → names here. */
const sameNames: Readonly<Record<string, string>> = {
  "github.sha": "git.sha",
  "github.ref": "git.ref",
  "github.ref_name": "git.tag || git.branch",
  "github.head_ref": "git.branch",
  "github.base_ref": "git.branch",
  "github.event_name": "event.name",
  "github.run_id": "run.id",
  "github.run_number": "run.number",
  "github.actor": "git.author_name",
  "runner.os": "platform.os",
  "runner.arch": "platform.arch",
  CI_COMMIT_SHA: "git.sha",
  CI_COMMIT_SHORT_SHA: "git.short_sha",
  CI_COMMIT_BRANCH: "git.branch",
  CI_COMMIT_REF: "git.ref",
  CI_COMMIT_REF_NAME: "git.tag || git.branch",
  CI_COMMIT_REF_SLUG: "slug(git.branch)",
  CI_COMMIT_TAG: "git.tag",
  CI_COMMIT_MESSAGE: "git.message",
  CI_COMMIT_AUTHOR: "git.author_name",
  CI_PIPELINE_ID: "run.id",
  CI_PIPELINE_IID: "run.number",
  CI_PIPELINE_NUMBER: "run.number",
  CI_PIPELINE_EVENT: "event.name",
  CI_PIPELINE_SOURCE: "event.name",
  DRONE_COMMIT_SHA: "git.sha",
  DRONE_COMMIT_BRANCH: "git.branch",
  DRONE_BRANCH: "git.branch",
  DRONE_TAG: "git.tag",
  DRONE_BUILD_NUMBER: "run.number",
};

/** What takes the place of a name of another system, as a sentence; undefined for one that is not known. */
export function foreignNameHint(name: string): string | undefined {
  const same = Object.hasOwn(sameNames, name) ? sameNames[name] : undefined;
  if (same !== undefined) return `Here it is \${{ ${same} }}.`;
  const [room = "", part = "NAME", field] = name.split(".");
  switch (room) {
    case "secrets":
      return `Secrets never become part of a text. Give the step secrets: [${part}], and its script reads $${part}.`;
    case "needs":
      return field === "outputs"
        ? "Jobs hand on files, by artifacts and inputs; of a build there is jobs.NAME.digest."
        : `Here it is \${{ jobs.${part}.status }}.`;
    case "steps":
      return "Steps of a job share their files: write the value to one, and read it in the next step.";
    case "vars":
      return `Values that all jobs share stand in env at the top: \${{ env.${part} }}.`;
    case "github":
      return "Of the commit there are git.sha, git.branch, git.tag, git.ref, and of the event event.name.";
    default:
      return undefined;
  }
}

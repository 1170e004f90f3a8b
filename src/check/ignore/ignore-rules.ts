import type { Severity } from "../../finding/finding.ts";
import type { RulePage } from "../rule.ts";

/** A rule about the check itself, which no `find` belongs to. */
export interface OwnRule {
  readonly id: "file-unreadable" | "ignore-without-reason" | "ignore-unknown-rule" | "unused-ignore";
  readonly severity: Severity;
  readonly page: RulePage;
}

const spelling = `\`\`\`dockerfile
# archway ignore=copy-arch-path the helper runs on the build machine alone
COPY tools/helper-amd64 /helper
\`\`\``;

/** Rules about files that cannot be read and about the comments that accept findings. */
export const ownRules: readonly OwnRule[] = [
  {
    id: "file-unreadable",
    severity: "note",
    page: {
      title: "A file could not be read, or not all of it",
      what: "A Dockerfile, Makefile, script, manifest or lock file that `archway check` wanted to read, and that is not in the form that its name promises: a syntax error, bytes that are no text, or more than is looked at.",
      why: "What is in the file is not checked, and what depends on it may be judged without it. The other files are checked as always.",
      symptom:
        "The finding says what is wrong at which place. An engine or a tool that reads the file will most likely refuse it too.",
      fix: "Repair the file at the place that is named. If a tool takes the file as it is, the finding can stay: it never makes the exit code 1 unless `--severity note` asks for it.",
      ignore: "When the file is a template, or broken on purpose as the input of a test.",
    },
  },
  {
    id: "ignore-without-reason",
    severity: "warning",
    page: {
      title: "A comment accepts a finding and does not say why",
      what: "A comment `archway ignore=RULE` without a reason behind the rule. It works all the same.",
      why: "Whoever meets the comment next year cannot tell whether it is still right.",
      symptom: "Nothing breaks. The finding that the comment accepts stays hidden, also when it has become a real one.",
      fix: `Write the reason behind the rule:\n\n${spelling}`,
      ignore: "It cannot be ignored by a comment; accept it in `.archway.yaml` for files that are not yours.",
    },
  },
  {
    id: "ignore-unknown-rule",
    severity: "warning",
    page: {
      title: "A comment accepts findings of a rule that does not exist",
      what: "A comment `archway ignore=…` in which a name is no rule's, or that names none.",
      why: "It accepts nothing: most likely the name is misspelled, or the rule has another name in this version.",
      symptom: "The finding that was meant is still shown.",
      fix: `Write the id of the rule as the finding shows it:\n\n${spelling}`,
      ignore: "Never: remove the comment instead.",
    },
  },
  {
    id: "unused-ignore",
    severity: "note",
    page: {
      title: "An exception covers nothing that was found",
      what: "A comment `archway ignore=RULE`, or an entry of `check.ignore` in `.archway.yaml`, that no finding of this run needed.",
      why: "The cause is gone, or the exception stands at the wrong line. Left alone, it will hide the next real finding there.",
      symptom: "Nothing breaks.",
      fix: "Remove the exception. A comment belongs on the line of the finding or on the line before its instruction.",
      ignore: "When the finding only shows for other platforms than those of this run, or only online.",
    },
  },
];

/**
 * Tells what a log only prints (commands, documentation, search results, test names, commit messages) from what programs report. The same words stand in both.
 */
import { readStep, type Step } from "./step.ts";

/** A line and what is needed to judge its role. */
export interface Spoken {
  /** Without its wrapping. */
  readonly text: string;
  /** Where in the text the words of an error begin and end. */
  readonly from: number;
  readonly to: number;
  /** Lines before it, the nearest last, without their wrapping. */
  readonly before: readonly string[];
  readonly step: Step | undefined;
}

/** Shell prompts, `set -x`, GitHub's and GitLab's echo of what they run. */
const commandEcho =
  /^(?:\+{1,4} |\$ |##\[(?:command|group)\]|\[command\]|Run (?=[\w./]+ )|Executing:? |(?:[\w.-]+@[\w.-]+:\S* ?)?[#$] (?!unreachable)(?=[a-z./]+ ))/;
/** `  12 | >>> RUN make`: BuildKit's excerpt of a Dockerfile; ` 12 |     code` of compilers. */
const sourceExcerpt = /^\s*\d+ \|(?: |$)/;
const documents = "md|markdown|mdx|rst|adoc|asciidoc|txt|html?|po|pot|json|ya?ml|toml|cfg|ini|xml|csv|log|patch|diff";
const sources = "sh|bash|py|go|js|mjs|ts|tsx|jsx|c|cc|cpp|h|hpp|rs|java|kt|rb|php|pl|lua|mk|feature|spec|snap|bats";
/** `grep -r`: `docs/faq.md:12:text`. A compiler puts a space behind its colons; documents are compiled by nothing. */
const searchResult = new RegExp(
  String.raw`^(?:[\w.@+-]*/)*[\w.@+-]+\.(?:(?:${documents})[:-](?:\d+[:-])?(?! ?(?:error|line \d))|(?:${sources})[:-](?:\d+[:-])?(?![\d ]|in \W))`,
  "i",
);
/** Names of tests, with their results. */
const testName =
  /^\s*(?:[✓✔√✗✘✕●○◯×](?! \S+ Error)|(?:not )?ok \d+\b|(?:PASS|FAIL|SKIP)(?:ED)?[: ]|--- (?:PASS|FAIL|SKIP):|=== (?:RUN|PAUSE|CONT|NAME)\b|\[ *(?:OK|RUN|PASSED|FAILED|SKIPPED) *\]|test \S+ \.\.\. |\S+\.py::\S+|\S+::test_|it\(|describe\(|Scenario:|# Subtest:|should )|\bPASSED\b|\.\.\. ok$|\(\d+ ?ms\)$/;
/** Commits and changes. */
const change =
  /^(?:(?:\* |\| )*(?=[0-9a-f]*[a-f])[0-9a-f]{7,40} (?:\([^)]*\) )?[A-Za-z[]|HEAD is now at |Merge (?:pull request|branch|commit)|Subject: |commit [0-9a-f]{40}|(?:[-*•] )?(?:fix|feat|docs|chore|test|ci|build|refactor|perf|style|revert)(?:\([\w ./,-]+\))?!?: (?!error))|\(#\d+\)$|\b(?:[Ff]ix(?:e[sd])?|[Cc]loses?|[Rr]esolves?) #\d+/;
/** Comments of programs, shells and documents; V8 reports a fatal error in lines that begin with `#`. */
const comment =
  /^\s*(?:\/\/|\/\*|\* (?!What went wrong|Could|Exception|"[\w.-]+\/\S*": |(?:Error )?(?:initializing|choosing|pinging|reading) )|#+ (?!Fatal error|unreachable|\[?runtime|\s*SIG[A-Z]+ \(|A fatal error)|<!--|--\s(?!error)|;; |REM |"""|'''|\.\. )/;
/** Sentences about an error, which nobody writes where one has happened. */
const prose =
  /\b(?:if (?:you|it|this|the log|a log) (?:see|get|encounter|says?|prints?|fails?|contains)|(?:you|users?) (?:may|might|will|would|could) (?:see|get|encounter|hit)|(?:error|message|which|this|that|usually|it) means?\b|troubleshoot|for example|e\.g\.|known issues?\b|workaround|(?:happens|occurs|appears) (?:when|if|because)|to avoid|(?:to )?prevents?\b|expected (?:error|output|failure|message)|as expected|simulat|no longer (?:fails|prints)|(?:looking|checking|scanning) for|grep(?:ping)? for|common(?:ly)? (?:errors?|caused)|frequently asked|none found|0 (?:matches|occurrences)|see (?:the )?(?:docs|documentation|README|FAQ)|instead of (?:failing|crashing|printing)|handles? (?:the|an?) |documents? (?:the|an?) |explains? |example (?:output|log)|sample (?:output|log)|mock(?:ed|ing)?\b|fixture|assert)/i;

/** The same behind the words of the error, where programs give examples and advice. */
const proseAfter =
  /\b(?:means? (?:that|the|you|there)|troubleshoot|known issues?\b|(?:happens|occurs|appears) (?:when|if|because)|as expected|no longer|none found|0 (?:matches|occurrences)|is (?:documented|explained|handled|reported|expected|ignored|harmless)|was (?:fixed|mended|expected))/i;

/** Programs that print what is in files, histories and arguments. */
const printers =
  /^(?:sudo )?(?:(?:e?grep|fgrep|rg|ag|ack|zgrep|git(?: -C \S+)? (?:log|show|diff|grep|blame|shortlog|tag|format-patch)|echo|printf|man|less|more|bat|gh (?:pr|issue|release)|tldr)\b|(?:cat|head|tail|sed|awk|nl|glow|pandoc|jq|yq|curl|wget)\b(?!.*\.log\b).*(?:\.(?:md|markdown|rst|adoc|txt|html?|ya?ml|json|toml|sh|py|go|js|ts|rs|c|h|java|bats)\b|README|CHANGELOG|NEWS|HISTORY|Dockerfile|Makefile|LICENSE|FAQ))/;

/** Lines between which a printed text is ascribed to the command above it. */
const printedLines = 60;

/** Whether the words of an error in a line are only printed there. */
export function isQuoted({ text, from, to, before, step }: Spoken): boolean {
  const found = text.slice(from, to);
  if (commandEcho.test(text) || sourceExcerpt.test(text) || searchResult.test(text)) return true;
  if (testName.test(text) || change.test(text) || comment.test(text)) return true;
  if (readStep(text, 0) !== undefined) return true;
  if (/^(?: ?> \[| ?=> (?!=>))/.test(text)) return true;
  if (inBackticks(text, from, to)) return true;
  if (prose.test(text.slice(0, from)) || proseAfter.test(text.slice(to))) return true;
  const opened = text.slice(0, from + (/^[\s:=("'`\\]*/.exec(found)?.[0].length ?? 0));
  if (/^[-*•] ["'`“](?![\w.-]+\/\S*": )/.test(text) || isArgument(opened) || isCode(text.slice(0, from))) return true;
  if (inCommit(text, before) || inDiff(text, before)) return true;
  if (step && prints(shellOf(step.command), found)) return true;
  const command = before.slice(-printedLines).findLast((line) => commandEcho.test(line));
  return command !== undefined && prints(command.replace(commandEcho, ""), found);
}

/** The shell command of a `RUN`, without its mounts. */
function shellOf(command: string): string {
  return command.replace(/^(?:ONBUILD )?RUN (?:--\S+ )*/, "").replace(/^\/bin\/sh -c /, "");
}

/** Whether a command prints texts that may hold the words: nothing but printing, or the words are among its arguments. */
function prints(command: string, found: string): boolean {
  const parts = command.split(/\s*(?:&&|;|\|\||\|)\s*/);
  const printing = parts.filter((part) => printers.test(part));
  if (printing.length === 0) return false;
  if (printing.length === parts.length) return true;
  const wanted = found.toLowerCase().replaceAll(/["'\\]/g, "");
  return printing.some((part) => {
    const plain = part.toLowerCase().replaceAll(/["'\\]/g, "");
    return plain.includes(wanted) || core(wanted).some((words) => plain.includes(words));
  });
}

/** Runs of at least two words of an error: what somebody who searches for it would type. */
function core(found: string): string[] {
  return [...found.matchAll(/[a-z]+(?: [a-z]+){1,3}/g)].map(([words]) => words).filter((words) => words.length > 10);
}

/** What stands before the words is the beginning of a command or of code that has them as an argument. */
function isArgument(before: string): boolean {
  if (/\b(?:[Ee]xpected|[Rr]eceived|[Aa]ctual|got|want)\b[^"'`]{0,30}["'`]$/.test(before)) return true;
  return /\b(?:echo|printf|e?grep|rg|logger|print(?:ln|f)?|console\.\w+|throw new \w+|raise \w+|expect|contains?|includes?|assert\w*)\b[ (][^|;&]*["'`(][^"'`]*$/.test(
    before,
  );
}

function inBackticks(text: string, from: number, to: number): boolean {
  const before = text.slice(0, from).split("`").length - 1;
  return before % 2 === 1 && text.slice(to).includes("`") && !text.slice(from, to).includes("`");
}

/** `git log` indents messages by four spaces below `commit`, `Author:` and `Date:`. */
function inCommit(text: string, before: readonly string[]): boolean {
  return (
    /^ {2,8}\S/.test(text) &&
    before.slice(-12).some((line) => /^(?:commit [0-9a-f]{7,40}|Author: |Date: {3})/.test(line))
  );
}

/** A line of a hunk: nothing but lines of the same kind stand between it and the `@@` above. */
function inDiff(text: string, before: readonly string[]): boolean {
  if (!/^[ +-]/.test(text)) return false;
  const start = before.findLastIndex((line) => !/^(?:[ +\\-]|$)/.test(line));
  return start >= 0 && /^(?:@@ |diff --git )/.test(before[start] ?? "");
}

/** `words: ["exec format error"]`, `const message = "…"`: source that is printed. What Kubernetes prints as YAML has keys of its own. */
function isCode(before: string): boolean {
  return /^\s*(?:(?:const|let|var|static|private|public|final|export) )?(?!message|reason|error|msg|err|stderr|stdout|output|log|details?)[\w$]+ ?(?::=?|=) ?(?:new \w+\(|\w+\()?[[{(]* ?(?:r|f|b)?["'`][^"'`]*$/i.test(
    before,
  );
}

import { foreignIn, spotsOf, type ForeignName } from "../../names/foreign.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, unknownMark, type Value } from "../../value.ts";
import { isUrl } from "./asset-kind.ts";
import { realProgram } from "./download-words.ts";
import { platformOf, stagesOf } from "./download.ts";
import { isLookedAt } from "./weigh.ts";

const id = "arch-path-reference";

/** Finds lines that repeat the name of a file for one architecture; they belong to the finding of the line that brings it. */
export const archPathReference: Rule = {
  id,
  severity: "note",
  page: {
    title: "A line repeats the name of a file for one architecture",
    what: "`ln`, `mv`, `cp`, `tar`, `unzip`, `rm`, `chmod`, checksum programs and variables that name a file or folder of another architecture: `mv tool-linux-amd64 /usr/bin/tool`. When the line that brings the file is a finding, these lines are part of it and are repaired with it; alone they are a note.",
    why: "The file is called otherwise on the other platform, so the line fails there once its download is repaired.",
    symptom:
      "`mv: cannot stat 'tool-linux-amd64': No such file or directory`, `tar: tool-linux-amd64.tar.gz: Cannot open: No such file or directory`",
    fix: "Use the same name as in the download:\n\n```diff\n-RUN mv tool-linux-amd64 /usr/bin/tool\n+RUN mv tool-linux-${TARGETARCH} /usr/bin/tool\n```",
    ignore: "When the file has this name on all platforms.",
  },
  find: (model) => problemsIn(model),
};

const programs =
  /^(?:ln|mv|cp|tar|bsdtar|unzip|gunzip|bunzip2|unxz|gzip|xz|zstd|bzip2|rm|rmdir|chmod|chown|gpg|install|strip|cd|pushd|dpkg|dpkg-deb|rpm|apt-get|apt|yum|dnf|apk|ls|file|patchelf|upx|cat|tee|echo|printf|export|ENV|openssl|shasum|b2sum|md5sum|sha\d+sum|update-alternatives|alternatives|setcap|source|\.|sh|bash|7z|unsquashfs|alien)$/;

/** Folders of libraries and cross tools, which other rules look at. */
const libraryPath = /(?<!unknown|pc|alpine)-linux-(?:gnu|musl)|ld-linux|ld-musl|^-/;

function* problemsIn(model: Model): Generator<Problem> {
  for (const execution of model.executions) {
    if (execution.scope === "runner" || !isLookedAt(execution)) continue;
    for (const command of execution.trace.commands) yield* problemsOf(command, execution);
  }
  for (const stage of stagesOf(model)) {
    if (!isLookedAt({ stage })) continue;
    for (const { value, place, keyword, name } of stage.variables) {
      const text = textOf(value);
      if (keyword !== "ENV" || !text.includes("/") || isUrl(text) || libraryPath.test(text)) continue;
      const names = foreignIn(value, platformOf(stage)).filter(({ chosen }) => !chosen);
      if (names.length === 0) continue;
      // Debian puts every JDK into a folder with the name of its architecture.
      const isJdk = /\/usr\/lib\/jvm\/.*-amd64(?:\/|$)/.test(text) && stage.role === "target";
      yield {
        rule: id,
        severity: isJdk ? "warning" : "note",
        message: isJdk
          ? `${name} is the folder of the JDK for amd64; Debian and Ubuntu have another one for every architecture.`
          : `${name} holds a path of one architecture.`,
        platforms: [platformOf(stage)],
        place,
        spots: spotsOf(names),
      };
    }
  }
}

function* problemsOf(command: ReachedCommand, execution: Execution): Generator<Problem> {
  const { stage, machine } = execution;
  const platform = stage === undefined ? machine : platformOf(stage);
  // Behind a guard somebody thought of the platform: `if [ "$TARGETARCH" != amd64 ]; then rm *-x86_64.so; fi`.
  if (command.guarded) return;
  const { program, at } = realProgram(command);
  const words = programs.test(program) ? [...command.words.slice(at + 1), ...command.outputs] : [];
  for (const word of words) {
    const problem = problemOf(word, platform, command.place);
    if (problem !== undefined) yield problem;
  }
  for (const { value, place } of command.assignments) {
    const problem = problemOf(value, platform, place);
    if (problem !== undefined) yield problem;
  }
}

function problemOf(word: Value, platform: Execution["target"], place: Place): Problem | undefined {
  const text = textOf(word);
  if (text.length > 2000 || isUrl(text)) return undefined;
  const names = foreignIn(word, platform).filter((name) => !name.chosen && isOfFile(text, name));
  if (names.length === 0) return undefined;
  return {
    rule: id,
    message: `This line names a file for ${[...new Set(names.map(({ name }) => name.architecture))].join(", ")}: ${shownPart(word, names)}.`,
    platforms: [platform],
    place,
    spots: spotsOf(names),
  };
}

/** Whether a name is a part of a longer one (a file's or folder's), and not of a library's folder, an option or a list. */
function isOfFile(text: string, { name: { start, end } }: ForeignName): boolean {
  const from = text.slice(0, start).search(/[^\s"'=:,;]*$/);
  const to = end + (/^[^\s"'=:,;]*/.exec(text.slice(end))?.[0].length ?? 0);
  const word = text.slice(from, to);
  if (/\[[^\]]*arch=/.test(text) || /^(?:linux\/)[^/]+(?:\/v\d)?$/.test(word)) return false;
  return word.length > end - start && !libraryPath.test(word) && !word.includes("://");
}

function shownPart(word: Value, names: readonly ForeignName[]): string {
  const text = textOf(word).replaceAll(unknownMark, "…");
  if (text.length <= 80) return text;
  const at = names[0]?.name.start ?? 0;
  return `…${text.slice(Math.max(0, at - 30), at + 40)}…`;
}

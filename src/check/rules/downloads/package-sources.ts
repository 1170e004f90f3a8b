import type { Platform } from "../../../platform/platform.ts";
import type { Execution, Model } from "../../model.ts";
import { locateIn, type Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { sliceValue, textOf, written, type Value } from "../../value.ts";
import { realProgram } from "./download-words.ts";
import { platformOf, stagesOf } from "./download.ts";
import { isLookedAt, type Site } from "./weigh.ts";
import { writtenTo } from "./written-text.ts";

/** One line of a package manager's list of sources, as it is on one platform. */
export interface SourceLine extends Site {
  readonly text: Value;
  readonly place: Place;
  readonly platform: Platform;
}

const listFiles =
  /\/etc\/apt\/sources|sources\.list|\.list$|\.sources$|\.repo$|yum\.repos\.d|\/etc\/apk\/repositories|zypp\/repos/;

/** Programs that take the line of a source as an argument. */
const addPrograms = /^(?:add-apt-repository|apt-add-repository|yum-config-manager|dnf|dnf5|zypper)$/;

/** The lines of package sources that scripts write, or that files which are copied into an image hold. */
export function* sourceLines(model: Model): Generator<SourceLine> {
  for (const execution of model.executions) {
    if (execution.scope === "runner" || !isLookedAt(execution)) continue;
    yield* linesOf(execution);
  }
  for (const stage of stagesOf(model)) {
    if (!isLookedAt({ stage })) continue;
    for (const { sources, destination, from } of stage.copies) {
      if (from.kind !== "context") continue;
      for (const source of sources) {
        const named =
          listFiles.test(textOf(destination)) || /\.(?:list|repo|sources)$|sources\.list/.test(textOf(source));
        if (!named) continue;
        for (const path of pathsOf(textOf(source), stage.variant.file.contexts)) {
          const text = model.repository.text(path);
          if (text === undefined || text.length > 200_000) continue;
          const locate = locateIn(path, text);
          for (const { line, start } of splitLines(text)) {
            const place = locate(start, start + line.length);
            yield { text: written(line, place), place, platform: platformOf(stage), stage };
          }
        }
      }
    }
  }
}

function* linesOf(execution: Execution): Generator<SourceLine> {
  const { trace, stage, machine } = execution;
  const platform = stage === undefined ? machine : platformOf(stage);
  const site = { execution, platform, ...(stage === undefined ? {} : { stage }) };
  for (const { text, command } of writtenTo(trace.commands, listFiles)) yield* linesIn(text, command, site);
  for (const command of trace.commands) {
    const { program, at } = realProgram(command);
    if (!addPrograms.test(program)) continue;
    if (
      /^(?:dnf|dnf5|zypper)$/.test(program) &&
      !command.words.some((word) => /^(?:config-manager|ar|addrepo)$/.test(textOf(word)))
    )
      continue;
    for (const word of command.words.slice(at + 1)) yield* linesIn(word, command, site);
  }
}

function* linesIn(
  text: Value,
  command: ReachedCommand,
  site: Omit<SourceLine, "text" | "place">,
): Generator<SourceLine> {
  for (const { line, start } of splitLines(textOf(text))) {
    const value = sliceValue(text, start, start + line.length);
    yield { ...site, command, text: value, place: command.place };
  }
}

function splitLines(text: string): { readonly line: string; readonly start: number }[] {
  let start = 0;
  // What echo -e and printf write as \n ends a line, too.
  return text.split(/(\n|\\n)/).flatMap((line, index) => {
    const at = start;
    start += line.length;
    return index % 2 === 0 && line.trim() !== "" && !line.trimStart().startsWith("#") ? [{ line, start: at }] : [];
  });
}

function pathsOf(source: string, contexts: readonly string[]): string[] {
  const path = source.replace(/^\.?\//, "");
  return contexts.map((context) => (context === "" ? path : `${context}/${path}`));
}

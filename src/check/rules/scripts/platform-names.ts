import { isArchitecture, normalizeArchitecture } from "../../../platform/spelling.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Execution } from "../../model.ts";
import type { Problem } from "../../rule.ts";
import { textOf, unknownMark, type Value } from "../../value.ts";
import { shown, weightOf } from "./weight.ts";

const engines = /^(?:docker|podman|buildah|nerdctl|buildctl)$/;

/** Names that Docker and its kin do not know: `manifest annotate --arch arm64v8`, `--platform linux/arm64v8`. */
export function* wrongPlatformNames(execution: Execution): Generator<Problem, void, void> {
  for (const command of execution.trace.commands) {
    if (!engines.test(command.program)) continue;
    const words = command.words.map(textOf);
    const isAnnotate = words[1] === "manifest" && words[2] === "annotate";
    for (const option of isAnnotate ? ["--arch"] : ["--platform"]) {
      for (const { text, value } of argumentsOf(option, words, command.words)) {
        const wrong = isAnnotate ? wrongArchitecture(text) : wrongPlatform(text);
        if (wrong === undefined) continue;
        const { severity, because } = weightOf(execution, command.certain);
        const place = value.pieces.find((piece) => piece.text.includes(wrong))?.place ?? command.place;
        yield {
          rule: "arch-token-mismatch",
          severity: severity === "note" ? "warning" : severity,
          message: `${option} ${shown(text)} names ${shown(wrong)}, which is no architecture in the words of the OCI${meant(wrong)}.${because}`,
          platforms: [execution.target],
          place,
          spots: [{ place, text: wrong }],
          related: place.line === command.place.line ? [] : [{ place: command.place, message: "It is used here." }],
          advice: `Write ${namesIn(wrong)[0]?.architecture ?? "the name that Go uses (amd64, arm64)"}.`,
          key: ["arch-token-mismatch", place.path, place.line, wrong].join("\0"),
        };
      }
    }
  }
}

function* argumentsOf(
  option: string,
  words: readonly string[],
  values: readonly Value[],
): Generator<{ readonly text: string; readonly value: Value }, void, void> {
  for (const [index, word] of words.entries()) {
    const value = word === option ? values[index + 1] : values[index];
    if (value === undefined || (word !== option && !word.startsWith(`${option}=`))) continue;
    const text = word === option ? textOf(value) : word.slice(option.length + 1);
    if (!text.includes(unknownMark)) yield { text, value };
  }
}

/** Index entries keep the name as it is given: the spellings that engines translate elsewhere stay wrong here. */
function wrongArchitecture(text: string): string | undefined {
  const isOwn = normalizeArchitecture(text, "")[0] === text && isArchitecture(text);
  return isOwn || text === "" ? undefined : text;
}

function wrongPlatform(text: string): string | undefined {
  for (const item of text.split(",")) {
    const [os, architecture] = item.trim().toLowerCase().split("/");
    if (os !== "linux" || architecture === undefined || isArchitecture(architecture)) continue;
    if (/^[a-z0-9_-]+$/.test(architecture) && architecture !== "wasm") return architecture;
  }
  return undefined;
}

function meant(wrong: string): string {
  const [named] = namesIn(wrong);
  return named === undefined ? "" : ` (it is ${named.architecture})`;
}

import { namesIn } from "../../../platform/architecture-words.ts";
import type { ForeignName } from "../../names/foreign.ts";
import { textOf } from "../../value.ts";
import type { Download } from "./download.ts";

/**
 * Whether a variable that a name came through also gets the platform's own name in the same script, under a condition that is not known before it runs:
 * `case "$ARCH" in amd64) A=x86_64 ;; arm64) A=arm64 ;; esac` with an ARCH that the caller gives. Then the script chooses.
 */
export function hasAlternative({ through }: ForeignName, { execution, platform, index = 0 }: Download): boolean {
  if (execution === undefined || through.length === 0) return false;
  return execution.trace.commands.slice(0, index).some(({ certain, assignments }) => {
    if (certain) return false;
    return assignments.some(
      ({ name, value }) =>
        through.includes(name) &&
        namesIn(textOf(value)).some(({ architecture }) => architecture === platform.architecture),
    );
  });
}

/**
 * Whether the same line of a script is reached once more with the platform's own name: a loop over the architectures (`for arch in amd64 arm64`) gets
 * the file of each.
 */
export function isInLoop({ execution, command, platform }: Download): boolean {
  if (execution === undefined || command === undefined) return false;
  const { path, line, column } = command.place;
  return execution.trace.commands.some(
    (other) =>
      other !== command &&
      other.place.line === line &&
      other.place.column === column &&
      other.place.path === path &&
      other.words.some((word) =>
        namesIn(textOf(word)).some(({ architecture }) => architecture === platform.architecture),
      ),
  );
}

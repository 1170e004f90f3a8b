import { namesIn } from "../../../platform/architecture-words.ts";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem } from "../../rule.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";
import { shown, weightOf } from "./weight.ts";

/** `go tool dist list`. */
const goNames = new Set([
  "386",
  "amd64",
  "arm",
  "arm64",
  "loong64",
  "mips",
  "mips64",
  "mips64le",
  "mipsle",
  "ppc64",
  "ppc64le",
  "riscv64",
  "s390x",
  "wasm",
  "ppc",
  "sparc64",
  "riscv",
]);

/** What is wrong with the value of one of Go's variables, as a sentence without its end; undefined when nothing is. */
export function wrongGoName(name: string, text: string): string | undefined {
  if (name === "GOARCH" && !goNames.has(text) && namesIn(text).some((found) => found.text === text))
    return `GOARCH is ${shown(text)}, which Go does not know`;
  if (name === "GOARM" && /^v[5-8]$/.test(text))
    return `GOARM is ${shown(text)}; it is a bare number (${text.slice(1)})`;
  return undefined;
}

/** `GOARCH=aarch64`, `GOARM=v7`, in front of a command, exported, or on make's command line. */
export function* wrongGoNames(execution: Execution, model: Model): Generator<Problem, void, void> {
  for (const command of execution.trace.commands) {
    const onLine = command.words.flatMap((word) => {
      if (word.pieces[0]?.text.startsWith("GOAR") !== true) return [];
      const [, name, text] = /^(GOARCH|GOARM)=(.*)$/.exec(textOf(word)) ?? [];
      return name === undefined || text === undefined
        ? []
        : [{ name, text, place: word.pieces[0]?.place ?? command.place }];
    });
    // A variable that the script sets again before it starts a program is a beginning, no answer.
    const assigned = command.assignments
      .map(({ name, value, place }) => ({ name, text: textOf(value), place }))
      .filter(({ name, text }) => {
        return (
          wrongGoName(name, text) === undefined ||
          !/^(?:|export|declare|local)$/.test(command.program) ||
          !isSetAgain(name, command, execution)
        );
      });
    for (const { name, text, place } of [...onLine, ...assigned]) {
      const { severity, because } = weightOf(execution, command.certain);
      const problem = (message: string): Problem => ({
        rule: "arch-token-mismatch",
        severity,
        message,
        platforms: [execution.target],
        place,
        advice:
          name === "GOARCH"
            ? "Use Go's names: amd64, arm64 (TARGETARCH, `go env GOARCH`)."
            : "Cut the v off: ${TARGETVARIANT#v}.",
        key: ["arch-token-mismatch", place.path, place.line, name].join("\0"),
      });
      const wrong = wrongGoName(name, text);
      if (wrong !== undefined) yield problem(`${wrong}.${because}`);
      else if (name === "GOARM" && isWholeVariant(place, model))
        yield {
          ...problem("GOARM is TARGETVARIANT as it is: on arm/v7 that is `v7`, and Go wants 7."),
          severity: "note",
        };
    }
  }
}

/** True where `GOARM=$TARGETVARIANT` is written. */
function isWholeVariant(place: Place, { repository }: Model): boolean {
  const line = repository.text(place.path)?.split("\n", place.line)[place.line - 1] ?? "";
  return /GOARM="?\$(?:TARGETVARIANT\b|\{TARGETVARIANT\})/.test(line);
}

/** True when a later line of the script may give a variable another value: `if [ "$GOARCH" = armv6 ]; then GOARCH=arm; fi`. */
function isSetAgain(name: string, command: ReachedCommand, { trace }: Execution): boolean {
  const from = trace.commands.indexOf(command);
  return trace.commands
    .slice(from + 1)
    .some(
      ({ assignments, place }) => place.line > command.place.line && assignments.some((each) => each.name === name),
    );
}

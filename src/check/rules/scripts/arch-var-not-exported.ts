import { formatPlatform } from "../../../platform/platform.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Execution } from "../../model.ts";
import type { Rule } from "../../rule.ts";
import type { ReachedCommand, ShellVariable } from "../../shell/trace.ts";
import { dependsOnPlatform, textOf } from "../../value.ts";
import { readsOf } from "./build-variables.ts";
import { shown, weightOf } from "./weight.ts";

const id = "arch-var-not-exported";

/** A variable that a child process would read, and never gets. */
export const archVarNotExported: Rule = {
  id,
  severity: "error",
  page: {
    title: "A variable for the build is set and not exported",
    what: "`GOARCH`, `GOARM`, `CC`, `CARGO_BUILD_TARGET` and their kin set as plain variables of the shell, in front of `make`, `go build`, `cargo build` or another program that would read them from its environment.",
    why: "A plain assignment is for the shell alone; programs see exported variables only. The compiler does not know of the choice and builds for the machine that it runs on, so every platform of the image gets the builder's program.",
    symptom: "No error at build time. On the other platform: `exec /bin/app: exec format error`.",
    fix: "Export it, or write it in front of the command:\n\n```diff\n-RUN GOARCH=$TARGETARCH && make build\n+RUN export GOARCH=$TARGETARCH && make build\n```",
    ignore: "The program gets the value in another way, for example through a file.",
  },
  *find(model) {
    for (const execution of model.executions) {
      for (const command of execution.trace.commands) {
        const lost = readsOf(command).flatMap((name) => {
          const variable = command.variable(name);
          return variable !== undefined && isLost(name, variable, command, execution) ? [{ name, variable }] : [];
        });
        const [first] = lost;
        if (first === undefined) continue;
        const { severity, because } = weightOf({ ...execution, kind: execution.kind }, command.certain);
        const names = lost.map(({ name }) => name).join(" and ");
        yield {
          rule: id,
          severity: execution.kind === "run" && command.certain ? "error" : severity,
          message: `${names} (${lost.map(({ variable }) => shown(textOf(variable.value))).join(", ")}) is a variable of the shell alone: ${command.program} does not get it, and builds for ${formatPlatform(execution.machine)}.${execution.kind === "run" ? "" : because}`,
          platforms: [execution.target],
          place: command.place,
          related: lost.flatMap(({ name, variable: { place } }) =>
            place === undefined ? [] : [{ place, message: `${name} is set here.` }],
          ),
          advice: `Write export in front of ${first.name}=…, or ${first.name}=… in front of ${command.program}.`,
          key: [id, command.place.path, command.place.line, command.place.column].join("\0"),
        };
      }
    }
  },
};

/** True for a variable that was set for another platform than the machine's, and does not reach the command. */
function isLost(
  name: string,
  { value, exported, place }: ShellVariable,
  command: ReachedCommand,
  execution: Execution,
): boolean {
  if (exported || place === undefined) return false;
  if (command.assignments.some((each) => each.name === name)) return false;
  const isGiven = command.words.some((word) => {
    const text = textOf(word);
    return (
      text.startsWith(`${name}=`) || text.includes(` ${name}=`) || text === "-e" || text === "--environment-overrides"
    );
  });
  if (isGiven) return false;
  const text = textOf(value);
  if (name === "GOARCH") return text !== execution.machine.architecture && text !== "";
  const named = namesIn(text).map(({ architecture }) => architecture);
  if (named.length > 0) return !named.includes(execution.machine.architecture);
  // A number such as GOARM=6 matters where it was chosen for a platform that is not the machine's.
  return dependsOnPlatform(value) && text !== "" && execution.target.architecture !== execution.machine.architecture;
}

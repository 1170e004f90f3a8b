import type { ShellTrace } from "../../shell/trace.ts";
import { sliceValue, textOf, unknownValue, type Value } from "../../value.ts";
import { environmentFile, type JobContext, outputFile } from "./job-context.ts";

/** Takes over what a step leaves for later steps: `echo NAME=VALUE >> $GITHUB_ENV` (or `$GITHUB_OUTPUT`), and the older `::set-output`. */
export function takeOver(trace: ShellTrace, job: JobContext, id: string | undefined): void {
  for (const command of trace.commands) {
    const [, ...words] = command.words;
    const into = command.outputs.map(textOf);
    const toEnvironment = into.includes(environmentFile);
    const toOutput = into.includes(outputFile);
    for (const word of words) {
      const text = textOf(word);
      const old = /^::set-(output|env) name=([^:]+)::/.exec(text);
      if (old !== null) {
        const value = sliceValue(word, old[0].length, text.length);
        if (old[1] === "env") set(job.environment, old[2] ?? "", value, command.certain);
        else if (id !== undefined) set(job.outputs, `${id}.${old[2] ?? ""}`, value, command.certain);
        continue;
      }
      const name = /^([A-Za-z_][\w-]*)=/.exec(text)?.[1];
      if (name === undefined || (!toEnvironment && !toOutput)) continue;
      const value = sliceValue(word, name.length + 1, text.length);
      if (toEnvironment) set(job.environment, name, value, command.certain);
      else if (id !== undefined) set(job.outputs, `${id}.${name}`, value, command.certain);
    }
  }
}

/** What is set only under a condition that is not known is not known, unless it stays the same. */
function set(values: Map<string, Value>, name: string, value: Value, isCertain: boolean): void {
  const before = values.get(name);
  const isSame = before !== undefined && textOf(before) === textOf(value);
  values.set(name, isCertain || isSame ? value : unknownValue());
}

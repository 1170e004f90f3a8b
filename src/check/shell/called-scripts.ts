import type { Execution } from "../model.ts";
import type { Place } from "../place.ts";
import type { ReachedCommand } from "./trace.ts";

/**
 * Executions where a script that others call leaves out what those reach: with the caller's arguments and variables they know more than a run
 * of the script by itself.
 */
export function withoutCalledCommands(executions: readonly Execution[]): readonly Execution[] {
  const called = new Set<string>();
  for (const { trace, place } of executions) {
    for (const command of trace.commands) if (command.place.path !== place.path) called.add(keyOf(command.place));
    for (const each of trace.switches) if (each.place.path !== place.path) called.add(keyOf(each.place));
  }
  if (called.size === 0) return executions;
  return executions.map((execution) => {
    const { trace, place, kind } = execution;
    const isOwn = (where: Place): boolean => where.path !== place.path || !called.has(keyOf(where));
    if (kind !== "script" || trace.commands.every((command) => isOwn(command.place))) return execution;
    const commands = keep(trace.commands, (command) => isOwn(command.place));
    return {
      ...execution,
      trace: { ...trace, commands, switches: trace.switches.filter((each) => isOwn(each.place)) },
    };
  });
}

/** Commands that are kept, with the places of those that they read from put right. */
function keep(commands: readonly ReachedCommand[], isKept: (command: ReachedCommand) => boolean): ReachedCommand[] {
  const indexes = new Map<number, number>();
  const kept: ReachedCommand[] = [];
  for (const [index, command] of commands.entries()) {
    if (!isKept(command)) continue;
    indexes.set(index, kept.length);
    const { pipedFrom, ...rest } = command;
    const from = pipedFrom === undefined ? undefined : indexes.get(pipedFrom);
    kept.push({ ...rest, ...(from === undefined ? {} : { pipedFrom: from }) });
  }
  return kept;
}

function keyOf({ path, line, column }: Place): string {
  return `${path}:${line}:${column}`;
}

import type { Script, ShellOptions, ShellTrace } from "./trace.ts";

/** Runs a script for one platform without executing anything: what can be known is computed, and both ways are taken where it cannot. Never throws. */
export function runShell(_script: Script, _options: ShellOptions): ShellTrace {
  return { commands: [], switches: [], problems: [], variables: new Map() };
}

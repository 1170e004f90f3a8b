import type { Machine, Outcome } from "./machine.ts";
import type { ArchitectureSwitch } from "./trace.ts";

/** Takes down a place where a script chooses by the platform. */
export function recordSwitch(
  machine: Machine,
  found: Omit<ArchitectureSwitch, "outcome">,
  { control, status }: Outcome,
): void {
  const fails = control?.kind === "exit" ? control.zero === false : control?.kind === "return" && status.zero === false;
  machine.switches.push({ ...found, outcome: fails ? "fails" : "goes on" });
}

import type { Severity } from "../../../finding/finding.ts";
import type { Execution } from "../../model.ts";

/** How much a mistake of a script weighs by where it runs, and what is to be said of that. */
export function weightOf(
  execution: Execution,
  certain = true,
): { readonly severity: Severity; readonly because: string } {
  const { kind, stage, machine } = execution;
  if (kind === "run" && stage?.role === "build" && machine.architecture !== "amd64")
    return {
      severity: "warning",
      because: " This stage runs on the build platform: it shows on a builder of that architecture.",
    };
  if (kind === "run") return { severity: certain ? "error" : "warning", because: "" };
  if (kind === "recipe" || kind === "step") return { severity: "warning", because: "" };
  return { severity: certain ? "warning" : "note", because: "" };
}

/** A text as a message shows it. */
export function shown(text: string): string {
  const plain = text.replaceAll("\uFFFC", "…").replaceAll(/\s+/g, " ").trim();
  return `\`${plain.length > 100 ? `${plain.slice(0, 100)}…` : plain}\``;
}

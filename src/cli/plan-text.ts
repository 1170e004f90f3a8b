import type { BuildPlan } from "../build/plan.ts";
import type { StagePlan } from "../build/placement.ts";
import type { Strategy } from "../dockerfile/strategy.ts";
import { repositoryOf } from "../oci/reference.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Style } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import type { Cell } from "../report/table.ts";

/** How a plan is shown. */
export interface PlanFormat {
  readonly style: Style;
  /** Width of the terminal. */
  readonly columns: number;
}

/** The plan as one table a person reads at a glance: a line a platform and one a stage, then bases, hints and warnings. */
export function formatPlan(plan: BuildPlan, format: PlanFormat): string[] {
  const { style } = format;
  const rows: Cell[][] = plan.placements.flatMap(({ platform, strategy, node, reason, stages }) => [
    [
      { text: formatPlatform(platform), paint: style.bold },
      paintStrategy(strategy, style),
      `${node.info.name} ${node.info.endpoint}`,
      reason,
    ],
    ...stages.map((stage) => stageRow(stage, style)),
  ]);
  const header = ["PLATFORM", "STRATEGY", "NODE", "WHY"];
  const lines = formatTable(rows, { columns: format.columns, style, header });
  for (const { platform, reason } of plan.missing) {
    lines.push(`${style.yellow("left out")} ${formatPlatform(platform)}: ${reason}`);
  }
  if (plan.bases.length > 0) {
    const bases = plan.bases.map((base): Cell[] => [
      base.name,
      base.descriptor.digest.slice(0, 19),
      base.children.map(({ descriptor }) => descriptor.platform && formatPlatform(descriptor.platform)).join(", "),
      base.store.name === repositoryOf(base.reference) ? "" : `from ${base.store.name}`,
    ]);
    lines.push(
      "",
      ...formatTable(bases, { columns: format.columns, style, header: ["BASE IMAGE", "DIGEST", "PLATFORMS", ""] }),
    );
  }
  for (const hint of hintsOf(plan)) lines.push("", ...indented(`${style.cyan("hint: ")}${hint}`));
  for (const warning of plan.warnings) lines.push(`${style.yellow("warning: ")}${warning}`);
  return lines;
}

function stageRow(stage: StagePlan, style: Style): Cell[] {
  const what =
    stage.runs === 0
      ? "copies files"
      : `${stage.runs} ${stage.runs === 1 ? "step" : "steps"}${stage.compiles ? ", compiles" : ""}`;
  const strategy: Cell = stage.runs === 0 ? { text: "–", paint: style.dim } : paintStrategy(stage.strategy, style);
  return [{ text: `  ${stage.name}`, paint: style.dim }, strategy, `on ${formatPlatform(stage.platform)}`, what];
}

function paintStrategy(strategy: Strategy, style: Style): Cell {
  switch (strategy) {
    case "native":
    case "cross":
      return { text: strategy, paint: style.green };
    case "emulated":
      return { text: strategy, paint: style.yellow };
  }
}

/** Each advice once, with the platforms it is for. */
function hintsOf(plan: BuildPlan): string[] {
  const hints = plan.placements.flatMap(({ platform, stages }) =>
    stages.flatMap((stage) => (stage.hint === undefined ? [] : [{ platform, stage, hint: stage.hint }])),
  );
  return [...Map.groupBy(hints, ({ stage, hint }) => `${stage.line} ${hint}`).values()].map((group) => {
    const [first] = group;
    const platforms = group.map(({ platform }) => formatPlatform(platform)).join(", ");
    return `stage ${first?.stage.name} (line ${first?.stage.line}) compiles under emulation for ${platforms}.\n${first?.hint}`;
  });
}

function indented(text: string): string[] {
  return text.split("\n").map((line, index) => (index === 0 ? line : `      ${line}`));
}

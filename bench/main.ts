/**
 * `npm run bench [-- NAME…] [--json]`: prints the figures of the benchmarks, ratios where there is something to compare with. Exits 1 when a figure
 * is not what it should be.
 */
import { parseArgs } from "node:util";
import { formatTable } from "../src/report/table.ts";
import { makeStyle } from "../src/report/style.ts";
import type { Figure } from "./measure.ts";

/** The benchmarks by name. */
const benchmarks: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  startup: async () => (await import("./startup.ts")).measureStartup(),
  explain: async () => (await import("./explain.ts")).measureExplain(),
  check: async () => (await import("./check.ts")).measureCheck(),
  build: async () => (await import("./build.ts")).measureBuilds(),
  verify: async () => (await import("./verify.ts")).measureVerify(),
  run: async () => (await import("./run.ts")).measureRuns(),
  copy: async () => (await import("./copy.ts")).measureCopies(),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(", ")}: choose from ${Object.keys(benchmarks).join(", ")}.`);
  process.exit(2);
}

const figures: Figure[] = [];
for (const [name, measure] of Object.entries(benchmarks)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.error(`measuring ${name} …`);
  figures.push(...(await measure()));
}
if (values.json) console.log(JSON.stringify({ version: 1, figures }, null, 2));
else {
  const rows = figures.map(({ name, value, unit, below, detail }) => [
    name,
    `${value.toFixed(2)} ${unit}`,
    below === undefined ? "" : value < below ? `below ${below}: yes` : `below ${below}: NO`,
    detail ?? "",
  ]);
  console.log(formatTable(rows, { columns: process.stdout.columns || 160, style: makeStyle(false) }).join("\n"));
}
if (figures.some(({ value, below }) => below !== undefined && value >= below)) process.exitCode = 1;

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Figure, mediansOf, timeProcess } from "./measure.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = 21;

/** How quickly the program starts: whole processes, the launcher included, against `node -e 0` of the same Node. */
export async function measureStartup(): Promise<Figure[]> {
  const launcher = join(root, "bin", "archway");
  const node = process.execPath;
  const bundle = join(root, "dist", "archway.js");
  const medians = mediansOf(
    {
      node: () => timeProcess(node, ["-e", "0"]),
      help: () => timeProcess(launcher, ["--help"]),
      buildHelp: () => timeProcess(launcher, ["build", "--help"]),
      bundleHelp: () => (existsSync(bundle) ? timeProcess(node, [bundle, "--help"]) : Number.NaN),
    },
    rounds,
  );
  const against = (took: number) => `${took.toFixed(0)} ms against ${medians.node.toFixed(0)} ms`;
  const ratio = (name: string, took: number, below?: number): Figure => ({
    name,
    value: took / medians.node,
    unit: "times",
    detail: against(took),
    ...(below === undefined ? {} : { below }),
  });
  const { platforms } = mediansOf({ platforms: () => timeProcess(launcher, ["platforms", "--format", "json"]) }, 5);
  return [
    ratio("archway --help against node -e 0", medians.help, 2),
    ratio("archway build --help against node -e 0", medians.buildHelp),
    ...(existsSync(bundle)
      ? [ratio("the bundle's --help, without launcher and cache, against node -e 0", medians.bundleHelp)]
      : []),
    { name: "archway platforms", value: platforms / 1000, unit: "s", below: 1 },
  ];
}

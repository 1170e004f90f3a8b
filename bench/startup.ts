import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { type Figure, mediansOf, timeProcess } from "./measure.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = 21;

/** How quickly the program starts: whole processes, the launcher included, against `node -e 0` of the same Node. */
export async function measureStartup(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "archway-startup-"));
  try {
    return await measure(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(folder: string): Promise<Figure[]> {
  const launcher = join(root, "bin", "archway");
  const node = process.execPath;
  const installed = installBundle(folder);
  const env = { ...process.env, PATH: `${dirname(node)}:${process.env["PATH"]}` };
  const medians = await mediansOf(
    {
      node: () => timeProcess(node, ["-e", "0"]),
      help: () => timeProcess(launcher, ["--help"]),
      buildHelp: () => timeProcess(launcher, ["build", "--help"]),
      installedHelp: () => timeProcess(installed, ["--help"], env),
    },
    rounds,
  );
  const ratio = (name: string, took: number, below?: number): Figure => ({
    name: `${name} against node -e 0`,
    value: took / medians.node,
    unit: "times",
    detail: `${took.toFixed(0)} ms against ${medians.node.toFixed(0)} ms`,
    ...(below === undefined ? {} : { below }),
  });
  const { platforms } = await mediansOf(
    { platforms: () => timeProcess(launcher, ["platforms", "--format", "json"]) },
    5,
  );
  return [
    ratio("archway --help", medians.help, 2),
    ratio("the installed bundle's archway --help", medians.installedHelp, 2),
    ratio("archway build --help", medians.buildHelp),
    { name: "archway platforms", value: platforms / 1000, unit: "s", below: 1 },
  ];
}

/** Puts the launcher and a fresh bundle into a folder, as npm would, and returns the launcher. */
export function installBundle(folder: string): string {
  timeProcess(process.execPath, [join(root, "scripts", "bundle.ts")]);
  for (const name of ["bin", "dist", "package.json"]) cpSync(join(root, name), join(folder, name), { recursive: true });
  return join(folder, "bin", "archway");
}

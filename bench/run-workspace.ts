import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Figure, timeProcess } from "./measure.ts";
import { type RunPlace, runProject } from "./run-place.ts";

const fileCount = 50_000;

/**
 * Runs in a working tree of 50,000 files, against `cp -a` of the same. Each once: it takes long, and the differences are of another order than what else the machine does. Nothing is
 * removed before the end: ext4 without a journal makes new files many times slower for minutes after files were removed.
 */
export async function measureWorkspace(place: RunPlace): Promise<Figure[]> {
  const job = "{ image: busybox, steps: [test -f src/0/0.c] }";
  const cwd = await place.project("workspace", `  one: ${job}\n  two: { needs: one, image: busybox, steps: [ls] }\n`);
  for (let folder = 0; folder < fileCount / 100; folder += 1) {
    await mkdir(join(cwd, "src", String(folder)), { recursive: true });
    const names = Array.from({ length: 100 }, (_, file) => join(cwd, "src", String(folder), `${file}.c`));
    await Promise.all(names.map((name) => writeFile(name, `${name}\n`.repeat(20))));
  }
  execFileSync("git", ["-C", cwd, "init", "-q"]);
  const copy = timeProcess("cp", ["-a", join(cwd, "src"), `${cwd}-copy`]);
  const list = timeProcess("git", ["-C", cwd, "ls-files", "--others", "--exclude-standard"]);
  const first = await runProject(place, cwd);
  const again = await runProject(place, cwd);
  const workspace = first.events.findLast((event) => event.type === "workspace");
  if (workspace?.type !== "workspace" || workspace.files < fileCount) throw new Error("the workspace lacks files");
  for (const folder of [cwd, `${cwd}-copy`]) await rm(folder, { recursive: true });
  const { driver } = workspace;
  const own = workspace.seconds * 1000;
  const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
  return [
    {
      name: `workspace of ${fileCount} files for the second job against cp -a`,
      value: own / copy,
      unit: "times",
      below: 1,
      detail: `${own.toFixed(0)} ms (${driver}) against ${copy.toFixed(0)} ms`,
    },
    {
      name: `archway run of two trivial jobs in ${fileCount} files against cp -a and git ls-files of them`,
      value: first.milliseconds / (copy + list),
      unit: "times",
      below: 1.5,
      detail: `${seconds(first.milliseconds)} against ${seconds(copy)} and ${seconds(list)}`,
    },
    {
      name: "the same again, with nothing changed",
      value: again.milliseconds / (copy + list),
      unit: "times",
      below: 1,
      detail: seconds(again.milliseconds),
    },
    { name: "peak memory of it", value: Math.max(first.peak, again.peak) / 1e6, unit: "MB", below: 200 },
  ];
}

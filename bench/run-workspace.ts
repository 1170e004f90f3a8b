import { execFileSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Figure, median, timeProcess } from "./measure.ts";
import { type RunPlace, runProject } from "./run-place.ts";

const fileCount = 50_000;
/** One has to do: the difference is of another order than what else the machine does. */
const rounds = 1;

/** The second job's copy of a working tree of 50,000 files, against `cp -a` of the same. */
export async function measureWorkspace(place: RunPlace): Promise<Figure[]> {
  const job = "{ image: busybox, steps: [test -f src/0/0.c] }";
  const cwd = await place.project("workspace", `  one: ${job}\n  two: { needs: one, image: busybox, steps: [ls] }\n`);
  for (let folder = 0; folder < fileCount / 100; folder += 1) {
    await mkdir(join(cwd, "src", String(folder)), { recursive: true });
    const names = Array.from({ length: 100 }, (_, file) => join(cwd, "src", String(folder), `${file}.c`));
    await Promise.all(names.map((name) => writeFile(name, `${name}\n`.repeat(20))));
  }
  execFileSync("git", ["-C", cwd, "init", "-q"]);
  const took = { own: new Array<number>(), copy: new Array<number>(), whole: new Array<number>() };
  let driver = "";
  for (let round = 0; round < rounds; round += 1) {
    const copy = `${cwd}-copy`;
    took.copy.push(timeProcess("cp", ["-a", join(cwd, "src"), copy]));
    await rm(copy, { recursive: true });
    const run = await runProject(place, cwd);
    const workspace = run.events.findLast((event) => event.type === "workspace");
    if (workspace?.type !== "workspace" || workspace.files < fileCount) throw new Error("the workspace lacks files");
    driver = workspace.driver;
    took.own.push(workspace.seconds * 1000);
    took.whole.push(run.milliseconds);
  }
  await rm(cwd, { recursive: true });
  const [own, copy, whole] = [median(took.own), median(took.copy), median(took.whole)];
  return [
    {
      name: `workspace of ${fileCount} files for the second job against cp -a`,
      value: own / copy,
      unit: "times",
      below: 1,
      detail: `${own.toFixed(0)} ms (${driver}) against ${copy.toFixed(0)} ms`,
    },
    {
      name: `archway run of two trivial jobs in ${fileCount} files`,
      value: whole / 1000,
      unit: "s",
      detail: "one snapshot of the working tree for both",
    },
  ];
}

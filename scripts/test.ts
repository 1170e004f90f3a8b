/**
 * Runs the tests through node:test: those beside the code in one process, which is ten times as quick, and those in `test/` each in
 * its own, one more at a time than there are processors, because they mostly wait: three at most. Ends with the counts of all, and exits 1 when a test failed or none ran.
 *
 *     node scripts/test.ts [--unit] [--soak] [FILE…]
 *
 * `--unit` leaves out `test/`. `--soak` runs only files with random or killing tests; `ARCHWAY_SOAK` says how often they repeat.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, mkdtempDisposableSync, readFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

/** What the counting reporter tells of a run. */
interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { unit: { type: "boolean", default: false }, soak: { type: "boolean", default: false } },
});

/** Test files of a folder, among those that were asked for. */
function testFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ["test/scenarios/**"] })
    .filter((file) => positionals.length === 0 || positionals.some((wanted) => file.includes(wanted)))
    .filter((file) => !values.soak || /fast-check|ARCHWAY_SOAK/.test(readFileSync(resolve(root, file), "utf8")))
    .sort();
}

/** Runs test files, shows what the runner says, and returns its counts; `crashed` when it ended without them or with an error of its own. */
async function runFiles(files: readonly string[], options: readonly string[]): Promise<Counts & { crashed: boolean }> {
  const none = { passed: 0, failed: 0, skipped: 0, crashed: false };
  if (files.length === 0) return none;
  const reporters = ["--test-reporter=spec", "--test-reporter-destination=stdout"];
  using folder = mkdtempDisposableSync(join(tmpdir(), "archway-test-"));
  const countsFile = join(folder.path, "counts.json");
  reporters.push("--test-reporter=./scripts/test-counts.ts", `--test-reporter-destination=${countsFile}`);
  if (values.soak) reporters.push("--import=./scripts/soak.ts");
  const child = spawn(process.execPath, ["--test", ...options, ...reporters, ...files], {
    cwd: root,
    stdio: "inherit",
  });
  const [exitCode] = (await once(child, "close")) as [number | null];
  const text = existsSync(countsFile) ? readFileSync(countsFile, "utf8") : "";
  const counts = text === "" ? undefined : (JSON.parse(text) as Counts);
  return { ...(counts ?? none), crashed: counts === undefined || (exitCode !== 0 && counts.failed === 0) };
}

/** Hooks of a file itself would run around the tests of other files in the same process. */
function hasFileHooks(file: string): boolean {
  return /^(before|after)(Each)?\(/m.test(readFileSync(resolve(root, file), "utf8"));
}

const beside = testFiles("src");
const apart = [...beside.filter(hasFileHooks), ...(values.unit ? [] : testFiles("test"))];
const together = beside.filter((file) => !apart.includes(file));
const runs = [
  await runFiles(together, ["--test-isolation=none"]),
  await runFiles(apart, [`--test-concurrency=${Math.min(3, availableParallelism() + 1)}`]),
];
const sum = (key: keyof Counts) => runs.reduce((total, run) => total + run[key], 0);
const crashed = runs.some((run) => run.crashed);

if (crashed) console.error("The test runner ended without a result.");
console.log(
  `${sum("passed")} passed, ${sum("failed")} failed${sum("skipped") > 0 ? `, ${sum("skipped")} skipped` : ""}`,
);
if (sum("passed") === 0 || sum("failed") > 0 || crashed) process.exitCode = 1;

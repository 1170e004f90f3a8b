/**
 * Runs the tests through node:test: those beside the code in one process, which is ten times as quick, and at the same time those in `test/` each
 * in its own, two more at a time than there are processors, because they wait for engines half of the time: four at most. Ends with what took
 * longest, what was left out and why, and the counts of all; exits 1 when a test failed or none ran.
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
import { text } from "node:stream/consumers";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { cacheFolder } from "../test/bed/cache-folder.ts";
import readResults, { type Results } from "./test-results.ts";

/** The longest files of `test/`, the longest first. They begin first: at the end they would leave processors idle. */
const longest = [
  "run-scenarios",
  "verify-run",
  "run-faults",
  "build-input",
  "run-nodes",
  "run-workspace",
  "run-cancel",
  "run-ends",
  "import-run",
  "verify-hostile",
  "build-resilience",
  "build-outputs",
  "build-engines",
  "build-samples",
  "engine-buildkit",
  "engine-buildah",
  "verify-corpus",
  "verify-overlay",
  "run-logs",
  "check-seeds",
].map((name) => `test/e2e/${name}.test.ts`);

const root = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { unit: { type: "boolean", default: false }, soak: { type: "boolean", default: false } },
});
const nodeOptions = values.soak ? ["--import=./scripts/soak.ts"] : [];

/** Test files of a folder, among those that were asked for. */
function testFiles(folder: string): string[] {
  return globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude: ["test/scenarios/**"] })
    .filter((file) => positionals.length === 0 || positionals.some((wanted) => file.includes(wanted)))
    .filter((file) => !values.soak || /fast-check|ARCHWAY_SOAK/.test(readFileSync(resolve(root, file), "utf8")))
    .sort();
}

/**
 * Runs test files in one process of their own; undefined when that ended without results, or with an error that no test has.
 *
 * @param isAlone what it says is shown as it comes; else when it has ended
 */
async function runTogether(files: readonly string[], isAlone: boolean): Promise<Results | undefined> {
  using folder = mkdtempDisposableSync(join(tmpdir(), "archway-test-"));
  const resultsFile = join(folder.path, "results.json");
  const reporters = [
    "--test-reporter=spec",
    "--test-reporter-destination=stdout",
    "--test-reporter=./scripts/test-results.ts",
    `--test-reporter-destination=${resultsFile}`,
  ];
  const child = spawn(process.execPath, ["--test", "--test-isolation=none", ...nodeOptions, ...reporters, ...files], {
    cwd: root,
    stdio: isAlone ? "inherit" : ["ignore", "pipe", "inherit"],
  });
  const said = child.stdout === null ? "" : text(child.stdout);
  const [exitCode] = (await once(child, "close")) as [number | null];
  process.stdout.write(await said);
  const written = existsSync(resultsFile) ? readFileSync(resultsFile, "utf8") : "";
  const results = written === "" ? undefined : (JSON.parse(written) as Results);
  return exitCode !== 0 && results?.failed === 0 ? undefined : results;
}

/** Runs test files each in a process of its own, several at a time, in their order. */
async function runApart(files: readonly string[]): Promise<Results | undefined> {
  const concurrency = Math.min(4, availableParallelism() + 2);
  // Tests start the program in places with caches of their own: it would strip and compile its code each time.
  process.env["NODE_COMPILE_CACHE"] ??= cacheFolder("node");
  const events = run({
    cwd: root,
    files: files.map((file) => resolve(root, file)),
    concurrency,
    execArgv: nodeOptions,
  });
  events.compose(spec).pipe(process.stdout);
  const written = await text(events.compose(readResults));
  return written === "" ? undefined : (JSON.parse(written) as Results);
}

/** Hooks of a file itself would run around the tests of other files in the same process. */
function hasFileHooks(file: string): boolean {
  return /^(before|after)(Each)?\(/m.test(readFileSync(resolve(root, file), "utf8"));
}

const renamed = longest.filter((file) => !existsSync(resolve(root, file)));
if (renamed.length > 0) throw new Error(`scripts/test.ts names tests that are not there: ${renamed.join(", ")}`);
const place = (file: string) => (longest.includes(file) ? longest.indexOf(file) : longest.length);
const beside = testFiles("src");
const apart = [...beside.filter(hasFileHooks), ...(values.unit ? [] : testFiles("test"))];
const together = beside.filter((file) => !apart.includes(file));
const runs = await Promise.all([
  ...(together.length > 0 ? [runTogether(together, apart.length === 0)] : []),
  ...(apart.length > 0 ? [runApart(apart.toSorted((a, b) => place(a) - place(b)))] : []),
]);
const ended = runs.filter((results) => results !== undefined);
const sum = (key: "passed" | "failed") => ended.reduce((total, results) => total + results[key], 0);
const seconds = ended.flatMap((results) => Object.entries(results.seconds)).toSorted(([, a], [, b]) => b - a);
const skips = ended.flatMap((results) => results.skips);

for (const [file, took] of seconds.slice(0, 15)) console.log(`${String(Math.round(took)).padStart(5)} s  ${file}`);
for (const skip of skips) console.log(`skipped: ${skip}`);
if (ended.length < runs.length) console.error("The test runner ended without a result.");
console.log(`${sum("passed")} passed, ${sum("failed")} failed${skips.length > 0 ? `, ${skips.length} skipped` : ""}`);
if (sum("passed") === 0 || sum("failed") > 0 || ended.length < runs.length) process.exitCode = 1;

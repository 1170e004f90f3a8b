/** Folders `test/scenarios/run-NAME`: a repository with a pipeline, and in `expected.yaml` what comes of running it. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { run } from "../bed/command.ts";
import { archway, workplace, type Ended, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";
import { assertWhole, eventsOf, isLike, lineOf, outputOf } from "./run-record.ts";

const folder = resolve(import.meta.dirname, "../scenarios");

const texts = z.array(z.string()).default([]);

const runSchema = z.strictObject({
  /** What it shows, for the reports of tests. */
  name: z.string(),
  args: texts,
  /** Values of secrets by name. None of them may be seen anywhere. */
  secrets: z.record(z.string(), z.string()).default({}),
  /** More texts that may be seen nowhere. */
  hidden: texts,
  /** Files that are written before the run, and committed when the repository is one of Git. */
  files: z.record(z.string(), z.string()).default({}),
  exit: z.int(),
  /** Lines of events (`lineOf`), each list in its order; between them others may lie. `…` stands for anything. */
  events: z.array(z.union([z.string().transform((one) => [one]), z.array(z.string())])).default([]),
  /** Lines that no event has. */
  never: texts,
  /** `JOB SOURCE` → all that it wrote; `…` stands for anything. */
  output: z.record(z.string(), z.string()).default({}),
  /** Parts of what a person reads. */
  says: texts,
  /** Repository of the open registry → its tags afterwards, all on the image that the run made. */
  tags: z.record(z.string(), z.array(z.string())).default({}),
});

const scenarioSchema = z.strictObject({
  /** Branch of a Git repository that the folder becomes, with a first commit. Absent: none. */
  git: z.string().optional(),
  /** Parts of the bed that it needs besides the engine and the open registry. */
  needs: z.array(z.enum(["buildkit", "private"])).default([]),
  /** Said when it is not run with both engines. */
  engines: z.array(z.enum(["docker", "podman"])).default(["docker", "podman"]),
  runs: z.array(runSchema).min(1),
});

export type Scenario = z.output<typeof scenarioSchema> & { readonly folder: string };
type ExpectedRun = z.output<typeof runSchema>;

/** All scenarios, by the names of their folders. */
export function readScenarios(): readonly Scenario[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith("run-"))
    .map((name) => ({
      folder: name,
      ...scenarioSchema.parse(parse(readFileSync(join(folder, name, "expected.yaml"), "utf8"))),
    }));
}

/** What a scenario is run with. */
export interface ScenarioPlace {
  readonly env: NodeJS.ProcessEnv;
  /** Socket of the engine. */
  readonly endpoint: string;
  /** Word in files → what stands there for this bed: `MIRROR` → a registry's host, `ENGINE` → a name that no other engine's run has. */
  readonly words: Readonly<Record<string, string>>;
}

/** Runs a scenario from its first run to its last, and asserts all that it expects. */
export async function playScenario(scenario: Scenario, { env, endpoint, words }: ScenarioPlace): Promise<void> {
  await using place = await workplace({ env }, { scenario: scenario.folder });
  const filled = (text: string) =>
    Object.entries(words).reduce((result, [word, value]) => result.replaceAll(word, value), text);
  await rm(join(place.dir, "expected.yaml"));
  for (const name of readdirSync(place.dir, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".yaml")) continue;
    const file = join(place.dir, name);
    await writeFile(file, filled(await readFile(file, "utf8")));
  }
  const git = (...args: readonly string[]) =>
    run("git", ["-c", "user.name=A Person", "-c", "user.email=person@example.org", ...args], {
      env: { ...place.env, GIT_CONFIG_GLOBAL: "/dev/null" },
      cwd: place.dir,
    });
  const commit = async (message: string) => {
    if (scenario.git === undefined) return;
    await git("add", "--all");
    await git("commit", "--quiet", "--allow-empty", "--message", message);
  };
  if (scenario.git !== undefined) await git("init", "--quiet", "--initial-branch", scenario.git);
  await commit("Begin");
  for (const expected of scenario.runs) {
    for (const [name, content] of Object.entries(expected.files)) {
      await mkdir(dirname(join(place.dir, name)), { recursive: true });
      await writeFile(join(place.dir, name), filled(content));
    }
    if (Object.keys(expected.files).length > 0) await commit(expected.name);
    const secrets = Object.keys(expected.secrets).flatMap((name) => ["--secret-env", name]);
    const ended = await archway(["run", "--host", endpoint, ...secrets, ...expected.args.map(filled)], {
      cwd: place.dir,
      env: { ...place.env, ...expected.secrets },
    });
    await assertRun(expected, { ended, place, words, filled });
    assert.deepEqual(await contentOf(endpoint), [], `${expected.name}: something is left in the engine`);
    assert.deepEqual(await leftOnDisk(place), [], `${expected.name}: something is left on the disk`);
  }
}

async function assertRun(
  expected: ExpectedRun,
  {
    ended,
    place,
    words,
    filled,
  }: {
    readonly ended: Ended;
    readonly place: Workplace;
    readonly words: ScenarioPlace["words"];
    readonly filled: (text: string) => string;
  },
): Promise<void> {
  const { code, stdout, stderr } = ended;
  const about = `${expected.name}:\n${stderr}`;
  assert.equal(code, expected.exit, about);
  const events = await eventsOf(place);
  if (events.length > 0) assertWhole(events);
  const lines = events.flatMap((event) => lineOf(event) ?? []);
  const told = `${expected.name}: the events are\n${lines.join("\n")}\n`;
  for (const wanted of expected.events) {
    let from = 0;
    for (const pattern of wanted.map(filled)) {
      const found = lines.findIndex((line, index) => index >= from && isLike(line, pattern));
      assert.ok(found >= 0, `${told}none is "${pattern}"${from === 0 ? "" : ` behind "${lines[from - 1]}"`}`);
      from = found + 1;
    }
  }
  for (const pattern of expected.never.map(filled)) {
    assert.deepEqual(
      lines.filter((line) => isLike(line, pattern)),
      [],
      told,
    );
  }
  for (const [source, wanted] of Object.entries(expected.output)) {
    const [job = "", name = ""] = source.split(/ (?=\S+$)/);
    const written = outputOf(events, job, name);
    assert.ok(isLike(written, filled(wanted)), `${about}\n${source} wrote ${JSON.stringify(written)}`);
  }
  for (const part of expected.says.map(filled)) {
    assert.ok(isLike(stderr, `…${part}…`), `${expected.name}: nowhere is "${part}" in\n${stderr}`);
  }
  const everything = `${JSON.stringify(events)}${stdout}${stderr}`;
  for (const hidden of [...Object.values(expected.secrets), ...expected.hidden]) {
    assert.ok(!everything.includes(hidden), `${expected.name}: "${hidden}" is to be seen`);
  }
  for (const [repository, wanted] of Object.entries(expected.tags)) {
    const made = events.flatMap((event) => (event.type === "image" ? [event.digest] : []));
    const tags = await tagsOf(words["MIRROR"] ?? "", filled(repository));
    assert.deepEqual(tags, Object.fromEntries(wanted.map((tag) => [tag, made[0]])), about);
  }
}

/** The tags of a repository, and the digest of the index that each is on. */
async function tagsOf(host: string, repository: string): Promise<Readonly<Record<string, string | null>>> {
  const url = `http://${host}/v2/${repository}`;
  const answer = await fetch(`${url}/tags/list`);
  const { tags } = z.object({ tags: z.array(z.string()).nullish() }).parse(await answer.json());
  const digestOf = async (tag: string) => {
    const headers = { accept: "application/vnd.oci.image.index.v1+json" };
    return (await fetch(`${url}/manifests/${tag}`, { method: "HEAD", headers })).headers.get("docker-content-digest");
  };
  return Object.fromEntries(await Promise.all((tags ?? []).map(async (tag) => [tag, await digestOf(tag)] as const)));
}

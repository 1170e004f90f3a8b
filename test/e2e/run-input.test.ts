/** What is wrong with what `archway run` is given: exit code 2 before anything runs, with what it is, and where. No engine has a part in it. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { archway, workplace, type Workplace } from "./archway.ts";

let place: Workplace;
before(async () => {
  place = await workplace({ env: { PATH: process.env["PATH"], HOME: "/nonexistent" } });
  await mkdir(join(place.dir, "folder"));
  await writeFile(join(place.dir, "folder/Dockerfile"), "FROM scratch\n");
});
after(() => place[Symbol.asyncDispose]());

const good = `version: 1
platforms: [linux/amd64]
on: { manual: { inputs: { target: { choice: [staging, production] }, level: { required: true } } } }
jobs:
  test: { platforms: all, image: alpine, steps: [x], secrets: [TOKEN] }
  image: { build: { tags: ["127.0.0.1:9/a/b:1"], file: docker/Dockerfile } }
  empty: { build: { tags: ["127.0.0.1:9/a/b:2"], file: folder/Dockerfile } }
  approve: { needs: test, approval: {} }
`;

const job = (more: string) => `version: 1\njobs:\n  a: { image: alpine, steps: [x]${more} }\n`;

/** What a person gets wrong → pipeline, arguments, and what is said first. */
const cases: Readonly<Record<string, readonly [pipeline: string, args: readonly string[], said: RegExp]>> = {
  "YAML that is none": ["version: 1\njobs:\n  a: { image: [\n", [], /\.archway\.yaml:4:1: /],
  "an unknown key": [
    job(", timeot: 1m"),
    [],
    /\.archway\.yaml:3:35: unknown key "timeot".*\n(.*\n){2}hint: Did you mean "timeout"/,
  ],
  "an unknown need": [job(", needs: b"), [], /\.archway\.yaml:3:42: there is no job "b"/],
  "jobs in a circle": [
    `${job(", needs: b")}  b: { needs: a, image: x, steps: [x] }\n`,
    [],
    /\.archway\.yaml:3:42: .* a → b → a\./,
  ],
  "an unknown platform in the file": [
    job(", platforms: linux/amd65"),
    [],
    /\.archway\.yaml:3:46: Unknown platform "linux\/amd65".*did you mean linux\/amd64\?\n/,
  ],
  "an unknown job": [good, ["tset"], /The pipeline has no job "tset"\.\nhint: Did you mean "test"\?/],
  "an unknown platform": [good, ["--platform", "linux/arm65"], /Unknown platform "linux\/arm65"/],
  "a platform that no job has": [
    good,
    ["--platform", "linux/s390x"],
    /No job of the pipeline runs on linux\/s390x\.\nhint: Platforms: linux\/amd64/,
  ],
  "a missing secret": [
    good,
    ["test"],
    /\.archway\.yaml:5:63: The jobs need a secret that is not given: TOKEN \(test\)\.\n(.*\n){2}hint: Give/,
  ],
  "a secret that the environment lacks": [
    good,
    ["--secret-env", "TOKEN"],
    /--secret-env TOKEN: the environment has no such variable/,
  ],
  "a file of secrets that is not there": [good, ["--secret-file", "none"], /none cannot be read: ENOENT/],
  "a file of secrets that is none": [good, ["--secret-file", "folder"], /folder cannot be read: EISDIR/],
  "an unknown input": [
    good,
    ["--input", "targt=x"],
    /The pipeline has no input "targt"\.\nhint: Did you mean "target"/,
  ],
  "a value that an input does not take": [
    good,
    ["--input", "target=x"],
    /The input target is "x"\.\nhint: It may be staging or production/,
  ],
  "an input that is missing": [good, ["--event", "manual"], /The run needs inputs: level\./],
  "an unknown event": [good, ["--event", "pusch"], /--event pusch: .*\nhint: Did you mean "push"/],
  "a configuration that is not there": [good, ["--config", "none.yaml"], /There is no configuration .*none\.yaml/],
  "a configuration that is no file": [good, ["--config", "folder"], /folder: the configuration is not a file/],
  "a missing Dockerfile": [
    good,
    ["image"],
    /\.archway\.yaml:6:56: There is no Dockerfile at .*docker\/Dockerfile\.\n {2}needed by: image\n/,
  ],
  "an approval of a job that waits for nobody": [
    good,
    ["--approve", "test"],
    /--approve test: this job waits for nobody\.\nhint: Approvals: approve/,
  ],
  "a file of events that cannot be written": [
    good,
    ["empty", "--events", "none/events"],
    /none\/events cannot be written/,
  ],
  "a source that is not there": [good, ["--source", "none"], /There is no repository none\./],
  "a node without a platform": [good, ["--node", "tcp://x:1"], /--node tcp:\/\/x:1: must be PLATFORM=ENDPOINT/],
  "an option that there is not": [good, ["--pubish"], /Unknown option '--pubish'\.\nhint: Did you mean --publish\?/],
};

for (const [name, [pipeline, args, said]] of Object.entries(cases)) {
  test(`${name} is wrong input`, async () => {
    await writeFile(join(place.dir, ".archway.yaml"), pipeline);
    const { code, stderr } = await archway(["run", ...args], { cwd: place.dir, env: place.env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, said);
    assert.match(stderr, /^error: /);
  });
}

/** `archway run` beside its scenarios: what needs an engine that is prepared, or another command first. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import { archway, workplace } from "./archway.ts";
import { tellEngine } from "./engine-content.ts";
import { runBed } from "./run-bed.ts";
import { eventsOf, outputOf } from "./run-record.ts";

const needs = ["registry", "buildkit", "docker", "podman", "qemu", "bases"] as const;

describe("archway run", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);

  test("a pipeline of IceCI runs after its import", async () => {
    const { endpoint } = await at.bed.docker();
    await using place = await workplace(at.bed, {});
    const old = `services:
  - name: web
    image: busybox
    script: mkdir /www; echo served > /www/page; httpd -f -p 8000 -h /www
globals:
  environment: [{ name: GREETING, value: hello }]
  onFailure: [{ handlerName: tell }]
failureHandlers:
  - { name: tell, image: busybox, script: echo "$ICECI_FAILED_STEP_NAME went wrong" }
steps:
  - name: write
    containerRun: { image: busybox, script: 'echo "$GREETING on $ICECI_GIT_EVENT_TYPE" > note' }
  - name: ask
    containerRun: { image: busybox, script: 'cat note; sleep 1; wget -q -O - http://web:8000/page' }
  - name: fail
    containerRun: { image: busybox, script: exit 3 }
`;
    await writeFile(join(place.dir, ".iceci.yaml"), old);
    const imported = await archway(["import", "iceci", ".iceci.yaml", "-o", ".archway.yaml"], {
      cwd: place.dir,
      env: place.env,
    });
    assert.equal(imported.code, 0, imported.stderr);
    const file = join(place.dir, ".archway.yaml");
    await writeFile(file, `${await readFile(file, "utf8")}registries: { docker.io: { mirrors: ["${at.mirror}"] } }\n`);
    const { code, stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(code, 1, stderr);
    assert.match(stderr, /│ hello on push\n.*│ served\n/s);
    assert.match(stderr, /│ fail went wrong\n/);
  });

  test("a matrix over the limit is an error, and nothing of it runs", async () => {
    const values = JSON.stringify(Array.from({ length: 32 }, (_, index) => String(index)));
    await using place = await at.repository(
      `jobs:\n  many: { matrix: { a: ${values}, b: ${values} }, image: busybox, steps: [echo no] }\n`,
    );
    const { endpoint } = await at.bed.docker();
    const { code, stderr } = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /:5:11: the pipeline has 1024 jobs, 1024 of them of "many"; a run has 1000 at most\./);
    assert.deepEqual(await eventsOf(place), []);
  });

  for (const engine of ["docker", "podman"] as const) {
    test(`with ${engine}, an image of another platform that the engine has under the name never runs`, async () => {
      const { endpoint } = await at.bed[engine]();
      const { repository: name } = await at.bed.base("alpine");
      const gone = "127.0.0.1:1/library/alpine";
      await tellEngine(endpoint, "POST", `/images/create?fromImage=${name}&tag=latest&platform=linux/arm64`);
      for (const repository of ["docker.io/library/alpine", gone])
        await tellEngine(endpoint, "POST", `/images/${name}:latest/tag?repo=${repository}&tag=latest`);
      await using place = await at.repository(`jobs:
  short: { image: alpine, steps: [uname -m] }
  full: { image: "${name}:latest", steps: [uname -m] }
  unreachable: { image: "${gone}:latest", steps: [uname -m] }
  kept: { platforms: [linux/arm64], image: "${gone}:latest", steps: [uname -m] }
`);
      const run = (...jobs: readonly string[]) =>
        archway(["run", ...jobs, "--host", endpoint], { cwd: place.dir, env: place.env });
      const offline = await run("unreachable", "kept");
      assert.equal(offline.code, 3, offline.stderr);
      assert.match(offline.stderr, /unreachable: cannot reach 127\.0\.0\.1:1/);
      const first = await eventsOf(place);
      assert.equal(outputOf(first, "unreachable", "step-1"), "");
      assert.equal(outputOf(first, "kept@linux/arm64", "step-1"), "aarch64\n", offline.stderr);
      const online = await run("short", "full");
      assert.equal(online.code, 0, online.stderr);
      const second = await eventsOf(place);
      for (const job of ["short", "full"]) assert.equal(outputOf(second, job, "step-1"), "x86_64\n");
    });
  }
});

/** The containers of jobs on real engines: services that hang and that end, users of images and handlers, and builds that would lead out of the checkout. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import { startEngineRelay } from "../faults/engine-relay.ts";
import { archway, startArchway, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";
import { runBed } from "./run-bed.ts";
import { eventsOf, outputOf } from "./run-record.ts";

const needs = ["registry", "buildkit", "docker", "podman", "bases"] as const;

describe("containers of archway run", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);
  const repository = async (jobs: string, files: Readonly<Record<string, string>> = {}): Promise<Workplace> => {
    const env = { BUILDKIT_HOST: (await at.bed.buildkit()).endpoint };
    return at.repository(`jobs:\n${jobs}`, { files, env });
  };

  for (const engine of ["docker", "podman"] as const) {
    const hanging = (timeout: string) => `  one:
    image: busybox
    services: { db: { image: busybox, run: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.1; done", ready: { command: sleep 1000, timeout: ${timeout} } } }
    steps: [echo hi]
`;

    test(`a readiness command that hangs (${engine}) ends with its time and with a cancel, and its service is asked to end`, async () => {
      const { endpoint } = await at.bed[engine]();
      await using slow = await repository(hanging("2s"));
      const ended = await archway(["run", "--host", endpoint], { cwd: slow.dir, env: slow.env });
      assert.equal(ended.code, 1, ended.stderr);
      assert.match(ended.stderr, /was not ready within 2 s: `sleep 1000` did not answer/);
      assert.match(outputOf(await eventsOf(slow), "one", "service:db"), /^up\n(Terminated\n)?bye\n/);
      await using patient = await repository(hanging("1h"));
      const program = startArchway(["run", "--host", endpoint, "--progress", "json"], {
        cwd: patient.dir,
        env: patient.env,
      });
      await program.shows('"text":"up\\n"');
      program.child.kill("SIGINT");
      assert.equal((await program.ended).code, 130);
      for (const place of [slow, patient]) assert.deepEqual(await leftOnDisk(place), []);
      assert.deepEqual(await contentOf(endpoint), []);
    });

    for (const isBlind of [false, true]) {
      test(`users of images and handlers change the files of a job (${engine}${isBlind ? " of another machine" : ""})`, async () => {
        const { endpoint } = await at.bed[engine]();
        await using relay = await startEngineRelay({ socket: endpoint.replace("unix://", ""), isBlind });
        await using place = await repository(
          `  image: { build: {} }
  user:
    needs: image
    image: "\${{ jobs.image.reference }}"
    cache: [{ path: /c, key: k }]
    steps: ["id -u; echo more >> file; echo new > new; echo c > /c/file; cat file"]
  handler:
    image: busybox
    may_fail: true
    steps: [exit 1]
    on_failure: [{ name: handle, user: "1234", run: "id -u; echo more >> file; cat file" }]
  root: { image: busybox, steps: ["stat -c %a file"] }
`,
          { Dockerfile: "FROM busybox\nUSER 1000:1000\n", file: "file\n" },
        );
        const ended = await archway(["run", "--host", relay.endpoint], { cwd: place.dir, env: place.env });
        assert.equal(ended.code, 0, ended.stderr);
        const events = await eventsOf(place);
        assert.equal(outputOf(events, "user", "step-1"), "1000\nfile\nmore\n");
        assert.equal(outputOf(events, "handler", "handle"), "1234\nfile\nmore\n");
        // Nobody else has a use for it.
        assert.equal(outputOf(events, "root", "step-1"), "644\n");
        assert.deepEqual(
          events.flatMap((event) => (event.type === "cache" ? [event.result] : [])),
          ["miss", "saved"],
        );
        assert.deepEqual(await leftOnDisk(place), []);
        assert.deepEqual(await contentOf(endpoint), []);
      });
    }
  }

  test("a build job cannot name files outside of the checkout, and fails alone", async () => {
    const { endpoint } = await at.bed.docker();
    await using lost = await repository("  out: { build: { context: .. }, may_fail: true }\n", {});
    const refused = await archway(["run", "--host", endpoint], { cwd: lost.dir, env: lost.env });
    assert.equal(refused.code, 2, refused.stderr);
    assert.match(refused.stderr, /The build may read and write files of the repository alone, and \.\. of context/);
    await using place = await repository(
      `  cache: { build: { cache_from: ["type=local,src=../private"] }, may_fail: true }
  option: { build: { context: "--secret=id=x,src=/etc/hostname" }, may_fail: true }
  good: { build: {} }
`,
      { Dockerfile: "FROM busybox\nCOPY . /app\n" },
    );
    const option = join(place.dir, "--secret=id=x,src=", "etc", "hostname");
    await mkdir(option, { recursive: true });
    await writeFile(join(option, "Dockerfile"), "FROM busybox\n");
    const ended = await archway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(ended.code, 0, ended.stderr);
    assert.match(ended.stderr, /cache: .* and \.\.\/private of cache_from leads out of it/);
    assert.match(ended.stderr, /option: "--secret=id=x,src=\/etc\/hostname" is no name of a folder or an image/);
  });
});

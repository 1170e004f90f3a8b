import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";
import type { ContainerScript, EngineScript, Fault } from "../../test/scripted/scripted-containerizer.ts";
import { ArchwayError } from "../error/error.ts";

const lost = new ArchwayError({ code: "ENGINE_LOST", kind: "unreachable", message: "The engine does not answer." });

const seconds = (max: number) => fc.integer({ min: 0, max }).map((value) => value * 1000);

/** What containers do: end well or badly, soon or never, heed SIGTERM or not, do not start at all. */
const script: fc.Arbitrary<ContainerScript> = fc
  .record(
    {
      lasts: seconds(40),
      exitCode: fc.constantFrom(0, 0, 0, 1, 126, 137),
      outOfMemory: fc.boolean(),
      heeds: seconds(15),
      output: fc.constantFrom("some text\n", "exec format error\n"),
      readyAfter: seconds(30),
      starts: fc.integer({ min: 0, max: 9 }),
    },
    { requiredKeys: ["exitCode", "readyAfter", "starts"] },
  )
  .map(({ readyAfter, starts, ...rest }) => ({
    ...rest,
    ...(starts === 9 ? { refuses: lost } : {}),
    isReady: (age: number) => age >= readyAfter,
  }));

const command = fc.constantFrom({ run: "x" }, { args: ["x"] });
const retry = fc.record({
  attempts: fc.integer({ min: 1, max: 3 }),
  on: fc.subarray(["infrastructure", "user", "timeout", "out-of-memory"], { minLength: 1 }),
  delay: fc.constantFrom("1s", "20s"),
});
const handlers = fc.array(command, { maxLength: 2 });
const step = fc
  .record(
    {
      run: command,
      when: fc.constantFrom("success", "success", "failure", "always"),
      may_fail: fc.boolean(),
      timeout: fc.constantFrom("1s", "10s", "30s"),
      retry,
      on_failure: handlers,
    },
    { requiredKeys: ["run", "when", "on_failure"] },
  )
  .map(({ run, ...rest }) => ({ ...run, ...rest }));
const ready = fc.constant({ command: "x", timeout: "20s" });
const service = fc.record({ image: fc.constant("db"), ready }, { requiredKeys: ["image"] });
const job = fc.record(
  {
    image: fc.constant("alpine"),
    steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    services: fc.dictionary(fc.constantFrom("db", "web"), service, { maxKeys: 2 }),
    timeout: fc.constantFrom("5s", "1m", "10m"),
    retry,
    on_failure: handlers,
    artifacts: fc.constantFrom({}, { out: "out" }),
  },
  { requiredKeys: ["image", "steps", "services", "timeout", "on_failure"] },
);
type Job = typeof job extends fc.Arbitrary<infer Value> ? Value : never;

/** What goes wrong with the engine: never with what removes, and never for so long that nobody waits for it, so that all has to be gone. */
const fault: fc.Arbitrary<Fault> = fc.record(
  { takes: fc.constantFrom(1, 500, 7_000, 40_000), before: fc.constant(lost), after: fc.constant(lost) },
  { requiredKeys: [] },
);

const cases = fc.record(
  {
    jobs: fc.dictionary(fc.constantFrom("a", "b"), job, { minKeys: 1 }),
    scripts: fc.array(script, { minLength: 1, maxLength: 12 }),
    faults: fc.dictionary(fc.integer({ min: 1, max: 40 }).map(String), fault, { maxKeys: 4 }),
    cancelAt: fc.integer({ min: 0, max: 120_000 }),
  },
  { requiredKeys: ["jobs", "scripts", "faults"] },
);

/** Whatever happened: what has to be true of a run that is over. */
function inspect({ state, events, engine, folders }: ScriptedRun, jobs: Readonly<Record<string, Job>>): void {
  assert.deepEqual(engine.left, [], "something is left in the engine");
  assert.equal(folders.open.size, 0, "a folder is left");
  for (const [name, { steps }] of Object.entries(jobs)) {
    const states = events.flatMap((event) => (event.type === "job" && event.job === name ? [event.state] : []));
    const finals = states.filter((one) => !["waiting", "queued", "running"].includes(one));
    assert.equal(finals.length, 1, `${name} ended as ${finals.join(" and ")}`);
    assert.equal(states.at(-1), finals[0]);
    if (finals[0] === "failed") assert.notEqual(state, "succeeded");
    let running = "";
    let seen: string[] = [];
    const checkAttempt = () => {
      if (seen.length === 0) return;
      steps.forEach(({ when }, index) => {
        const isThere = seen.includes(`step-${index + 1} running`);
        assert.ok(when !== "always" || isThere, `step-${index + 1} of ${name} did not run although it always does`);
      });
      seen = [];
    };
    for (const event of events) {
      if (!("job" in event) || event.job !== name) continue;
      if (event.type === "workspace") checkAttempt();
      if (event.type === "log") assert.equal(event.source.startsWith("service:") || event.source === running, true);
      if (event.type !== "step") continue;
      if (event.handles === undefined) seen.push(`${event.step} ${event.state}`);
      if (event.state === "skipped") continue;
      if (event.state === "running") {
        assert.equal(running, "", `${event.step} began before ${running} had ended`);
        running = event.step;
      } else if (event.attempt === 1 || event.state !== "cancelled" || running !== "") {
        assert.equal(event.step, running, "a step ended that did not run");
        if (event.state === "failed") assert.notEqual(event.failure, undefined);
        running = "";
      }
    }
    checkAttempt();
    assert.equal(running, "", `${running} has no end`);
  }
}

test("whatever jobs, containers and the engine do, and whenever they are cancelled, all ends, once, and nothing is left", async () => {
  await fc.assert(
    fc.asyncProperty(cases, async ({ jobs, scripts, faults, cancelAt }) => {
      let next = 0;
      const engine: EngineScript = {
        container: () => scripts[next++ % scripts.length] ?? {},
        fault: (operation, count) => (operation === "remove" ? undefined : faults[String(count)]),
      };
      const run = await runScripted(
        `jobs: ${JSON.stringify(jobs)}`,
        engine,
        cancelAt === undefined ? {} : { cancelAt },
      );
      inspect(run, jobs);
      if (cancelAt !== undefined && run.state === "cancelled") {
        const late = Object.values(jobs).some(
          ({ steps, on_failure: handle }) =>
            handle.length > 0 || steps.some(({ when, on_failure }) => when !== "success" || on_failure.length > 0),
        );
        // The engine's own slowness, the grace of one container, and its services; with what runs always a minute more.
        const most = 4 * 40_000 + 20_000 + (late ? 60_000 : 0) + 2_000;
        assert.ok(run.took - cancelAt < most, `it took ${run.took - cancelAt} ms to end`);
      }
    }),
    { numRuns: 150 },
  );
});

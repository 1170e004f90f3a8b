/** Services of jobs, on a scripted engine. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted, type ScriptedRun } from "../../test/scripted/run-scripted.ts";
import type { ContainerScript } from "../../test/scripted/scripted-containerizer.ts";
import { assertNothingLeft, containers, jobsOf, stepsOf } from "../../test/scripted/tell-run.ts";

describe("services", () => {
  const yaml = (ready: string) => `jobs:
  a:
    image: alpine
    services: { db: { image: db, ready: ${ready} }, web: { image: web } }
    steps: [{ name: one, run: x }, { name: clean, run: x, when: always }]
    on_failure: [{ name: tell, run: x }]`;
  const states = ({ events }: ScriptedRun, name: string) =>
    events.flatMap((event) => (event.type === "service" && event.service === name ? [event.state] : []));

  test("are ready before the first step, known by name, and stopped after the last", async () => {
    const ran = await runScripted(
      yaml("{ command: x, interval: 2s }"),
      containers({ "service:db": { isReady: (age) => age > 9_000 }, "service:web": {} }),
    );
    assert.deepEqual(jobsOf(ran), ["a succeeded"]);
    assert.deepEqual(states(ran, "db"), ["starting", "ready", "stopped"]);
    assert.ok(ran.took > 10_000 && ran.took < 12_000, `${ran.took}`);
    const one = ran.engine.made.find(({ labels }) => labels.step === "one");
    assert.deepEqual(one?.hosts, { db: "10.0.0.2", web: "10.0.0.2" });
    assertNothingLeft(ran);
  });

  test("are asked to end, and killed when they do not", async () => {
    const last = async (web: ContainerScript) => {
      const ran = await runScripted(yaml("{ command: x }"), containers({ "service:db": {}, "service:web": web }));
      assertNothingLeft(ran);
      assert.deepEqual(jobsOf(ran), ["a succeeded"]);
      const cleaned = ran.events.find(
        (event) => event.type === "step" && event.step === "clean" && event.state === "succeeded",
      );
      return (service: string) => {
        const stopped = ran.events.findLast((event) => event.type === "service" && event.service === service);
        return (stopped?.at ?? Infinity) - (cleaned?.at ?? 0);
      };
    };
    const heeding = await last({ heeds: 2_000 });
    assert.ok(heeding("web") >= 2_000 && heeding("web") < 2_100, `${heeding("web")}`);
    // Nobody hears the signal there: no use in waiting.
    assert.ok(heeding("db") > 1_000 && heeding("db") < 1_100, `${heeding("db")}`);
    const slow = await last({ heeds: 60_000 });
    assert.ok(slow("web") > 3_000 && slow("web") < 3_100, `${slow("web")}`);
  });

  test("that do not get ready, or end, fail the job", async () => {
    const never = await runScripted(
      yaml("{ command: x, timeout: 30s }"),
      containers({ "service:db": { isReady: () => false }, "service:web": {} }),
    );
    assert.deepEqual(jobsOf(never), ["a failed SERVICE_NOT_READY"]);
    assertNothingLeft(never);
    const ended = await runScripted(
      yaml("{ command: x }"),
      containers({ "service:db": { lasts: 5_000, exitCode: 2 }, "service:web": {}, one: { heeds: 10 } }),
    );
    assert.deepEqual(jobsOf(ended), ["a failed SERVICE_ENDED"]);
    assert.deepEqual(stepsOf(ended), [
      "one running",
      "one cancelled",
      "clean running",
      "clean succeeded",
      "tell running for one",
      "tell succeeded for one",
    ]);
    assertNothingLeft(ended);
  });
});

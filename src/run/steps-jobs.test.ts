import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runScripted, type ScriptedRun, type TimedEvent } from "../../test/scripted/run-scripted.ts";
import type { ContainerScript } from "../../test/scripted/scripted-containerizer.ts";
import { ArchwayError } from "../error/error.ts";

const lost = new ArchwayError({ code: "ENGINE_LOST", kind: "unreachable", message: "The engine does not answer." });

/** Containers by the name of their step; of several the first, second, … of that name. */
function containers(scripts: Readonly<Record<string, ContainerScript | readonly ContainerScript[]>>) {
  return {
    container: (name: string, count: number): ContainerScript => {
      const script = scripts[name] ?? { lasts: 10 };
      return "at" in script ? (script.at(Math.min(count, script.length) - 1) ?? {}) : script;
    },
  };
}

const told = ({ type, ...event }: TimedEvent): string => {
  if (type !== "step" || !("step" in event)) return "";
  const { step, state, attempt, reason, handles, failure } = event;
  const more = [handles === undefined ? "" : `for ${handles}`, failure?.kind ?? "", reason ?? ""];
  return [step, state, attempt > 1 ? `#${attempt}` : "", ...more].filter((word) => word !== "").join(" ");
};
/** What the events say of steps, in short. */
const steps = ({ events }: ScriptedRun) => events.map(told).filter((line) => line !== "");
/** The last word about each job. */
const jobs = ({ events }: ScriptedRun) =>
  events.flatMap((event) =>
    event.type === "job" && !["waiting", "queued", "running"].includes(event.state)
      ? [[event.job, event.state, event.failure?.code ?? event.reason].filter(Boolean).join(" ")]
      : [],
  );
const nothingLeft = ({ engine, folders }: ScriptedRun) => {
  assert.deepEqual(engine.left, []);
  assert.equal(folders.open.size, 0);
};

describe("steps", () => {
  test("follow each other, and a failure leaves out all but those that run whatever happens", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x }
      - { name: two, run: x }
      - { name: three, run: x }
      - { name: tell, run: x, when: failure }
      - { name: clean, run: x, when: always }`,
      containers({ two: { lasts: 5, exitCode: 3 } }),
    );
    assert.deepEqual(steps(ran), [
      "one running",
      "one succeeded",
      "two running",
      "two failed user",
      "three skipped a step before it failed",
      "tell running",
      "tell succeeded",
      "clean running",
      "clean succeeded",
    ]);
    assert.deepEqual(jobs(ran), ["a failed STEP_FAILED"]);
    nothingLeft(ran);
  });

  test("that may fail change nothing, and conditions and `failure` leave out", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x, may_fail: true }
      - { name: two, run: x, when: { if: "\${{ git.branch == 'dev' }}" } }
      - { name: three, run: x, when: failure }`,
      containers({ one: { lasts: 5, exitCode: 1 } }),
    );
    assert.deepEqual(steps(ran), [
      "one running",
      "one failed user it may fail",
      "two skipped its condition is not met",
      "three skipped nothing failed",
    ]);
    assert.deepEqual(jobs(ran), ["a succeeded"]);
  });

  test("have a time limit, which is a failure of its own kind and ends what heeds it, and what does not", async () => {
    const job = (heeds: number | undefined) =>
      runScripted(
        "jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 5s }] } }",
        containers({ one: heeds === undefined ? {} : { heeds } }),
      );
    const [heeding, deaf] = [await job(2_000), await job(undefined)];
    for (const ran of [heeding, deaf]) {
      assert.deepEqual(steps(ran), ["one running", "one failed timeout"]);
      assert.deepEqual(jobs(ran), ["a failed STEP_TIMEOUT"]);
      nothingLeft(ran);
    }
    assert.ok(heeding.took > 7_000 && heeding.took < 7_100, `${heeding.took}`);
    assert.ok(deaf.took > 15_000 && deaf.took < 15_100, `${deaf.took}`);
  });

  test("are killed when the engine does not answer the request to end them", async () => {
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 5s }] } }", {
      ...containers({ one: {} }),
      fault: (operation) => (operation === "exec" ? { takes: 3_600_000 } : undefined),
    });
    assert.deepEqual(jobs(ran), ["a failed STEP_TIMEOUT"]);
    assert.ok(ran.took > 16_000 && ran.took < 16_100, `${ran.took}`);
  });
});

describe("retry", () => {
  const retried = (on: string, first: ContainerScript) =>
    runScripted(
      `jobs: { a: { image: alpine, steps: [{ name: one, run: x, timeout: 1m, retry: { attempts: 3, on: [${on}], delay: 10s } }] } }`,
      containers({ one: [first, first, { lasts: 1 }] }),
    );

  test("follows only the kinds that it names, after pauses that grow", async () => {
    const cases: readonly (readonly [string, ContainerScript])[] = [
      ["infrastructure", { refuses: lost }],
      ["user", { lasts: 1, exitCode: 1 }],
      ["timeout", { heeds: 1 }],
      ["out-of-memory", { lasts: 1, exitCode: 137, outOfMemory: true }],
    ];
    for (const [kind, script] of cases) {
      for (const [on] of cases) {
        const ran = await retried(on, script);
        nothingLeft(ran);
        if (on !== kind) {
          assert.deepEqual(steps(ran), ["one running", `one failed ${kind}`], `${kind} with on: ${on}`);
          continue;
        }
        assert.deepEqual(steps(ran), [
          "one running",
          `one failed ${kind} it is tried again`,
          "one running #2",
          `one failed #2 ${kind} it is tried again`,
          "one running #3",
          "one succeeded #3",
        ]);
        assert.ok(ran.took > 30_000, `the pauses took ${ran.took} ms`);
      }
    }
  });

  test("of a job begins with a fresh place, and is told", async () => {
    const ran = await runScripted(
      `jobs:
  a: { image: alpine, retry: { attempts: 2, on: user, delay: 1s }, steps: [{ name: one, run: x }], on_failure: [{ name: tell, run: x }] }`,
      containers({ one: [{ lasts: 1, exitCode: 1 }, { lasts: 1 }] }),
    );
    assert.deepEqual(jobs(ran), ["a succeeded"]);
    assert.deepEqual(steps(ran), ["one running", "one failed user", "one running", "one succeeded"]);
    assert.equal(ran.events.filter(({ type }) => type === "workspace").length, 2);
    const networks = ran.engine.made.map(({ network }) => network?.id);
    assert.equal(new Set(networks).size, 2);
    nothingLeft(ran);
  });
});

describe("failure handlers", () => {
  test("of a step and of the job follow the last attempt, with the environment of what failed", async () => {
    const ran = await runScripted(
      `jobs:
  a:
    image: alpine
    retry: { attempts: 2, on: user, delay: 1s }
    steps:
      - { name: one, run: x, image: special, env: { A: "1" }, on_failure: [{ name: near, run: x }] }
    on_failure: [{ name: broken, run: x }, { name: tell, run: x, env: { B: "2" } }]`,
      containers({ one: { lasts: 1, exitCode: 9 }, broken: { lasts: 1, exitCode: 1 } }),
    );
    assert.deepEqual(steps(ran), [
      "one running",
      "one failed user",
      "near running for one",
      "near succeeded for one",
      "one running",
      "one failed user",
      "near running for one",
      "near succeeded for one",
      "broken running for one",
      "broken failed for one user",
      "tell running for one",
      "tell succeeded for one",
    ]);
    const tell = ran.engine.made.find(({ labels }) => labels.step === "tell");
    const { A, B, ARCHWAY_FAILED_STEP, ARCHWAY_FAILED_JOB } = tell?.env ?? {};
    assert.deepEqual([tell?.image.id, A, B], ["special", "1", "2"]);
    assert.deepEqual([ARCHWAY_FAILED_STEP, ARCHWAY_FAILED_JOB], ["one", "a"]);
    assert.deepEqual(jobs(ran), ["a failed STEP_FAILED"]);
    nothingLeft(ran);
  });

  test("run whatever failed: a pull, a service, the artifacts, the place itself, and a job without steps", async () => {
    const job = (more: string) =>
      `on_failure: [{ name: tell, image: curl, run: x }]\njobs: { a: { image: alpine, steps: [{ name: one, run: x }]${more} } }`;
    const missing = new ArchwayError({ code: "IMAGE_MISSING", kind: "failed", message: "No such image." });
    const noImage = { image: ({ image }: { image: string }) => (image === "alpine" ? missing : undefined) };
    const noNetwork = {
      fault: (operation: string, count: number) =>
        operation === "createNetwork" && count === 1 ? { before: lost } : undefined,
    };
    const pulled = await runScripted(job(""), { ...containers({}), ...noImage });
    const place = await runScripted(job(""), { ...containers({}), ...noNetwork });
    const service = await runScripted(
      job(", services: { db: { image: db } }"),
      containers({ "service:db": { refuses: lost } }),
    );
    const command = await runScripted(
      "jobs: { a: { verify: { images: [app] }, on_failure: [{ name: tell, image: curl, run: x }] } }",
      containers({}),
    );
    for (const [ran, failed, code] of [
      [pulled, "one", "IMAGE_MISSING"],
      [place, "setup", "ENGINE_LOST"],
      [service, "services", "ENGINE_LOST"],
      [command, "verify", "NOT_SCRIPTED"],
    ] as const) {
      assert.deepEqual(jobs(ran), [`a failed ${code}`]);
      assert.deepEqual(steps(ran).slice(-2), [`tell running for ${failed}`, `tell succeeded for ${failed}`]);
      const { image, env } = ran.engine.made.find(({ labels }) => labels.step === "tell") ?? {};
      assert.deepEqual([image?.id, env?.["ARCHWAY_FAILED_STEP"], env?.["ARCHWAY_FAILED_JOB"]], ["curl", failed, "a"]);
      nothingLeft(ran);
    }
  });

  test("that cannot run are told, and change nothing", async () => {
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [x], on_failure: [{ run: x }] } }", {
      ...containers({}),
      fault: (operation) => (operation === "createNetwork" ? { before: lost } : undefined),
    });
    assert.deepEqual(jobs(ran), ["a failed ENGINE_LOST"]);
    const notes = ran.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
    assert.deepEqual(notes, ["The failure handlers did not run: The engine does not answer."]);
    nothingLeft(ran);
  });

  test("run after a time limit, and not after a cancel", async () => {
    const yaml = `jobs:
  a: { image: alpine, timeout: 1m, steps: [{ name: one, run: x }], on_failure: [{ name: tell, run: x }] }`;
    const late = await runScripted(yaml, containers({ one: { heeds: 10 } }));
    assert.deepEqual(jobs(late), ["a failed JOB_TIMEOUT"]);
    assert.deepEqual(steps(late).slice(-2), ["tell running for one", "tell succeeded for one"]);
    const cancelled = await runScripted(yaml, containers({ one: { heeds: 10 } }), { cancelAt: 30_000 });
    assert.deepEqual(jobs(cancelled), ["a cancelled"]);
    assert.deepEqual(steps(cancelled), ["one running", "one cancelled"]);
    assert.equal(cancelled.state, "cancelled");
    nothingLeft(cancelled);
  });
});

describe("a cancel", () => {
  const yaml = `jobs:
  a:
    image: alpine
    steps:
      - { name: one, run: x }
      - { name: two, run: x }
      - { name: tell, run: x, when: failure }
      - { name: clean, run: x, when: always }
      - { name: slow, run: x, when: always }
      - { name: last, run: x, when: always }`;

  test("ends the step, leaves out the rest, and gives what runs always one minute together", async () => {
    const ran = await runScripted(
      yaml,
      containers({ one: { heeds: 100 }, clean: { lasts: 1_000 }, slow: { heeds: 0 } }),
      { cancelAt: 10_000 },
    );
    assert.deepEqual(steps(ran), [
      "one running",
      "one cancelled",
      "two skipped the job was cancelled",
      "tell skipped nothing failed",
      "clean running",
      "clean succeeded",
      "slow running",
      "slow cancelled",
      "last running",
      "last cancelled",
    ]);
    assert.ok(ran.took > 70_000 && ran.took < 70_200, `${ran.took}`);
    nothingLeft(ran);
  });

  test("lets a step that runs always go on", async () => {
    const ran = await runScripted(
      "jobs: { a: { image: alpine, steps: [{ name: clean, run: x, when: always }] } }",
      containers({ clean: { lasts: 20_000, heeds: 0 } }),
      { cancelAt: 10_000 },
    );
    assert.deepEqual(steps(ran), ["clean running", "clean succeeded"]);
    assert.equal(ran.state, "cancelled");
  });

  test("asks the program of an image too, and does not wait for one that does not listen", async () => {
    const job = (heeds: number | undefined) =>
      runScripted(
        "jobs: { a: { image: alpine, steps: [{ name: one, args: [x] }] } }",
        containers({ one: heeds === undefined ? {} : { heeds } }),
        { cancelAt: 1_000 },
      );
    assert.ok((await job(8_000)).took > 9_000);
    assert.ok((await job(undefined)).took < 2_100);
  });

  test("while something is made leaves nothing of it", async () => {
    for (const slow of ["createNetwork", "createContainer", "start", "pull"]) {
      const ran = await runScripted(
        yaml,
        {
          container: () => ({ heeds: 0 }),
          fault: (operation) => (operation === slow ? { takes: 5_000 } : undefined),
        },
        { cancelAt: 2_000 },
      );
      assert.equal(ran.state, "cancelled", slow);
      nothingLeft(ran);
    }
  });
});

test("what the engine made and could not tell is removed by its name", async () => {
  for (const lossy of ["createNetwork", "createContainer", "start"]) {
    let isFirst = true;
    const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x }] } }", {
      container: () => ({ lasts: 1 }),
      fault: (operation) => {
        if (operation !== lossy || !isFirst) return undefined;
        isFirst = false;
        return { after: lost };
      },
    });
    assert.deepEqual(jobs(ran), ["a failed ENGINE_LOST"], lossy);
    nothingLeft(ran);
  }
});

test("what the engine does not remove fails nothing, and is told", async () => {
  const ran = await runScripted("jobs: { a: { image: alpine, steps: [{ name: one, run: x }] } }", {
    container: () => ({ lasts: 1 }),
    fault: (operation) => (operation === "remove" ? { before: lost } : undefined),
  });
  assert.deepEqual(jobs(ran), ["a succeeded"]);
  const notes = ran.events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  assert.equal(notes.length, 2);
  assert.match(notes[0] ?? "", /^A container was not removed, the next run does it: The engine does not answer\.$/);
});

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
    assert.deepEqual(jobs(ran), ["a succeeded"]);
    assert.deepEqual(states(ran, "db"), ["starting", "ready", "stopped"]);
    assert.ok(ran.took > 10_000 && ran.took < 12_000, `${ran.took}`);
    const one = ran.engine.made.find(({ labels }) => labels.step === "one");
    assert.deepEqual(one?.hosts, { db: "10.0.0.2", web: "10.0.0.2" });
    nothingLeft(ran);
  });

  test("are asked to end, and killed when they do not", async () => {
    const last = async (web: ContainerScript) => {
      const ran = await runScripted(yaml("{ command: x }"), containers({ "service:db": {}, "service:web": web }));
      nothingLeft(ran);
      assert.deepEqual(jobs(ran), ["a succeeded"]);
      const cleaned = ran.events.find((event) => told(event) === "clean succeeded");
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
    assert.deepEqual(jobs(never), ["a failed SERVICE_NOT_READY"]);
    nothingLeft(never);
    const ended = await runScripted(
      yaml("{ command: x }"),
      containers({ "service:db": { lasts: 5_000, exitCode: 2 }, "service:web": {}, one: { heeds: 10 } }),
    );
    assert.deepEqual(jobs(ended), ["a failed SERVICE_ENDED"]);
    assert.deepEqual(steps(ended), [
      "one running",
      "one cancelled",
      "clean running",
      "clean succeeded",
      "tell running for one",
      "tell succeeded for one",
    ]);
    nothingLeft(ended);
  });
});

test("artifacts and caches are kept as the end asks for", async () => {
  const yaml = `jobs:
  a:
    image: alpine
    cache: [{ path: /c, key: plain }, { path: /d, key: eager, save: always }]
    artifacts: { good: out, logs: { paths: [log], when: always }, core: { paths: [core], when: failure } }
    steps: [{ name: one, run: x }]`;
  const good = await runScripted(yaml, containers({}));
  assert.deepEqual(good.folders.done, ["kept good", "kept logs", "saved plain", "saved eager"]);
  const bad = await runScripted(yaml, containers({ one: { lasts: 1, exitCode: 1 } }));
  assert.deepEqual(bad.folders.done, ["kept logs", "kept core", "saved eager"]);
});

test("an artifact that cannot be kept takes no other with it, and is told", async () => {
  const yaml = `jobs:
  a:
    image: alpine
    cache: [{ path: /c, key: plain }, { path: /d, key: eager, save: always }]
    artifacts: { one: { paths: [a], when: always }, two: { paths: [b], when: always }, three: { paths: [c], when: always } }
    steps: [{ name: step, run: x }]`;
  const lostArtifacts = ["one", "two"];
  const notes = ({ events }: ScriptedRun) => events.flatMap((event) => (event.type === "note" ? [event.text] : []));
  const good = await runScripted(yaml, containers({}), { lostArtifacts });
  assert.deepEqual(good.folders.done, ["kept three", "saved eager"]);
  assert.deepEqual(jobs(good), ["a failed LOST"]);
  assert.deepEqual(notes(good), ['The artifact "two" was not kept: no two']);
  const bad = await runScripted(yaml, containers({ step: { lasts: 1, exitCode: 1 } }), { lostArtifacts });
  assert.deepEqual(bad.folders.done, ["kept three", "saved eager"]);
  assert.deepEqual(jobs(bad), ["a failed STEP_FAILED"]);
  assert.deepEqual(notes(bad), ['The artifact "one" was not kept: no one', 'The artifact "two" was not kept: no two']);
});

describe("the files of a job", () => {
  const user = (image: string) => (image === "node" ? "node" : undefined);
  const ran = (job: string, isRemote = false) =>
    runScripted(`jobs: { a: ${job} }`, { ...containers({ bad: { lasts: 1, exitCode: 1 } }), user }, { isRemote });
  const names = ({ engine }: ScriptedRun) => engine.made.map(({ name }) => name.replace(/^.*-([a-z]+)-\d+$/, "$1"));

  test("are shared once, with the first container of another user: the job's, a step's, a handler's or the image's own", async () => {
    for (const [job, count] of [
      ["{ image: alpine, steps: [{ name: one, run: x }] }", 0],
      ["{ image: alpine, user: '0:0', steps: [{ name: one, run: x }] }", 0],
      ["{ image: node, user: root, steps: [{ name: one, run: x }] }", 0],
      ["{ image: alpine, user: '1000', steps: [{ name: one, run: x }, { name: two, run: x }] }", 1],
      ["{ image: alpine, steps: [{ name: one, run: x, user: app }, { name: two, run: x, user: web }] }", 1],
      ["{ image: node, steps: [{ name: one, run: x }, { name: two, run: x }] }", 1],
      ["{ image: alpine, steps: [{ name: one, run: x, image: node }] }", 1],
      ["{ image: alpine, steps: [{ name: bad, run: x }], on_failure: [{ name: tell, run: x, user: '1000' }] }", 1],
    ] as const)
      assert.equal((await ran(job)).folders.done.length, count, job);
  });

  test("are shared by root of the image where they are another machine's", async () => {
    const job = "{ image: node, steps: [{ name: one, run: x }, { name: two, run: x }], cache: [{ path: /c, key: k }] }";
    const remote = await ran(job, true);
    assert.deepEqual(names(remote), ["share", "one", "two"]);
    const [{ user: root, entrypoint, image } = {}] = remote.engine.made;
    assert.deepEqual([root, image?.id], ["0:0", "node"]);
    assert.deepEqual(entrypoint?.slice(-2), ["/workspace", "/c"]);
    nothingLeft(remote);
  });
});

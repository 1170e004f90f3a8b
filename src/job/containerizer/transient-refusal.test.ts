import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { parsePlatform } from "../../platform/platform.ts";
import type { ContainerSpec } from "./containerizer.ts";
import { EngineRefusal } from "./engine-http.ts";
import { engineWith, type Fault } from "./test-engine.ts";
import { isTransient } from "./transient-refusal.ts";

const signal = new AbortController().signal;
const labels = { run: "r", owner: "me-1-1" };
/** What Podman 4.3 says when an interface goes while it looks for free addresses. */
const race = "route ip+net: no such network interface";

/** A fault of the first so many requests that fit. */
function first(count: number, fits: RegExp, message: string, status = 500) {
  let left = count;
  return (asked: string): Fault | undefined => (fits.test(asked) && left-- > 0 ? { status, message } : undefined);
}

const amd64 = parsePlatform("linux/amd64");
const container: ContainerSpec = {
  name: "c",
  image: { id: "i", digest: "sha256:i", platform: amd64, bytes: 0 },
  env: {},
  mounts: [],
  resources: {},
  labels,
};

describe("an engine that refuses for a reason that passes", () => {
  test("is asked for a network again", async () => {
    await using place = await engineWith(first(2, /networks\/create/, race));
    assert.equal(await place.engine.createNetwork("n", labels, signal), "id-of-n");
    assert.equal(place.asked.filter((one) => one === "POST /networks/create").length, 3);
  });

  test("may have made what it refused: the name is given back before it is asked again", async () => {
    const fault = first(1, /networks\/create/, race);
    await using place = await engineWith((asked, names) => {
      const refusal = fault(asked);
      if (refusal !== undefined) names.add("n");
      return refusal;
    });
    assert.equal(await place.engine.createNetwork("n", labels, signal), "id-of-n");
    assert.deepEqual(place.asked, ["POST /networks/create", "DELETE /networks/n", "POST /networks/create"]);
  });

  test("is asked to make and to start a container, to run a command and to remove something again", async () => {
    const faults = [
      first(1, /containers\/create/, "adding container to state: database is locked"),
      first(1, /attach/, "netavark: iptables: Chain already exists"),
      first(1, /start$/, "iptables failed: Another app is currently holding the xtables lock"),
      first(1, /exec$/, "beginning container c save transaction: database is locked"),
      first(
        1,
        /DELETE.*id-of-c/,
        "netavark: failed to get bridge interface: Netlink error: No such device (os error 19)",
      ),
    ];
    await using place = await engineWith((asked) => faults.map((fault) => fault(asked)).find((one) => one));
    const id = await place.engine.createContainer(container, signal);
    const running = await place.engine.start(id, () => undefined, signal);
    running.exited.catch(() => undefined);
    await place.engine.exec(id, ["true"], signal);
    await place.engine.remove({ kind: "container", id }, signal);
    const counts = ["create", "attach", "start", "exec"].map(
      (what) => place.asked.filter((one) => one.startsWith("POST /containers") && one.endsWith(`/${what}`)).length,
    );
    assert.deepEqual(counts, [2, 3, 2, 2]);
    assert.equal(place.asked.filter((one) => one === `DELETE /containers/${id}`).length, 2);
  });

  test("and goes on to refuse is not asked for ever", { timeout: 60_000 }, async () => {
    await using place = await engineWith(first(1_000, /networks\/create/, race));
    await assert.rejects(
      place.engine.createNetwork("n", labels, signal),
      (error) => error instanceof ArchwayError && error.code === "ENGINE_REFUSED" && error.message.includes(race),
    );
    const count = place.asked.filter((one) => one === "POST /networks/create").length;
    assert.ok(count > 2 && count < 10, `${count}`);
  });

  test("is not asked again when whoever asked has gone", async () => {
    const gone = new AbortController();
    await using place = await engineWith((asked) => {
      // Between this answer and the next try.
      setTimeout(() => gone.abort(new Error("cancelled")), 20);
      return first(1, /networks\/create/, race)(asked);
    });
    await assert.rejects(place.engine.createNetwork("n", labels, gone.signal), /cancelled/);
    assert.deepEqual(place.asked, ["POST /networks/create"]);
  });

  test("is told from one that will always refuse", async () => {
    await using place = await engineWith(first(1, /networks\/create/, "plugin bridge not found", 404));
    await assert.rejects(place.engine.createNetwork("n", labels, signal), /plugin bridge not found/);
    assert.deepEqual(place.asked, ["POST /networks/create"]);
  });
});

/** What Docker, Podman and their plugins were reported to say in passing. */
const passing = [
  race,
  'failed to lookup bridge "cni-podman1": Link not found',
  "driver failed programming external connectivity on endpoint a: iptables failed: Another app is currently holding the xtables lock. Perhaps you want to use the -w option?",
  "unable to add inter-network communication rule: iptables: Resource temporarily unavailable.",
  "cannot create network a (br-a): conflicts with network b (br-b): networks have overlapping IPv4",
  "invalid pool request: Pool overlaps with other one on this address space",
  "list bridge addresses failed: interrupted system call",
  'configuring network namespace for container c: CNI network "n" not found',
];

/** What no repetition mends. */
const lasting = [
  "all predefined address pools have been fully subnetted",
  "could not find free subnet from subnet pools",
  "failed to create bridge: operation not supported",
  "netavark: create bridge: Netlink error: Operation not supported (os error 95)",
  'OCI runtime create failed: exec: "nosuch": executable file not found in $PATH',
  "fork/exec: resource temporarily unavailable",
  "no space left on device",
];

test("what passes is known by the words of the engines", () => {
  for (const said of passing) assert.ok(isTransient(new EngineRefusal(500, said)), said);
  for (const said of lasting) assert.ok(!isTransient(new EngineRefusal(500, said)), said);
  // Words of our own errors decide nothing.
  assert.ok(!isTransient(new Error(race)));
});

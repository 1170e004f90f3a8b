/** `archway run` whose connection to the output of a step breaks while the engine lives: the rest comes from the engine's log, or is a marked gap where it keeps none. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { startCutRelay } from "../faults/cut-relay.ts";
import { archway, workplace } from "./archway.ts";
import { assertWhole, bytesOf, eventsOf, lineOf } from "./run-record.ts";

const needs = ["registry", "docker", "podman", "bases"] as const;

/** Bytes that come before the connection breaks: some of the output, which is more than 1 MB. */
const cutAfter = 500_000;
/** It goes on after the connection has broken: the breaking must be known by then, however slow the machine is. */
const script = String.raw`seq 1 100000; sleep 3; printf '\377\000\r\n'; seq 100001 200000; echo "to the other stream" >&2; printf 'no newline'`;
const numbers = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${first + index}\n`).join("");
const written = Buffer.concat([
  Buffer.from(numbers(1, 100_000)),
  Buffer.from([0xff, 0, 0x0d, 0x0a]),
  Buffer.from(`${numbers(100_001, 200_000)}no newline`),
]);

describe("archway run whose connection to a step breaks", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  before(async () => {
    bed = await startBed({ need: needs });
    await bed.base("busybox");
  });
  after(() => bed.stop());

  for (const { engine, over, isKept } of [
    { engine: "docker", over: "the network", isKept: true },
    { engine: "docker", over: "a socket", isKept: false },
    { engine: "podman", over: "the network", isKept: true },
    { engine: "podman", over: "a socket", isKept: true },
  ] as const) {
    const outcome = isKept ? "no byte is missing" : "what is missing is a marked gap";
    test(`with ${engine} over ${over}: ${outcome}`, async () => {
      const { endpoint } = await bed[engine]();
      const content = {
        version: 1,
        platforms: ["linux/amd64"],
        registries: { "docker.io": { mirrors: [(await bed.registry()).host] } },
        jobs: { loud: { image: "busybox", steps: [{ name: "say", run: script }] } },
      };
      // YAML 1.2 is a superset of JSON.
      await using place = await workplace(bed, { files: { ".archway.yaml": JSON.stringify(content) } });
      await using relay = await startCutRelay({
        socket: endpoint.replace("unix://", ""),
        after: cutAfter,
        ...(over === "a socket" ? { at: join(place.dir, "..", "engine") } : {}),
      });
      const { code, stderr } = await archway(["run", "--host", relay.endpoint], { cwd: place.dir, env: place.env });
      assert.equal(code, 0, stderr);
      assert.equal(relay.cuts(), 1, stderr);
      const events = await eventsOf(place);
      assertWhole(events);
      const gaps = events.flatMap((event) => (event.type === "gap" ? [lineOf(event) ?? ""] : []));
      const said = bytesOf(events, "loud", "say", "stdout");
      if (isKept) {
        assert.deepEqual(gaps, []);
        assert.ok(said.equals(written), `${said.length} bytes of ${written.length}`);
        assert.equal(bytesOf(events, "loud", "say", "stderr").toString(), "to the other stream\n");
        return;
      }
      assert.equal(gaps.length, 1, stderr);
      assert.match(gaps[0] ?? "", /^loud gap in say: the connection to the engine broke/);
      assert.match(stderr, /output of say is missing here: the connection to the engine broke/);
      assert.ok(said.length > 0 && said.equals(written.subarray(0, said.length)), `${said.length} bytes`);
    });
  }
});

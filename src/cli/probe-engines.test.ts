import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";
import { probeEngines } from "./probe-engines.ts";

const info: EngineInfo = {
  name: "buildkit",
  version: "0.33.1",
  endpoint: "tcp://a:1",
  platforms: [{ os: "linux", architecture: "arm64" }],
  pushesByDigest: true,
  attests: true,
  setsEmulatedCpu: true,
  faults: [],
};

/** An engine that can only be asked. */
function engine(endpoint: string, probe: (signal: AbortSignal) => Promise<EngineInfo>): Engine {
  return { name: "buildkit", endpoint, probe, build: () => assert.fail("nothing is built here") };
}

const answers = engine("tcp://a:1", async () => info);
const silent = engine(
  "tcp://b:1",
  (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
);
const refuses = engine("tcp://c:1", async () => {
  throw new ArchwayError({ code: "ENGINE_UNREACHABLE", kind: "unreachable", message: "connection refused\nin detail" });
});

test("engines that do not answer or refuse are told beside those that answer", async () => {
  const { engines, unreachable } = await probeEngines([silent, answers, refuses], 20, new AbortController().signal);
  assert.deepEqual(engines, [info]);
  assert.deepEqual(unreachable, [
    { name: "buildkit", endpoint: "tcp://b:1", reason: "no answer within 0.02 s" },
    { name: "buildkit", endpoint: "tcp://c:1", reason: "connection refused" },
  ]);
});

test("a defect is not taken for an engine that does not answer", async () => {
  const defect = engine("tcp://d:1", async () => {
    throw new TypeError("undefined is not a function");
  });
  await assert.rejects(probeEngines([defect], 20, new AbortController().signal), TypeError);
});

test("cancelling ends it", async () => {
  const stop = new AbortController();
  const asked = probeEngines([silent], 60_000, stop.signal);
  stop.abort();
  await assert.rejects(asked, { name: "AbortError" });
});

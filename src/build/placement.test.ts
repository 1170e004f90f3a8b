import assert from "node:assert/strict";
import { test } from "node:test";
import type { Engine, EngineInfo } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";
import { parsePlatform } from "../platform/platform.ts";
import { placePlatform } from "./placement.ts";
import type { Node, NodeEvaluation, StagePlan } from "./placement.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");
const armv7 = parsePlatform("linux/arm/v7");

function node(endpoint: string, platforms: readonly string[], assigned: readonly string[] = []): Node {
  const parsed = platforms.map((name) => parsePlatform(name));
  const info: EngineInfo = {
    name: "buildkit",
    version: "0.33.1",
    endpoint,
    platforms: parsed,
    pushesByDigest: true,
    attests: true,
    setsEmulatedCpu: true,
    faults: [],
  };
  const engine: Engine = {
    name: "buildkit",
    endpoint,
    probe: async () => info,
    build: async () => assert.fail("a placement builds nothing"),
  };
  return { engine, info, native: parsed[0] ?? amd64, assigned: assigned.map((name) => parsePlatform(name)) };
}

function stage(
  name: string,
  platform: string,
  strategy: StagePlan["strategy"],
  extra: Partial<StagePlan> = {},
): StagePlan {
  return { name, platform: parsePlatform(platform), strategy, runs: 1, compiles: false, line: 1, ...extra };
}

function evaluation(of: Node, stages: readonly StagePlan[], rest: Partial<NodeEvaluation> = {}): NodeEvaluation {
  return { node: of, stages, cannotRun: [], missing: [], ...rest };
}

test("a native node is taken before an emulating one, whatever the order", () => {
  const x86 = node("unix:///x86", ["linux/amd64", "linux/arm64"]);
  const arm = node("tcp://arm", ["linux/arm64", "linux/arm/v7"], ["linux/arm64"]);
  const placed = placePlatform(
    arm64,
    [
      evaluation(x86, [stage("build", "linux/arm64", "emulated")]),
      evaluation(arm, [stage("build", "linux/arm64", "native")]),
    ],
    false,
  );
  assert.equal(placed.node, arm);
  assert.equal(placed.strategy, "native");
  assert.equal(placed.reason, "the node is linux/arm64");
});

test("a cross-compiling build goes where its tool-chain image exists, and the plan says why it is not on the named node", () => {
  const x86 = node("unix:///x86", ["linux/amd64"]);
  const arm = node("tcp://arm", ["linux/arm64"], ["linux/arm64"]);
  const placed = placePlatform(
    arm64,
    [
      evaluation(arm, [stage("build", "linux/arm64", "native")], { missing: ["golang for linux/arm64"] }),
      evaluation(x86, [stage("build", "linux/amd64", "cross", { compiles: true })]),
    ],
    false,
  );
  assert.equal(placed.node, x86);
  assert.equal(placed.strategy, "cross");
  assert.match(
    placed.reason,
    /runs on linux\/amd64 and makes files for linux\/arm64; not on tcp:\/\/arm: there is no golang for linux\/arm64/,
  );
});

test("two nodes that are equally good: the named one", () => {
  const first = node("tcp://one", ["linux/arm64"]);
  const second = node("tcp://two", ["linux/arm64"], ["linux/arm64"]);
  const stages = [stage("build", "linux/arm64", "native")];
  assert.equal(placePlatform(arm64, [evaluation(first, stages), evaluation(second, stages)], false).node, second);
});

test("--native-only refuses emulation and names the stage", () => {
  const x86 = node("unix:///x86", ["linux/amd64", "linux/arm64"]);
  const evaluations = [evaluation(x86, [stage("build", "linux/arm64", "emulated", { line: 7 })])];
  assert.throws(
    () => placePlatform(arm64, evaluations, true),
    (error) =>
      error instanceof ArchwayError &&
      error.code === "NATIVE_ONLY" &&
      error.kind === "failed" &&
      error.message.includes("would emulate stage build (line 7)"),
  );
});

test("files only: nothing is emulated, so --native-only allows it", () => {
  const x86 = node("unix:///x86", ["linux/amd64"]);
  const placed = placePlatform(
    arm64,
    [evaluation(x86, [stage("final", "linux/arm64", "emulated", { runs: 0 })])],
    true,
  );
  assert.equal(placed.strategy, "native");
  assert.match(placed.reason, /files only/);
});

test("nothing can serve a platform: the error lists every node and what it runs", () => {
  const x86 = node("unix:///x86", ["linux/amd64", "linux/386"]);
  assert.throws(
    () =>
      placePlatform(
        armv7,
        [evaluation(x86, [stage("final", "linux/arm/v7", "emulated")], { cannotRun: [armv7] })],
        false,
      ),
    (error) =>
      error instanceof ArchwayError &&
      error.code === "NO_NODE" &&
      error.message.includes("unix:///x86: runs linux/amd64, linux/386; cannot run linux/arm/v7"),
  );
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { canRun, parsePlatform } from "../platform/platform.ts";
import type { EngineEvent } from "./engine.ts";
import { createRawJsonReader } from "./rawjson.ts";
import { stepStrategy, summarizeSteps, type StepPlace } from "./steps.ts";

const arm64OnAmd64 = placeOf("linux/arm64", "linux/amd64");

function placeOf(target: string, node: string): StepPlace {
  const native = parsePlatform(node);
  return { target: parsePlatform(target), runsNatively: (platform) => canRun(native, platform) };
}

function ran(id: string, start: number, end: number, runsOn?: string): EngineEvent[] {
  const common = {
    type: "step" as const,
    id,
    name: id,
    ...(runsOn === undefined ? {} : { runsOn: parsePlatform(runsOn) }),
  };
  return [
    { ...common, state: "started", at: start },
    { ...common, state: "done", at: end },
  ];
}

describe("the seconds of steps", () => {
  it("counts time in which several steps ran once, per strategy", () => {
    const summary = summarizeSteps(
      [
        ...ran("context", 0, 500),
        ...ran("a", 1000, 3000, "linux/arm64"),
        ...ran("b", 2000, 4000, "linux/arm64"),
        ...ran("c", 2500, 9000, "linux/amd64"),
        ...ran("a", 4500, 5000, "linux/arm64"),
      ],
      arm64OnAmd64,
    );
    assert.deepEqual(summary, {
      seconds: { total: 9, native: 0, cross: 6.5, emulated: 3.5 },
      cachedSteps: 0,
      slowest: { name: "c", seconds: 6.5, strategy: "cross" },
    });
  });

  it("counts a cached step as cached and as no work, and a base not at all", () => {
    const cached = (id: string): EngineEvent[] => [
      { type: "step", id, name: id, state: "started", at: 5 },
      { type: "step", id, name: id, state: "cached", at: 6 },
    ];
    const summary = summarizeSteps(
      [
        ...cached("[linux/arm64 1/3] FROM alpine"),
        ...cached("[linux/arm64 2/3] RUN x"),
        ...cached("[linux/arm64 3/3] COPY a b"),
      ],
      arm64OnAmd64,
    );
    assert.equal(summary.cachedSteps, 2);
    assert.equal(summary.slowest, undefined);
  });

  it("is nothing for no events, and for a step that never ended", () => {
    const nothing = { seconds: { total: 0, native: 0, cross: 0, emulated: 0 }, cachedSteps: 0 };
    assert.deepEqual(summarizeSteps([], arm64OnAmd64), nothing);
    assert.deepEqual(summarizeSteps(ran("a", 0, 9, "linux/arm64").slice(0, 1), arm64OnAmd64), nothing);
  });

  it("is never more per strategy than in total, nor less than the longest step", () => {
    const step = fc.tuple(fc.nat(5000), fc.nat(5000), fc.constantFrom("linux/arm64", "linux/amd64", "linux/arm/v7"));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
        const events = steps.flatMap(([start, length, runsOn], index) =>
          ran(`s${index}`, start, start + length, runsOn),
        );
        const { seconds, slowest } = summarizeSteps(events, arm64OnAmd64);
        const { total, native, cross, emulated } = seconds;
        assert.equal(native, 0);
        assert.ok(cross <= total && emulated <= total && total <= 10);
        assert.ok(slowest && slowest.seconds <= Math.max(cross, emulated));
      }),
    );
  });

  it("reads a recorded build: one cross step, two emulated ones side by side with it", () => {
    const events: EngineEvent[] = [];
    const reader = createRawJsonReader({ onEvent: (event) => events.push(event) });
    reader.push(readFileSync(new URL("recorded/built.jsonl", import.meta.url)));
    reader.end();
    const { seconds, slowest } = summarizeSteps(events, arm64OnAmd64);
    assert.equal(slowest?.strategy, "emulated");
    assert.match(slowest.name, /RUN sleep 0\.3/);
    assert.ok(seconds.cross > 0 && seconds.cross < 0.2 && seconds.emulated > 0.6 && seconds.total > seconds.emulated);
    assert.equal(seconds.native, 0);
  });
});

describe("the strategy of a step", () => {
  const cases = [
    ["linux/arm64", "linux/arm64", "linux/arm64", "native"],
    ["linux/arm64", "linux/amd64", "linux/amd64", "cross"],
    ["linux/arm64", "linux/amd64", "linux/arm64", "emulated"],
    ["linux/arm/v7", "linux/arm64", "linux/arm/v7", "native"],
    ["linux/arm/v7", "linux/arm64", "linux/arm64", "cross"],
    ["linux/386", "linux/amd64", "linux/386", "native"],
    ["linux/amd64/v3", "linux/amd64/v2", "linux/amd64/v3", "emulated"],
  ] as const;
  for (const [target, node, runsOn, strategy] of cases) {
    it(`${runsOn} for ${target} on ${node} is ${strategy}`, () => {
      assert.equal(stepStrategy(parsePlatform(runsOn), placeOf(target, node)), strategy);
    });
  }

  it("is emulated for arm/v7 on an arm64 chip without a 32-bit mode", () => {
    const place = { ...placeOf("linux/arm/v7", "linux/arm64"), runsNatively: () => false };
    assert.equal(stepStrategy(parsePlatform("linux/arm/v7"), place), "emulated");
  });
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatPlatform } from "../platform/platform.ts";
import type { EngineEvent } from "./engine.ts";
import { createRawJsonReader, whereStepRuns, type RawJsonEnd } from "./rawjson.ts";

/** Recorded from BuildKit 0.33.1 on an amd64 node: a multi-stage build for linux/arm64 under emulation. */
function recorded(name: string): Buffer {
  return readFileSync(new URL(`recorded/${name}`, import.meta.url));
}

function read(bytes: Buffer, pieces = [bytes.length]): { events: EngineEvent[]; end: RawJsonEnd } {
  const events: EngineEvent[] = [];
  const reader = createRawJsonReader({ onEvent: (event) => events.push(event), now: () => 1 });
  let start = 0;
  for (const piece of pieces) {
    reader.push(bytes.subarray(start, start + piece));
    start += piece;
  }
  reader.push(bytes.subarray(start));
  return { events, end: reader.end() };
}

/** `state name` of the steps of the Dockerfile, in the order of events. */
function dockerfileSteps(events: readonly EngineEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "step" && /\d\/\d\] (?:RUN|COPY)/.test(event.name)
      ? [`${event.state} ${event.name.slice(0, 42).trim()}${event.runsOn ? ` @${formatPlatform(event.runsOn)}` : ""}`]
      : [],
  );
}

describe("rawjson of a failed build", () => {
  const { events, end } = read(recorded("failed-step.jsonl"));

  it("blames the step that failed, not the one that was cancelled with it", () => {
    assert.deepEqual(
      end.failed.map(({ name, error, log, runsOn }) => ({ name, error, log, runsOn })),
      [
        {
          name: String.raw`[linux/arm64 stage-2 3/4] RUN sleep 0.3; printf 'gr\303'; sleep 0.3; printf '\274\303\237e\n';     echo oops >&2; exit 7`,
          error: String.raw`process "/bin/sh -c sleep 0.3; printf 'gr\\303'; sleep 0.3; printf '\\274\\303\\237e\\n';     echo oops >&2; exit 7" did not complete successfully: exit code: 7`,
          // The ü came in two pieces, cut between its bytes.
          log: "grüße\noops\n",
          runsOn: { os: "linux", architecture: "arm64" },
        },
      ],
    );
    assert.ok(
      events.some((event) => event.type === "step" && event.state === "canceled" && event.name.includes("RUN sleep 4")),
    );
  });

  it("keeps the plain text that follows the JSON", () => {
    assert.match(end.text, /^Dockerfile:10\n-{20}\n/);
    assert.match(end.text, /\nerror: failed to solve: process .* exit code: 7\n$/);
  });

  it("tells every warning with its line", () => {
    const warnings = events.filter((event) => event.type === "warning");
    assert.deepEqual(
      warnings.map(({ line, url }) => ({ line, url })),
      [{ line: 8, url: "https://docs.docker.com/go/dockerfile/rule/consistent-instruction-casing/" }],
    );
    assert.match(warnings[0]?.text ?? "", /^ConsistentInstructionCasing: Command 'from' should match/);
  });
});

describe("rawjson of a good build", () => {
  it("says of every RUN where it runs, and of nothing else", () => {
    const { events, end } = read(recorded("built.jsonl"));
    assert.deepEqual(end, { failed: [], text: "" });
    const steps = dockerfileSteps(events);
    assert.deepEqual(steps.toSorted(), [
      "done [linux/amd64->arm64 build 2/2] RUN echo fo @linux/amd64",
      "done [linux/arm64 slow 2/2] RUN sleep 0.1 @linux/arm64",
      "done [linux/arm64 stage-2 2/4] COPY --from=buil",
      "done [linux/arm64 stage-2 3/4] RUN sleep 0.3; p @linux/arm64",
      "done [linux/arm64 stage-2 4/4] COPY --from=slow",
      "started [linux/amd64->arm64 build 2/2] RUN echo fo @linux/amd64",
      "started [linux/arm64 slow 2/2] RUN sleep 0.1 @linux/arm64",
      "started [linux/arm64 stage-2 2/4] COPY --from=buil",
      "started [linux/arm64 stage-2 3/4] RUN sleep 0.3; p @linux/arm64",
      "started [linux/arm64 stage-2 4/4] COPY --from=slow",
    ]);
  });

  it("tells a cached step as cached", () => {
    const steps = dockerfileSteps(read(recorded("cached.jsonl")).events).filter((step) => !step.startsWith("started"));
    assert.equal(steps.length, 5);
    assert.deepEqual(new Set(steps.map((step) => step.split(" ")[0])), new Set(["cached"]));
  });
});

describe("rawjson as a stream", () => {
  it("gives the same events however the bytes are cut", () => {
    const bytes = recorded("failed-step.jsonl");
    const whole = read(bytes);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 30 }), (pieces) => {
        assert.deepEqual(read(bytes, pieces), whole);
      }),
      { numRuns: 40 },
    );
  });

  it("keeps text that looks like JSON, and JSON of another shape, as text", () => {
    const text = '{"not json\n{"vertexes": 3}\n{"level":"info"\n[1]\n';
    const { end, events } = read(Buffer.from(text));
    assert.equal(end.text, text);
    assert.equal(events.length, 4);
  });

  it("takes out of names and errors what the caller added", () => {
    const events: EngineEvent[] = [];
    const reader = createRawJsonReader({
      onEvent: (event) => events.push(event),
      rewrite: (text) => text.replaceAll("--added ", ""),
    });
    const vertex = { digest: "sha256:1", name: "[linux/arm64 1/1] RUN --added x", started: "2026-01-01T00:00:00Z" };
    const ended = { ...vertex, completed: "2026-01-01T00:00:01Z", error: "--added x broke" };
    reader.push(Buffer.from(`${JSON.stringify({ vertexes: [vertex] })}\n${JSON.stringify({ vertexes: [ended] })}\n`));
    const { failed } = reader.end();
    assert.deepEqual(
      failed.map(({ name, error }) => [name, error]),
      [["[linux/arm64 1/1] RUN x", "x broke"]],
    );
    assert.deepEqual(
      events.map((event) => event.type === "step" && event.state),
      ["started", "failed"],
    );
  });
});

describe("where a step runs", () => {
  const cases: readonly (readonly [name: string, platform: string | undefined])[] = [
    ["[linux/arm64 build  3/12] RUN npm ci", "linux/arm64"],
    ["[linux/arm/v7 2/5] RUN true", "linux/arm/v7"],
    ["[linux/amd64->arm/v7 build 2/5] RUN --mount=type=cache,target=/x go build", "linux/amd64"],
    ["[linux/arm64/v8 2/5] ONBUILD RUN true", "linux/arm64"],
    ["[linux/arm64 build 3/5] COPY RUN /x", undefined],
    ["[linux/arm64 build 1/5] FROM docker.io/library/alpine", undefined],
    ["[linux/arm64 internal] load metadata for RUN 1/2] RUN", undefined],
    ["[build 3/5] RUN true", undefined],
    ["exporting to image", undefined],
  ];
  for (const [name, platform] of cases) {
    it(`${name} → ${platform ?? "nowhere"}`, () => {
      const { runsOn } = whereStepRuns(name);
      assert.equal(runsOn && formatPlatform(runsOn), platform);
    });
  }
});

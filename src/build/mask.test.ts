import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { Engine, EngineEvent, EngineRequest, Secret } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";
import { parsePlatform } from "../platform/platform.ts";
import { maskedEngine, maskSecrets, secretTexts } from "./mask.ts";

const at = 1;
const log = (text: string, step = "s", stream: 1 | 2 = 1): EngineEvent => ({ type: "log", step, stream, text, at });

function requestWith(secrets: readonly Secret[]): EngineRequest {
  return {
    platform: parsePlatform("linux/arm64"),
    context: { kind: "directory", path: "/" },
    dockerfile: "/Dockerfile",
    source: { text: "FROM scratch\n", bases: [] },
    args: {},
    labels: {},
    annotations: {},
    bases: {},
    buildContexts: {},
    secrets,
    ssh: [],
    cacheFrom: [],
    cacheTo: [],
    noCache: false,
    pull: false,
    output: { kind: "layout", directory: "/out" },
  };
}

/** What comes through when an engine tells these events, and throws. */
async function through(events: readonly EngineEvent[], value: string, error?: Error) {
  const engine: Engine = {
    name: "buildkit",
    endpoint: "unix:///x",
    probe: () => Promise.reject(new Error("not asked")),
    async build(_request, onEvent) {
      for (const event of events) onEvent(event);
      if (error) throw error;
      return { metadata: {} };
    },
  };
  const seen: EngineEvent[] = [];
  const building = maskedEngine(engine, { TOKEN: value }).build(
    requestWith([{ id: "t", env: "TOKEN" }]),
    (event) => seen.push(event),
    new AbortController().signal,
  );
  const thrown = await building.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { seen, thrown };
}

describe("secrets in what engines tell", () => {
  it("are the trimmed values, and the longer lines of values with several", async (t) => {
    const dir = await mkdtemp(join(tmpdir(), "archway-test-"));
    t.after(() => rm(dir, { recursive: true }));
    const file = join(dir, "key");
    await writeFile(file, "-----BEGIN-----\n  line-number-two\n}\n");
    assert.deepEqual(
      await secretTexts(
        [
          { id: "a", file },
          { id: "b", env: "WORD" },
          { id: "c", env: "SHORT" },
          { id: "d", file: join(dir, "nothing") },
          { id: "e", env: "UNSET" },
        ],
        { WORD: " pass \n", SHORT: "abc" },
      ),
      ["-----BEGIN-----\n  line-number-two\n}", "-----BEGIN-----", "line-number-two", "pass"],
    );
  });

  it("are masked, the longest first", () => {
    assert.equal(maskSecrets(["passport", "pass"])("my passport, my pass."), "my ***, my ***.");
  });

  it("do not show in texts of any event, nor in the error", async () => {
    const failure = new ArchwayError({
      code: "BUILD_STEP_FAILED",
      kind: "failed",
      message: "log: hunter22",
      hint: "h",
    });
    const { seen, thrown } = await through(
      [
        { type: "step", id: "s", name: "RUN x hunter22", state: "started", at },
        log("a hunter22 b\n"),
        { type: "progress", step: "s", name: "hunter22", current: 1, at },
        { type: "warning", text: "hunter22" },
        { type: "step", id: "s", name: "RUN", state: "failed", at, error: "hunter22" },
      ],
      "hunter22",
      failure,
    );
    assert.doesNotMatch(JSON.stringify(seen), /hunter22/);
    assert.equal(seen.length, 5);
    assert.deepEqual(seen[1], log("a *** b\n"));
    assert.ok(thrown instanceof ArchwayError);
    assert.deepEqual(
      [thrown.code, thrown.kind, thrown.message, thrown.hint],
      ["BUILD_STEP_FAILED", "failed", "log: ***", "h"],
    );
  });

  it("do not show wherever a log is cut, and nothing else is lost", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(60), { maxLength: 6 }), async (cuts) => {
        const whole = "first line\nthen hunter22hunter22 and hunter2, hunt\nhunter22";
        const places = [0, ...cuts.toSorted((a, b) => a - b), whole.length];
        const pieces = places.map((start, index) => whole.slice(start, places[index + 1] ?? whole.length));
        const { seen } = await through(
          pieces.filter(Boolean).map((piece) => log(piece)),
          "hunter22",
        );
        const text = seen.map((event) => (event.type === "log" ? event.text : "")).join("");
        assert.equal(text, "first line\nthen ****** and hunter2, hunt\n***");
      }),
    );
  });

  it("an unfinished line is told before its step ends, apart from other steps and streams, and has a bound", async () => {
    const done: EngineEvent = { type: "step", id: "s", name: "RUN", state: "done", at };
    const { seen } = await through([log("hunt"), log("er22\n", "other"), log("er22\n", "s", 2), done], "hunter22");
    assert.deepEqual(seen, [log("er22\n", "other"), log("er22\n", "s", 2), log("hunt"), done]);

    const long = await through([log(`${"x".repeat(20_000)}hunt`), log("er22")], "hunter22");
    assert.equal(long.seen.length, 2);
    const texts = long.seen.map((event) => (event.type === "log" ? event.text : ""));
    assert.equal(texts.join(""), `${"x".repeat(20_000)}***`);
  });
});

import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { test } from "node:test";
import type { RunEvent, RunEventBody } from "../event/run-event.ts";
import { makeStyle } from "../report/style.ts";
import { PlainRun } from "./run-plain.ts";

/** What is written when a step writes pieces and ends. */
function show(...pieces: readonly string[]): readonly string[] {
  const writes: string[] = [];
  const stderr = new Writable({
    write(chunk: Buffer, _, done) {
      writes.push(chunk.toString());
      done();
    },
  });
  const plain = new PlainRun(stderr, makeStyle(false));
  const tell = (body: RunEventBody) => plain.show({ index: 0, at: 0, ...body } satisfies RunEvent);
  for (const text of pieces) tell({ type: "log", job: "job", source: "say", stream: "stdout", offset: 0, text });
  tell({ type: "step", job: "job", step: "say", state: "succeeded", attempt: 1 });
  return writes;
}

test("the lines of one event are one write, with the job before each of them", () => {
  assert.deepEqual(show("one\ntwo\nth", "ree\n"), ["job │ one\njob │ two\n", "job │ three\n"]);
});

test("what has no line end is shown when the step ends, and a long one in pieces", () => {
  assert.deepEqual(show("one", " and more"), ["job │ one and more\n"]);
  const long = "x".repeat(60_000);
  assert.deepEqual(show(long, long, "end\n"), [`job │ ${long}${long}\n`, "job │ end\n"]);
});

test("of a progress bar its last state is shown", () => {
  assert.deepEqual(show("1 %\r2 %\r", "3 %\r\n", "\r\n", "\r4 %\r5 %"), ["job │ 3 %\n", "job │ \n", "job │ 5 %\n"]);
});

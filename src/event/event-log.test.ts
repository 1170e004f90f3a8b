import assert from "node:assert/strict";
import { mkdtempDisposable, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EventFile } from "./event-file.ts";
import { EventLog } from "./event-log.ts";
import type { RunEventBody } from "./run-event.ts";

const note = (text: string): RunEventBody => ({ type: "note", text });

/** A disk that keeps lines when it is told to. */
function slowDisk() {
  const written: string[] = [];
  const under = { calls: 0, most: 0 };
  let done = Promise.withResolvers<void>();
  return {
    written,
    under,
    /** Ends the write that is under way. */
    go(broken?: Error): void {
      const now = done;
      done = Promise.withResolvers<void>();
      if (broken === undefined) now.resolve();
      else now.reject(broken);
    },
    sink: {
      async write(lines: Uint8Array) {
        under.most = Math.max(under.most, ++under.calls);
        try {
          await done.promise;
          // What is given to a disk may change as soon as it has it.
          written.push(Buffer.from(lines).toString());
        } finally {
          under.calls--;
        }
      },
      close: async () => undefined,
    },
  };
}

const isSettled = (promise: Promise<unknown>) =>
  Promise.race([promise.then(() => true), new Promise((resolve) => setTimeout(resolve, 5, false))]);

describe("the event log", () => {
  test("keeps every event in order, one a line", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "archway-events-"));
    const path = join(folder.path, "events.jsonl");
    const log = new EventLog([await EventFile.open(path, "wx")], () => 7);
    for (let index = 0; index < 1000; index++) await log.append(note(`line\n${index}`));
    await log.close();
    const events = (await readFile(path, "utf8")).trimEnd().split("\n");
    assert.deepEqual(
      events.map((line): unknown => JSON.parse(line)),
      Array.from({ length: 1000 }, (_, index) => ({ index, at: 7, type: "note", text: `line\n${index}` })),
    );
    await assert.rejects(EventFile.open(path, "wx"), { code: "EEXIST" });
  });

  test("keeps lines of any length and alphabet whole", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "archway-events-"));
    const path = join(folder.path, "events.jsonl");
    const log = new EventLog([await EventFile.open(path, "wx")], () => 7);
    const texts = ["short", "ü".repeat(131_000), "日本".repeat(300_000), "😀", "x".repeat(262_000), "y".repeat(100)];
    for (const text of texts) void log.append(note(text));
    await log.close();
    const kept = (await readFile(path, "utf8")).trimEnd().split("\n");
    assert.deepEqual(
      kept.map((line): unknown => JSON.parse(line)),
      texts.map((text, index) => ({ index, at: 7, type: "note", text })),
    );
  });

  test("makes those wait who append while the disk is behind, and no others", async () => {
    const disk = slowDisk();
    const log = new EventLog([new EventFile(disk.sink)], () => 0);
    const big = note("x".repeat(32 * 1024));
    for (let index = 0; index < 7; index++) assert.equal(log.append(big), undefined);
    const late = Promise.all([log.append(big), log.append(big)].map((wait) => Promise.resolve(wait)));
    assert.equal(await isSettled(late), false);
    disk.go();
    await late;
    disk.go();
    await new Promise(setImmediate);
    disk.go();
    await log.close();
    assert.equal(disk.written.join("").split("\n").length - 1, 9);
    assert.equal(disk.under.most, 1, "one write at a time");
    for (const lines of disk.written) assert.ok(lines.endsWith("\n"), "whole lines are written");
  });

  test("makes those wait who append while a reader is behind", async () => {
    const log = new EventLog([], () => 0);
    const read = Promise.withResolvers<void>();
    log.onEvent(() => read.promise);
    const appended = Promise.resolve(log.append(note("one")));
    assert.equal(await isSettled(appended), false);
    read.resolve();
    await appended;
    await log.close();
  });

  test("tells what the disk said to all who wait, to the next who appends, and at the end", async () => {
    const disk = slowDisk();
    const log = new EventLog([new EventFile(disk.sink)], () => 0);
    const waiting = Promise.resolve(log.append(note("x".repeat(9 * 1024 ** 2))));
    await new Promise(setImmediate);
    disk.go(new Error("no space left"));
    await assert.rejects(waiting, /no space left/);
    assert.throws(() => log.append(note("next")), /no space left/);
    await assert.rejects(log.close(), /no space left/);
  });
});

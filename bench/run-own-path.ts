import { randomBytes } from "node:crypto";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EventFile } from "../src/event/event-file.ts";
import { EventLog } from "../src/event/event-log.ts";
import { readOutput } from "../src/job/containerizer/output-frames.ts";
import { SecretMasks } from "../src/job/mask-secrets.ts";
import { SourceLog } from "../src/job/source-log.ts";
import { type Figure, mediansOf } from "./measure.ts";

const lineCount = 1_250_000;
const secretCount = 20;
/** As sockets give it. */
const pieceSize = 64 * 1024;
const aim = 50;

/** The program's own part of the way of output, without an engine: frames of one line each, masked, as events in a file. */
export async function measureOwnPath(): Promise<Figure[]> {
  const line = Buffer.from(`${"output of a step, ".repeat(4).slice(0, 79)}\n`.padStart(80, "0"));
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, line.length]);
  const frames = Buffer.concat(Array.from({ length: 10_000 }, () => [head, line]).flat());
  const bytes = lineCount * line.length;
  const medians = await mediansOf(
    { plain: () => pour(frames, lineCount / 10_000, 0), masked: () => pour(frames, lineCount / 10_000, secretCount) },
    3,
  );
  const figure = (name: string, took: number): Figure => ({
    name: `${name}: seconds for ${aim} MB of lines, from the engine's frames to the event file`,
    value: (took / 1000 / (bytes / 1e6)) * aim,
    unit: "s",
    below: 1,
    detail: `${(bytes / 1000 / took).toFixed(0)} MB/s`,
  });
  return [figure("no secrets", medians.plain), figure(`${secretCount} secrets`, medians.masked)];
}

/** Milliseconds. */
async function pour(frames: Buffer, times: number, secrets: number): Promise<number> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-path-"));
  const log = new EventLog([await EventFile.open(join(folder.path, "events.jsonl"), "wx")], Date.now);
  const masks = new SecretMasks(Array.from({ length: secrets }, () => randomBytes(20).toString("hex")));
  const source = new SourceLog({ job: "job", source: "step" }, masks, (event) => log.append(event));
  async function* connection() {
    for (let time = 0; time < times; time += 1) {
      // A piece is used up by reading it.
      const all = Buffer.from(frames);
      for (let at = 0; at < all.length; at += pieceSize) yield all.subarray(at, at + pieceSize);
    }
  }
  const start = performance.now();
  await readOutput(connection(), (stream, bytes) => source.write(stream, bytes));
  await source.end();
  await log.close();
  return performance.now() - start;
}

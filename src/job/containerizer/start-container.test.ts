import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readEndpoint } from "./engine-endpoint.ts";
import { EngineHttp } from "./engine-http.ts";
import { startContainer } from "./start-container.ts";

function frame(text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = 1;
  head.writeUInt32BE(text.length, 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

interface Fault {
  /** Milliseconds from the end of the output to the end of the container, as its clock tells; nobody waits for them. */
  readonly goesOn?: number;
  /** Milliseconds that its clock is ahead of ours. */
  readonly isAhead?: number;
}

/** An engine whose attach connection sends some bytes and ends; its log holds `log`. */
async function engine(
  path: string,
  sent: Buffer,
  log: Buffer | undefined,
  { goesOn = -50, isAhead = 0 }: Fault,
): Promise<Server> {
  const ended = Promise.withResolvers<void>();
  const clock = (after: number) => new Date(Date.now() + isAhead + after).toISOString();
  const times = { StartedAt: "", FinishedAt: "" };
  const server = createServer((request, response) => {
    const url = request.url ?? "";
    if (url.includes("/start")) {
      times.StartedAt = clock(0);
      response.writeHead(204).end();
    } else if (url.includes("/wait")) void ended.promise.then(() => response.end('{"StatusCode":0}'));
    else if (url.includes("/logs"))
      response.writeHead(log === undefined ? 500 : 200).end(log ?? '{"message":"no log"}');
    else response.end(JSON.stringify({ State: { OOMKilled: false, ...times } }));
  });
  server.on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    socket.end(sent, () => {
      times.FinishedAt = clock(goesOn);
      ended.resolve();
    });
  });
  server.listen(path);
  await once(server, "listening");
  return server;
}

async function run(sent: Buffer, log: Buffer | undefined, fault: Fault = {}) {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
  const server = await engine(join(folder.path, "s"), sent, log, fault);
  let output = "";
  try {
    const signal = AbortSignal.timeout(20_000);
    const http = await EngineHttp.open(readEndpoint(`unix://${join(folder.path, "s")}`, {}), {});
    const running = await startContainer(
      http,
      "c",
      (_, bytes) => void (output += Buffer.from(bytes).toString()),
      signal,
    );
    return { exit: await running.exited, output };
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

describe("output of a container", () => {
  test("comes from the connection alone when that is whole", async () => {
    assert.deepEqual(await run(frame("hello"), frame("other")), {
      exit: { exitCode: 0, outOfMemory: false },
      output: "hello",
    });
  });

  test("is made whole from the engine's log when the connection breaks in the middle", async () => {
    const { exit, output } = await run(
      frame("hello world").subarray(0, 12),
      Buffer.concat([frame("hello"), frame(" world")]),
    );
    assert.equal(output, "hello world");
    assert.equal(exit.lost, undefined);
  });

  test("is made whole when the connection ends politely before the container", async () => {
    for (const isAhead of [0, 60_000, -60_000]) {
      const fault = { goesOn: 10_000, isAhead };
      const { output, exit } = await run(frame("one"), Buffer.concat([frame("one"), frame("two")]), fault);
      assert.equal(output, "onetwo", `a clock ${isAhead} ms ahead`);
      assert.equal(exit.lost, undefined);
    }
  });

  test("of an engine without a log is lost when its connection ends before the container, and only then", async () => {
    for (const isAhead of [0, 60_000, -60_000]) {
      const cut = await run(frame("one"), undefined, { goesOn: 10_000, isAhead });
      assert.match(cut.exit.lost?.reason ?? "", /does not have the rest/, `a clock ${isAhead} ms ahead`);
      const whole = await run(frame("one"), undefined, { isAhead });
      assert.equal(whole.exit.lost, undefined, `a clock ${isAhead} ms ahead`);
    }
  });

  test("that cannot be had is told as lost", async () => {
    const { exit, output } = await run(frame("hello world").subarray(0, 12), undefined);
    assert.equal(output, "hell");
    assert.match(exit.lost?.reason ?? "", /connection to the engine broke.*no log/);
  });

  test("of which the engine's log has lost the beginning is told as lost", async () => {
    const { exit, output } = await run(frame("hello world").subarray(0, 13), frame("hell"));
    assert.equal(output, "hello");
    assert.match(exit.lost?.reason ?? "", /shorter than what had come/);
  });

  test("waits in the container while nobody takes it", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
    const path = join(folder.path, "s");
    const server = await engine(path, Buffer.alloc(0), undefined, {});
    server.removeAllListeners("upgrade");
    const line = frame(`${"x".repeat(8_000)}\n`);
    const sent = { bytes: 0, isOver: false };
    let connection: Duplex | undefined;
    server.on("upgrade", (_, socket) => {
      connection = socket;
      socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
      socket.on("error", () => undefined);
      const pour = () => {
        while (!sent.isOver && socket.write(line)) sent.bytes += line.length;
      };
      socket.on("drain", pour);
      pour();
    });
    const slow = Promise.withResolvers<void>();
    let taken = 0;
    try {
      const http = await EngineHttp.open(readEndpoint(`unix://${path}`, {}), {});
      const output = async (_: string, bytes: Uint8Array) => {
        taken += bytes.length;
        await slow.promise;
      };
      const running = await startContainer(http, "c", output, AbortSignal.timeout(20_000));
      running.exited.catch(() => undefined);
      let before = -1;
      while (before !== sent.bytes) {
        before = sent.bytes;
        await sleep(300);
      }
      assert.ok(taken > 0 && sent.bytes < 4 * 1024 ** 2, `${sent.bytes} bytes were taken from the engine`);
      slow.resolve();
      while (sent.bytes < before + 16 * 1024 ** 2) await sleep(20);
      assert.ok(taken >= before, `${taken} bytes of ${before} came on`);
    } finally {
      sent.isOver = true;
      connection?.destroy();
      server.close();
      server.closeAllConnections();
    }
  });
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:http";
import type { Duplex } from "node:stream";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DockerEngine } from "./docker-engine.ts";
import { readEndpoint } from "./engine-endpoint.ts";
import { EngineHttp } from "./engine-http.ts";

function outputFrame(length: number): Buffer {
  const frame = Buffer.alloc(8 + length);
  frame[0] = 1;
  frame.writeUInt32BE(length, 4);
  return frame;
}

/** An engine whose commands never end: Docker's way to answer (101), or that of Podman before 4.5 (200). */
async function engineThatHangs(status: 101 | 200) {
  const folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
  const started = Promise.withResolvers<void>();
  const cut = Promise.withResolvers<void>();
  const hang = (socket: Duplex) => {
    socket.write(`HTTP/1.1 ${status} OK\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
    socket.resume().on("error", () => undefined);
    socket.on("close", () => cut.resolve());
    // More than fits on the way: once it is sent the other side reads.
    socket.write(outputFrame(8 * 1024 ** 2), () => started.resolve());
  };
  const server = createServer((request, response) => {
    response.statusCode = request.url?.endsWith("/exec") === true ? 201 : 200;
    response.end('{"Version":"1","Arch":"amd64","Components":[{"Name":"Engine"}],"Id":"c"}');
  }).on("upgrade", (_, socket) => hang(socket));
  await once(server.listen(join(folder.path, "s")), "listening");
  const http = await EngineHttp.open(readEndpoint(`unix://${join(folder.path, "s")}`, {}), {});
  const unused = () => Promise.reject(new Error("no image is needed"));
  const images = { pin: unused, archive: unused, owner: "me-1-1", folder: folder.path };
  const engine = await DockerEngine.open(http, images, new AbortController().signal);
  return {
    engine,
    started: started.promise,
    cut: cut.promise,
    [Symbol.asyncDispose]: async () => {
      http.close();
      server.close();
      server.closeAllConnections();
      await folder[Symbol.asyncDispose]();
    },
  };
}

for (const status of [101, 200] as const) {
  test(
    `a command that hangs ends with its signal, and its connection with it (${status})`,
    { timeout: 30_000 },
    async () => {
      await using place = await engineThatHangs(status);
      const stop = new AbortController();
      const running = place.engine.exec("c", ["sh"], stop.signal);
      running.catch(() => undefined);
      await place.started;
      const reason = new Error("enough");
      setImmediate(() => stop.abort(reason));
      await assert.rejects(running, reason);
      await place.cut;
    },
  );
}

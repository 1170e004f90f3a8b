import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { DockerEngine } from "./docker-engine.ts";
import { readEndpoint } from "./engine-endpoint.ts";
import { EngineHttp } from "./engine-http.ts";

const signal = new AbortController().signal;

/** What an engine says that refuses each removal with one status. */
async function engineThatRefuses(status: number) {
  const folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url?.split("?")[0]}`);
    if (request.method === "DELETE") response.writeHead(status).end('{"message":"no"}');
    else response.end('{"Version":"1","Arch":"amd64","Components":[{"Name":"Podman Engine"}],"Id":"c"}');
  });
  await once(server.listen(join(folder.path, "s")), "listening");
  const http = await EngineHttp.open(readEndpoint(`unix://${join(folder.path, "s")}`, {}), {});
  const images = {
    pin: () => Promise.reject(new Error("nothing is pulled")),
    archive: () => Promise.reject(new Error("nothing is sent")),
    owner: "me-1-1",
    folder: folder.path,
  };
  const engine = await DockerEngine.open(http, images, signal);
  return {
    engine,
    asked,
    [Symbol.asyncDispose]: async () => {
      http.close();
      server.close();
      server.closeAllConnections();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("what is gone counts as removed, a container that is going too, and what is in use does not", async () => {
  const outcomes = async (status: number) => {
    await using place = await engineThatRefuses(status);
    const removed: string[] = [];
    for (const kind of ["container", "network", "volume", "image"] as const) {
      await place.engine.remove({ kind, id: "one" }, signal).then(
        () => removed.push(kind),
        () => undefined,
      );
    }
    return removed;
  };
  assert.deepEqual(await outcomes(404), ["container", "network", "volume", "image"]);
  assert.deepEqual(await outcomes(409), ["container"]);
  assert.deepEqual(await outcomes(500), []);
});

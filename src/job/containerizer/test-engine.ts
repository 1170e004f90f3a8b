import { once } from "node:events";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DockerEngine } from "./docker-engine.ts";
import { readEndpoint } from "./engine-endpoint.ts";
import { EngineHttp } from "./engine-http.ts";

/** What an engine's server says to a request that is not to be answered like any other; without a status it breaks off. */
export type Fault = { readonly status?: number; readonly message: string };

/**
 * An engine that knows names, and says what `faulty` returns instead of an answer.
 *
 * @param faulty gets method and path, the names that are taken, and the body
 * @param version what it is: Podman when absent
 */
export async function engineWith(
  faulty: (asked: string, names: Set<string>, body: string) => Fault | undefined,
  version: object = { Version: "4.3", Arch: "amd64", Components: [{ Name: "Podman Engine" }] },
) {
  const folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
  const asked: string[] = [];
  const names = new Set<string>();
  const refuse = (response: ServerResponse, { status, message }: Fault) => {
    if (status === undefined) response.destroy();
    else response.writeHead(status).end(JSON.stringify({ message }));
  };
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://engine");
      if (url.pathname === "/version") {
        response.end(JSON.stringify(version));
        return;
      }
      asked.push(`${request.method} ${url.pathname}`);
      const body = Buffer.concat(pieces).toString();
      const fault = faulty(asked.at(-1) ?? "", names, body);
      if (fault !== undefined) return refuse(response, fault);
      const name = url.searchParams.get("name") ?? /"Name":"([^"]+)"/.exec(body)?.[1];
      if (request.method === "DELETE") names.delete(url.pathname.split("/").at(-1) ?? "");
      else if (name !== undefined) {
        if (names.has(name)) return refuse(response, { status: 409, message: `name ${name} is already used` });
        names.add(name);
      }
      response.end(`{"Id":"id-of-${name}"}`);
    });
  });
  server.on("upgrade", (request, socket) => {
    asked.push(`${request.method} ${request.url?.split("?")[0]}`);
    const fault = faulty(asked.at(-1) ?? "", names, "");
    if (fault === undefined) socket.end("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    else {
      const body = JSON.stringify({ message: fault.message });
      socket.end(`HTTP/1.1 ${fault.status} No\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    }
  });
  await once(server.listen(join(folder.path, "s")), "listening");
  const http = await EngineHttp.open(readEndpoint(`unix://${join(folder.path, "s")}`, {}), {});
  const nothing = () => Promise.reject(new Error("no image is asked for"));
  const images = { pin: nothing, archive: nothing, owner: "me-1-1", folder: folder.path };
  const engine = await DockerEngine.open(http, images, AbortSignal.timeout(20_000));
  return {
    engine,
    asked,
    names,
    [Symbol.asyncDispose]: async () => {
      http.close();
      server.close();
      server.closeAllConnections();
      await folder[Symbol.asyncDispose]();
    },
  };
}

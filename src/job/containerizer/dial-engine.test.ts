import assert from "node:assert/strict";
import { once } from "node:events";
import { chmod, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readEndpoint } from "./engine-endpoint.ts";
import { EngineHttp } from "./engine-http.ts";

/** An engine that tells its version, and hands connections over that say what they are told. */
async function engine(): Promise<Server> {
  const server = createServer((request, response) => {
    let size = 0;
    request.on("data", (piece: Buffer) => (size += piece.length));
    request.on("end", () => response.end(JSON.stringify({ path: request.url, size })));
  });
  server.on("upgrade", (_, socket) => {
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nhello");
    socket.end();
  });
  return server;
}

async function speak(endpoint: string, env: NodeJS.ProcessEnv = {}) {
  const http = await EngineHttp.open(readEndpoint(endpoint, env), env);
  try {
    const signal = AbortSignal.timeout(20_000);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => http.json({ method: "POST", path: `/${index}`, body: "x" }, signal)),
    );
    const { stream, head } = await http.hijack({ method: "POST", path: "/attach" }, signal);
    let said = Buffer.from(head).toString();
    for await (const piece of stream) said += String(piece);
    return { answers, said };
  } finally {
    http.close();
  }
}
const expected = { answers: Array.from({ length: 20 }, (_, index) => ({ path: `/${index}`, size: 3 })), said: "hello" };

test("an engine is reached by TCP", async () => {
  const server = await engine();
  await once(server.listen(0, "127.0.0.1"), "listening");
  try {
    const { port } = server.address() as AddressInfo;
    assert.deepEqual(await speak(`tcp://127.0.0.1:${port}`), expected);
  } finally {
    server.close();
  }
});

test("an engine is reached by ssh, and what ssh says is told", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "archway-ssh-"));
  const socket = join(folder.path, "s");
  const server = await engine();
  await once(server.listen(socket), "listening");
  const script = async (name: string, text: string) => {
    await writeFile(join(folder.path, name), `#!/bin/sh\n${text}\n`);
    await chmod(join(folder.path, name), 0o755);
  };
  // What sshd does: the words after the host are one line for the user's shell.
  await script(
    "ssh",
    'echo "$@" >> "$0.log"; while [ "$1" != -- ]; do shift; done; [ "$2" = down ] && { echo "ssh: connect to host down: No route to host" >&2; exit 255; }\nexec sh -c "$3"',
  );
  await script(
    "docker",
    `exec "${process.execPath}" -e 'const s = require("node:net").connect("${socket}"); process.stdin.pipe(s).pipe(process.stdout)'`,
  );
  const env = { PATH: `${folder.path}:/usr/bin:/bin` };
  try {
    assert.deepEqual(await speak("ssh://me@far:2222", env), expected);
    const [asked = ""] = (await readFile(join(folder.path, "ssh.log"), "utf8")).split("\n");
    assert.match(asked, /^-T -o BatchMode=yes .* -l me -p 2222 -- far sh -c '.*docker system dial-stdio/);
    await assert.rejects(speak("ssh://down", env), {
      code: "ENGINE_LOST",
      message: /ssh:\/\/down does not answer: ssh: ssh: connect to host down: No route to host\./,
      hint: /ssh down docker info/,
    });
    await assert.rejects(speak("ssh://far", { PATH: "/nowhere" }), {
      code: "ENGINE_LOST",
      message: /ssh could not be started/,
    });
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

/** An engine on a socket that answers each request as `answer` does. */
async function engineOf(answer: RequestListener) {
  const folder = await mkdtempDisposable(join(tmpdir(), "archway-engine-"));
  const server = createServer(answer);
  await once(server.listen(join(folder.path, "s")), "listening");
  const http = await EngineHttp.open(readEndpoint(`unix://${join(folder.path, "s")}`, {}), {});
  return {
    http,
    server,
    [Symbol.asyncDispose]: async () => {
      http.close();
      server.close();
      server.closeAllConnections();
      await folder[Symbol.asyncDispose]();
    },
  };
}

test("output of many containers keeps no request waiting, also where it is the answer of a request", async () => {
  await using place = await engineOf((request, response) => {
    response.write("{}\n");
    if (request.url !== "/attach") response.end();
  });
  const signal = AbortSignal.timeout(20_000);
  const attach = { method: "POST", path: "/attach" } as const;
  await Promise.all(Array.from({ length: 200 }, () => place.http.hijack(attach, signal)));
  assert.deepEqual(await place.http.json({ method: "GET", path: "/version" }, signal), {});
});

test("a kept connection that was closed meanwhile is no lost engine, where asking again does no harm", async () => {
  let count = 0;
  await using place = await engineOf((request, response) => {
    count += 1;
    // Each connection is closed without an answer to what comes second.
    if (count === 1) response.end("{}");
    else if (count === 2 || count === 4) request.socket.destroy();
    else response.end("{}");
  });
  const signal = AbortSignal.timeout(20_000);
  const ask = (method: "GET" | "POST") => place.http.json({ method, path: "/x" }, signal);
  await ask("GET");
  assert.deepEqual(await ask("GET"), {});
  assert.equal(count, 3);
  await assert.rejects(ask("POST"), { code: "ENGINE_LOST" });
  assert.equal(count, 4);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import type { Server } from "node:net";
import { test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { openConnections, speaksTls } from "./connections.ts";
import { connectionError } from "./failure.ts";
import { exchange } from "./http.ts";
import { endpointOf } from "./settings.ts";

const timeouts = { connect: 5_000, idle: 5_000 };
const settings = { registries: {}, insecure: [] };

/** Runs work with a server on a free port of loopback. */
async function listening<Result>(server: Server, work: (host: string) => Promise<Result>): Promise<Result> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert(typeof address === "object" && address !== null);
  try {
    return await work(`127.0.0.1:${address.port}`);
  } finally {
    server.close();
  }
}

test("a server that speaks plain HTTP where TLS is due is told as that, with the way out", async () => {
  const server = createServer((_, response) => response.end("hello"));
  await listening(server, async (host) => {
    const endpoint = { ...endpointOf(host, settings), plainHttp: false };
    const connections = openConnections(endpoint, timeouts);
    const url = new URL(`https://${host}/v2/`);
    const failure = await exchange(connections, { method: "GET", url, headers: {} }).catch((error: unknown) => error);
    const error = connectionError(failure, url, endpoint);
    assert.equal(error.code, "TLS");
    assert.equal(error.kind, "unreachable");
    assert.match(error.message, /does not speak TLS: it answers in plain HTTP$/);
    assert.equal(error.hint, `If that is intended and the network is trusted, allow it: --insecure-registry ${host}`);
    await connections.close();
  });
});

test("plain HTTP is recognised, also in a server that hangs up at a handshake", async () => {
  const http = createServer((_, response) => response.end());
  assert.equal(await listening(http, (host) => speaksTls(endpointOf(host, settings), timeouts)), false);
  const rude = createTcpServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
  assert.equal(await listening(rude, (host) => speaksTls(endpointOf(host, settings), timeouts)), false);
  const silent = createTcpServer((socket) => socket.resume().on("error", () => socket.destroy()));
  const impatient = { ...timeouts, connect: 100 };
  assert.equal(await listening(silent, (host) => speaksTls(endpointOf(host, settings), impatient)), false);
});

test("a certificate authority that cannot be read is an error of the configuration", async () => {
  const ca = { registries: { "a.example.com": { ca: "/nowhere/ca.pem" } }, insecure: [] };
  const connections = openConnections(endpointOf("a.example.com", ca), timeouts);
  await assert.rejects(connections.agentFor(new URL("https://a.example.com/")), (error) => {
    assert(error instanceof ArchwayError);
    assert.equal(error.code, "INVALID_CONFIG");
    assert.equal(error.kind, "input");
    return true;
  });
  await connections.close();
});

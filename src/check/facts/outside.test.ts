import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatPlatform } from "../../platform/platform.ts";
import { openFactCache } from "./fact-cache.ts";
import type { PackageFact } from "./facts.ts";
import { openOutside } from "./outside.ts";
import { lookUpPackage } from "./package-lookup.ts";
import { lookUpUrl } from "./url-lookup.ts";
import { openWeb, type Web } from "./web.ts";

const signal = new AbortController().signal;
const requests: string[] = [];
const headers: (string | undefined)[] = [];
let answers: Readonly<Record<string, RequestListener>> = {};
let server: ReturnType<typeof createServer>;
let base: string;
let web: Web;

before(async () => {
  server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    headers.push(request.headers.authorization);
    const answer = answers[request.url ?? ""];
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  base = `http://127.0.0.1:${port}`;
  web = openWeb({ trusted: [`127.0.0.1:${port}`], timeouts: { connect: 500, idle: 300 } });
});

after(() => {
  server.closeAllConnections();
  server.close();
});

const status =
  (code: number, location?: string): RequestListener =>
  (_request, response) => {
    response.writeHead(code, location === undefined ? {} : { location }).end();
  };

const body =
  (text: string): RequestListener =>
  (_request, response) => {
    response.end(text);
  };

test("a URL is there, gone, or unknown", async () => {
  answers = {
    "/there": status(200),
    "/moved": status(302, "/there"),
    "/loop": status(302, "/loop"),
    "/lost": status(302, "/nowhere"),
    "/login": status(401),
    "/broken": status(500),
    "/slow": () => {},
    "/signed": (request, response) => response.writeHead(request.method === "HEAD" ? 403 : 206).end("x"),
    "/secret": status(403),
    "/inside": status(302, "http://10.0.0.1/x"),
    "/named": status(302, "http://user:word@a.test/x"),
  };
  const expected = {
    there: true,
    moved: true,
    signed: true,
    none: false,
    lost: false,
    loop: undefined,
    login: undefined,
    broken: undefined,
    slow: undefined,
    secret: undefined,
    inside: undefined,
    named: undefined,
  };
  for (const [name, found] of Object.entries(expected)) {
    // A server that answered late is not asked again: each gets a fresh client.
    const { host } = new URL(base);
    const fresh = openWeb({ trusted: [host], timeouts: { connect: 500, idle: 200 } });
    assert.equal(await lookUpUrl(fresh, `${base}/${name}`, signal), found, name);
  }
});

test("this machine, private networks, names of local networks and URLs with a password are never asked", async () => {
  const open = openWeb();
  requests.length = 0;
  const { port } = new URL(base);
  for (const url of [
    `${base}/x`,
    `http://localhost:${port}/x`,
    `http://u:p@127.0.0.1:${port}/`,
    "file:///etc/passwd",
  ]) {
    assert.equal(await lookUpUrl(open, url, signal), undefined, url);
  }
  for (const url of ["http://10.1.2.3/", "http://[::1]/", "http://printer/", "https://a.internal/", "no url"]) {
    assert.equal(await lookUpUrl(open, url, signal), undefined, url);
  }
  assert.deepEqual(requests, []);
});

test("packages by what their index says", async () => {
  const indexes = {
    pypi: `${base}/pypi`,
    npm: `${base}/npm`,
    maven: `${base}/maven`,
    debian: `${base}/d`,
    ubuntu: `${base}/u`,
  };
  const files = (...names: string[]) => body(JSON.stringify({ urls: names.map((filename) => ({ filename })) }));
  answers = {
    "/pypi/native/1.0/json": files(
      "native-1.0-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
      "native-1.0.tar.gz",
    ),
    "/pypi/both/2/json": files("both-2-cp39-abi3-musllinux_1_1_aarch64.whl", "both-2-cp39-abi3-manylinux1_x86_64.whl"),
    "/pypi/pure/1/json": files("pure-1-py3-none-any.whl"),
    "/pypi/source/1/json": files("source-1.tar.gz"),
    "/pypi/odd/1/json": body("<html>"),
    "/npm/plain/1.0.0": body("{}"),
    "/npm/@scope%2fx64/1.0.0": body('{"os":["linux"],"cpu":["x64"]}'),
    "/npm/not-arm/1.0.0": body('{"cpu":["!arm","!arm64"]}'),
    "/npm/mac/1.0.0": body('{"os":["darwin"]}'),
    "/npm/down/1.0.0": status(503),
    "/maven/io/n/native/4.1/": body('<a href="native-4.1-linux-x86_64.jar"><a href="native-4.1.jar">'),
    "/maven/io/n/plain/1/": body('<a href="plain-1.jar">'),
    "/d?package=chrome&s=bookworm&text=on": body(" chrome | 1 | bookworm | source, amd64, i386\n"),
    "/u?package=docs&s=jammy&text=on": body("docs | 1 | jammy | source, all\n"),
    "/d?package=gone&s=bookworm&text=on": body(""),
  };
  const expected: Readonly<Record<string, string | null | undefined>> = {
    "pypi:native@1.0": "linux/amd64",
    "pypi:both@2": "linux/amd64 linux/arm64",
    "pypi:pure@1": "all",
    "pypi:source@1": "",
    "pypi:none@1": null,
    "pypi:odd@1": undefined,
    "npm:plain@1.0.0": "all",
    "npm:@scope/x64@1.0.0": "linux/amd64",
    "npm:not-arm@1.0.0": "linux/amd64 linux/386 linux/ppc64le linux/s390x linux/riscv64",
    "npm:mac@1.0.0": "",
    "npm:down@1.0.0": undefined,
    "npm:../etc@1": undefined,
    "maven:io.n:native@4.1": "linux/amd64",
    "maven:io.n:plain@1": "all",
    "maven:io.n:none@1": null,
    "deb:bookworm:chrome": "linux/amd64 linux/386",
    "deb:jammy:docs": "all",
    "deb:bookworm:gone": undefined,
    "deb:potato:chrome": undefined,
    "gem:rails@1": undefined,
  };
  for (const [key, platforms] of Object.entries(expected)) {
    assert.equal(brief(await lookUpPackage(web, key, signal, indexes)), platforms, key);
  }
});

function brief(fact: PackageFact | undefined): string | null | undefined {
  if (fact === null || fact === undefined) return fact;
  return fact.platforms === "all" ? "all" : fact.platforms.map(formatPlatform).join(" ");
}

test("answers are kept for a time, also by another process; a damaged file counts as none", async () => {
  const folder = await mkdtemp(join(tmpdir(), "archway-facts-"));
  try {
    answers = { "/there": status(200) };
    let now = 1_000;
    const open = () => openFactCache(folder, () => now);
    const outside = (cache: ReturnType<typeof open>) =>
      openOutside({ cache, web, find: () => Promise.reject(new Error("not asked")), registryName: (host) => host });
    const ask = async (url: string) => {
      requests.length = 0;
      const cache = open();
      const found = await outside(cache).url(url, signal);
      await cache.save();
      return [found, requests.length];
    };
    assert.deepEqual(await ask(`${base}/there`), [true, 1]);
    assert.deepEqual(await ask(`${base}/there`), [true, 0]);
    assert.deepEqual(await ask(`${base}/none`), [false, 1]);
    now += 2 * 3_600_000;
    assert.deepEqual(await ask(`${base}/there`), [true, 0], "what is there stays");
    assert.deepEqual(await ask(`${base}/none`), [false, 1], "what was missing may have come");
    await writeFile(join(folder, "check-facts.json"), "{");
    assert.deepEqual(await ask(`${base}/there`), [true, 1]);
    assert.deepEqual(await ask(`${base}/there`), [true, 0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("no request carries a name or password", () => {
  assert.ok(headers.length > 0 && headers.every((header) => header === undefined));
});

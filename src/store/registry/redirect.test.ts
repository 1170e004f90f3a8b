import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import type { HttpRequest } from "./http.ts";
import { checkTarget, followRedirect } from "./redirect.ts";
import { allowsPlainHttp, endpointOf, isPrivateAddress } from "./settings.ts";

const rules = { apiHost: "registry.example.com", insecure: ["plain.example.com"] };
const request: HttpRequest = {
  method: "GET",
  url: new URL("https://registry.example.com/v2/a/blobs/x"),
  headers: { authorization: "Bearer secret", range: "bytes=5-" },
};

function answer(status: number, location?: string) {
  return { status, headers: location === undefined ? {} : { location }, url: request.url };
}

function isRefused(error: unknown): boolean {
  return error instanceof ArchwayError && error.code === "REGISTRY_ERROR" && error.kind === "unreachable";
}

describe("redirects", () => {
  test("within the registry keep credentials, elsewhere they lose them and keep the rest", () => {
    assert.deepEqual(followRedirect(request, answer(307, "/v2/b"), rules)?.headers, request.headers);
    const others = [
      "https://storage.example.com/x",
      "https://registry.example.com:8443/x",
      "https://evil.registry.example.com/",
    ];
    for (const other of others) {
      const next = followRedirect(request, answer(307, other), rules);
      assert.equal(next?.url.href, other);
      assert.deepEqual(next?.headers, { range: "bytes=5-" });
    }
  });

  test("are not followed from TLS into plain HTTP, unless the user allows it", () => {
    assert.throws(() => followRedirect(request, answer(302, "http://storage.example.com/"), rules), isRefused);
    assert.throws(() => followRedirect(request, answer(302, "ftp://storage.example.com/"), rules), isRefused);
    assert(followRedirect(request, answer(302, "http://plain.example.com/"), rules));
  });

  test("from a public registry into a private network are refused", () => {
    for (const host of [
      "169.254.169.254",
      "127.0.0.1",
      "10.1.2.3",
      "[::1]",
      "[fd00::1]",
      "[::ffff:10.0.0.1]",
      "localhost",
      "0.0.0.0",
    ]) {
      assert.throws(() => checkTarget(new URL(`https://${host}/`), rules), isRefused, host);
    }
    for (const apiHost of ["10.0.0.1:5000", "localhost:5000", "registry:5000"]) {
      checkTarget(new URL("https://10.1.2.3/"), { apiHost, insecure: [] });
    }
    checkTarget(new URL("https://10.1.2.3/"), { ...rules, insecure: ["10.1.2.3"] });
    checkTarget(new URL("https://11.1.2.3/"), rules);
  });

  test("keep the method, or are refused", () => {
    const upload = { ...request, method: "PUT" } as const;
    assert.equal(followRedirect(upload, answer(307, "/x"), rules)?.method, "PUT");
    assert.throws(() => followRedirect(upload, answer(302, "/x"), rules), isRefused);
    assert.equal(followRedirect({ ...request, method: "HEAD" }, answer(303, "/x"), rules)?.method, "HEAD");
  });

  test("are only what says where to go", () => {
    assert.equal(followRedirect(request, answer(200, "/x"), rules), undefined);
    assert.equal(followRedirect(request, answer(302), rules), undefined);
    assert.throws(() => followRedirect(request, answer(302, "http://["), rules), isRefused);
  });
});

test("private addresses are told from public ones", () => {
  const isPrivate = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "127.9.9.9",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
  ];
  const isPublic = [
    "8.8.8.8",
    "172.32.0.1",
    "172.15.0.1",
    "192.169.0.1",
    "100.128.0.1",
    "2001:4860::8888",
    "example.com",
    "10.example.com",
    "127.0.0.1.example.com",
  ];
  for (const address of isPrivate) assert(isPrivateAddress(address), address);
  for (const address of isPublic) assert(!isPrivateAddress(address), address);
});

test("plain HTTP is for loopback, and for the hosts that the user names", () => {
  const settings = { registries: {}, insecure: ["plain.example.com", "10.0.0.1:5000"] };
  const allowed = [
    "localhost",
    "localhost:5000",
    "127.0.0.1:5000",
    "127.1.2.3",
    "[::1]:5000",
    "x.localhost",
    ...settings.insecure,
  ];
  for (const host of allowed) assert(allowsPlainHttp(host, settings), host);
  for (const host of ["plain.example.com:80", "10.0.0.1", "127.0.0.1.example.com", "docker.io"]) {
    assert(!allowsPlainHttp(host, settings), host);
  }
});

test("Docker Hub's API is at a name of its own", () => {
  const settings = { registries: { "docker.io": { ca: "/ca.pem" } }, insecure: [] };
  assert.deepEqual(endpointOf("docker.io", settings), {
    host: "docker.io",
    apiHost: "registry-1.docker.io",
    plainHttp: false,
    ca: "/ca.pem",
  });
});

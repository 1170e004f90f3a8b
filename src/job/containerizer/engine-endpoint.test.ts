import assert from "node:assert/strict";
import { test } from "node:test";
import { readEndpoint } from "./engine-endpoint.ts";

const way = (text: string, env = {}) => readEndpoint(text, env).way;

test("endpoints of engines are read as Docker's client reads them", () => {
  assert.deepEqual(way("unix:///run/docker.sock"), { kind: "unix", path: "/run/docker.sock" });
  assert.deepEqual(way("tcp://10.0.0.7:2375"), { kind: "tcp", host: "10.0.0.7", port: 2375 });
  assert.deepEqual(way("tcp://[::1]:99/"), { kind: "tcp", host: "::1", port: 99 });
  assert.deepEqual(way("tcp://build.example"), { kind: "tcp", host: "build.example", port: 2375 });
  assert.deepEqual(way("ssh://pi"), { kind: "ssh", host: "pi" });
  assert.deepEqual(way("ssh://me@pi.local:2222/run/podman/podman.sock"), {
    kind: "ssh",
    user: "me",
    host: "pi.local",
    port: 2222,
    path: "/run/podman/podman.sock",
  });
});

test("TLS comes from the environment or from the endpoint, and its paths are not shown", () => {
  const env = { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/certs" };
  const files = { ca: "/certs/ca.pem", cert: "/certs/cert.pem", key: "/certs/key.pem" };
  assert.deepEqual(way("tcp://far", env), { kind: "tcp", host: "far", port: 2376, tls: files });
  const { shown, way: own, warning } = readEndpoint("tcp://far:1?cacert=/a&servername=engine", env);
  assert.equal(shown, "tcp://far:1");
  assert.deepEqual(own, { kind: "tcp", host: "far", port: 1, tls: { ca: "/a", serverName: "engine" } });
  assert.equal(warning, undefined);
});

test("plain TCP that leaves the machine is warned of", () => {
  assert.match(readEndpoint("tcp://10.0.0.7:2375", {}).warning ?? "", /plain TCP.*ssh:\/\/ or TLS/);
  for (const near of ["tcp://127.0.0.1:1", "tcp://localhost:1", "tcp://[::1]:1"])
    assert.equal(readEndpoint(near, {}).warning, undefined);
});

test("what is no endpoint says why, and shows no password", () => {
  const wrong: readonly (readonly [string, RegExp])[] = [
    ["pi", /not of the form SCHEME/],
    ["uinx:///x", /did you mean unix:/],
    ["unix://run/x", /absolute path/],
    ["tcp://a:b", /HOST:PORT/],
    ["tcp://a:70000", /70000 is no port/],
    ["tcp://a:1?ca=/x", /"ca" is not one of cacert/],
    ["tcp://a:1?cacert=/x&cert=/y", /go together/],
    ["ssh://-oProxyCommand=x", /cannot begin with -/],
    ["ssh://me:secret@pi", /passwords do not belong/],
  ];
  for (const [text, why] of wrong) {
    assert.throws(() => readEndpoint(text, {}), { code: "ENDPOINT_INVALID", message: why }, text);
    assert.throws(
      () => readEndpoint(text, {}),
      (error: Error) => !error.message.includes("secret"),
    );
  }
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { buildkitConnection } from "./buildkit-endpoint.ts";

describe("an endpoint of BuildKit", () => {
  for (const endpoint of [
    "unix:///run/buildkit/buildkitd.sock",
    "ssh://user@arm",
    "docker-container://builder",
    "kube-pod://buildkitd?namespace=ci&container=buildkitd",
    "tcp://arm:1234",
    "tcp://[::1]:1234",
  ]) {
    it(`${endpoint} is given to buildctl as it is`, () => {
      assert.deepEqual(buildkitConnection(endpoint), { args: ["--addr", endpoint], shown: endpoint });
    });
  }

  it("over TCP with TLS becomes buildctl's flags, and is shown without them", () => {
    const endpoint = "tcp://arm:1234?cacert=/c/ca.pem&cert=/c/a%20b.pem&key=/c/key.pem&servername=node";
    const { args, shown } = buildkitConnection(endpoint);
    assert.equal(
      args.join("\n"),
      "--addr\ntcp://arm:1234\n--tlscacert\n/c/ca.pem\n--tlscert\n/c/a b.pem\n--tlskey\n/c/key.pem\n--tlsservername\nnode",
    );
    assert.equal(shown, "tcp://arm:1234");
  });

  const wrong: readonly (readonly [endpoint: string, why: RegExp])[] = [
    ["arm:1234", /not of the form/],
    ["", /not of the form/],
    ["tpc://arm:1234", /did you mean tcp:\/\/\?/],
    ["https://arm:1234", /not of the form/],
    ["tcp://arm", /needs HOST:PORT/],
    ["tcp://arm:1234?ca=/x", /"ca" is not one of cacert, cert, key, servername/],
    ["tcp://arm:1234?cacert=/x&cert=/y", /cert and key go together/],
    ["tcp://arm:1234?cert=/x&key=/y", /needs cacert/],
  ];
  for (const [endpoint, message] of wrong) {
    it(`${JSON.stringify(endpoint)} is refused`, () => {
      assert.throws(() => buildkitConnection(endpoint), { code: "ENDPOINT_INVALID", kind: "input", message });
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseChallenge } from "./challenge.ts";

const cases = [
  [
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/alpine:pull,push"',
    {
      kind: "bearer",
      realm: "https://auth.docker.io/token",
      service: "registry.docker.io",
      scope: "repository:library/alpine:pull,push",
    },
  ],
  ['Bearer realm="https://ghcr.io/token"', { kind: "bearer", realm: "https://ghcr.io/token" }],
  ['bearer  realm = "https://a/t" , service = plain', { kind: "bearer", realm: "https://a/t", service: "plain" }],
  ['Basic realm="x, Bearer realm=y", Bearer realm="https://a/t"', { kind: "bearer", realm: "https://a/t" }],
  ['Bearer realm="https://a/t?x=\\"1\\""', { kind: "bearer", realm: 'https://a/t?x="1"' }],
  ['Basic realm="registry"', { kind: "basic" }],
  ["Basic", { kind: "basic" }],
  ["Bearer", undefined],
  ['Negotiate, Digest realm="x"', undefined],
  ["", undefined],
  [undefined, undefined],
] as const;

for (const [header, expected] of cases) {
  test(`the challenge ${header ?? "that is missing"} is understood`, () => {
    assert.deepEqual(parseChallenge(header), expected);
  });
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { judgeFailure, type FailedBuild } from "./failure.ts";

const build: FailedBuild = {
  engine: "BuildKit at tcp://arm:1234",
  platform: parsePlatform("linux/arm64"),
  dockerfile: "app/Dockerfile",
  failed: [],
  text: "",
  end: "ended with 1",
};

const excerpt = (from: number, to: number) =>
  [
    "Dockerfile:9",
    "--------------------",
    ...Array.from({ length: to - from + 1 }, (_, index) => `${String(from + index).padStart(4)} | >>> RUN x`),
    "--------------------",
    "",
  ].join("\n");

/** Final errors as the engines printed them (BuildKit 0.33, docker buildx 0.37, Buildah 1.28 and 1.45), and what they mean. */
const finals: readonly (readonly [text: string, code: string, kind: string])[] = [
  [
    'error: failed to solve: process "/bin/sh -c false" did not complete successfully: exit code: 1',
    "BUILD_STEP_FAILED",
    "failed",
  ],
  ['Error: building at STEP "RUN exit 7": while running runtime: exit status 7', "BUILD_STEP_FAILED", "failed"],
  [
    'error: failed to solve: failed to compute cache key: failed to calculate checksum of ref o0b::s8k: "/nothere": not found',
    "BUILD_STEP_FAILED",
    "failed",
  ],
  [
    'Error: building at STEP "COPY nothere /x": checking on sources under "/tmp/x": copier: stat: "/nothere": no such file or directory',
    "BUILD_STEP_FAILED",
    "failed",
  ],
  ["error: failed to solve: Unavailable: error reading from server: EOF", "ENGINE_UNREACHABLE", "unreachable"],
  [
    'error: listing workers for Build: failed to list workers: Unavailable: connection error: desc = "transport: Error while dialing: dial unix /x.sock: connect: no such file or directory"',
    "ENGINE_UNREACHABLE",
    "unreachable",
  ],
  [
    "ERROR: failed to build: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
    "ENGINE_UNREACHABLE",
    "unreachable",
  ],
  [
    "error: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)",
    "DOCKERFILE_INVALID",
    "input",
  ],
  ["error: failed to solve: the Dockerfile cannot be empty", "DOCKERFILE_INVALID", "input"],
  ['Error: no contents in "Dockerfile"', "DOCKERFILE_INVALID", "input"],
  ['error: failed to solve: target stage "foo" could not be found', "DOCKERFILE_INVALID", "input"],
  ['Error: The target "foo" was not found in the provided Dockerfile', "DOCKERFILE_INVALID", "input"],
  [
    "error: failed to solve: failed to read dockerfile: open Nope: no such file or directory",
    "DOCKERFILE_INVALID",
    "input",
  ],
  [
    "error: failed to solve: nosuch/thing:9: failed to resolve source metadata for docker.io/nosuch/thing:9: docker.io/nosuch/thing:9: not found",
    "BASE_NOT_FOUND",
    "failed",
  ],
  [
    "Error: creating build container: initializing source docker://h/thing:9: reading manifest 9 in h/thing: manifest unknown: manifest unknown",
    "BASE_NOT_FOUND",
    "failed",
  ],
  [
    "error: failed to solve: alpine:3.4: failed to resolve source metadata for docker.io/library/alpine:3.4: no match for platform in manifest: not found",
    "BASE_PLATFORM_MISSING",
    "failed",
  ],
  [
    'Error: creating build container: choosing an image from manifest list docker://alpine:3.4: no image found in image index for architecture "s390x", variant "", OS "linux"',
    "BASE_PLATFORM_MISSING",
    "failed",
  ],
  [
    "ERROR: failed to build: failed to solve: x/y: failed to resolve source metadata for docker.io/x/y:latest: pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed",
    "UNAUTHORIZED",
    "unreachable",
  ],
  [
    "error: failed to solve: failed to push h/x: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://h/token: 401 Unauthorized",
    "UNAUTHORIZED",
    "unreachable",
  ],
  [
    "error: failed to solve: failed to push h/x: denied: requested access to the resource is denied",
    "DENIED",
    "unreachable",
  ],
  [
    'error: failed to solve: failed to push 127.0.0.1:5699/x: failed to do request: Head "http://127.0.0.1:5699/v2/x/blobs/sha256:1": dial tcp 127.0.0.1:5699: connect: connection refused',
    "REGISTRY_ERROR",
    "unreachable",
  ],
  [
    "error: failed to solve: failed to push h/x: unexpected status from PUT request to https://h/v2/x: 503 Service Unavailable",
    "REGISTRY_ERROR",
    "unreachable",
  ],
  [
    'Error: creating build container: initializing source docker://h/x:9: pinging container registry h: Get "https://h/v2/": dial tcp 127.0.0.1:5699: connect: connection refused',
    "REGISTRY_ERROR",
    "unreachable",
  ],
  [
    'error: failed to solve: x: failed to resolve source metadata for h/x:1: failed to do request: Head "https://h/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    "TLS",
    "unreachable",
  ],
  [
    "error: failed to solve: failed to copy files: copy file range failed: no space left on device",
    "NO_SPACE",
    "unreachable",
  ],
  ["error: failed to solve: secret tok: not found", "BUILD_SECRET_MISSING", "input"],
  [
    'Error: building at STEP "RUN x": resolving mountpoints for container "9": secret required but no secret with id "tok" found',
    "BUILD_SECRET_MISSING",
    "input",
  ],
  ['error: failed to solve: no SSH key "" forwarded from the client', "BUILD_SSH_MISSING", "input"],
  ["error: could not read ca certificate: open /nope: no such file or directory", "ENDPOINT_INVALID", "input"],
  ["error: something nobody has seen", "ENGINE_FAILED", "failed"],
];

describe("the judgement of a failed build", () => {
  for (const [text, code, kind] of finals) {
    it(text.slice(0, 140), () => {
      const error = judgeFailure({ ...build, text: `progress\n${text}\n` });
      assert.deepEqual([error.code, error.kind], [code, kind]);
    });
  }

  it("names the step, its lines, its exit code and the end of its log", () => {
    const step = {
      id: "sha256:1",
      name: "[linux/arm64 2/2] RUN x",
      error: "",
      log: `${Array.from({ length: 50 }, (_, index) => `line ${index}`).join("\n")}\n`,
    };
    const error = judgeFailure({
      ...build,
      failed: [step],
      text: `${excerpt(5, 7)}error: failed to solve: process "x" did not complete successfully: exit code: 3\n`,
    });
    assert.deepEqual(error.place, { file: "app/Dockerfile", line: 5 });
    const lines = error.message.split("\n");
    assert.equal(
      lines[0],
      'The build for linux/arm64 failed: "[linux/arm64 2/2] RUN x" (app/Dockerfile:5-7) ended with exit code 3.',
    );
    assert.deepEqual([lines.length, lines[1], lines.at(-1)], [21, "line 30", "line 49"]);
  });

  it("is not misled by what a step printed or a Dockerfile holds", () => {
    const error = judgeFailure({
      ...build,
      failed: [{ id: "1", name: "RUN x", error: "", log: "error: dockerfile parse error\nx509: no\n" }],
      text: '   1 | >>> RUN echo "error: denied: no space left on device"\nerror: failed to solve: process "sh" did not complete successfully: exit code: 1\n',
    });
    assert.equal(error.code, "BUILD_STEP_FAILED");
  });

  it("takes the engine's last word, not what a step wrote to the same stream (Buildah)", () => {
    const text = 'error: no space left on device\nError: the target "foo" was not found in the provided Dockerfile\n';
    assert.equal(judgeFailure({ ...build, text }).code, "DOCKERFILE_INVALID");
  });

  it("says what a program of another architecture means", () => {
    const error = judgeFailure({
      ...build,
      failed: [
        {
          id: "1",
          name: "[linux/arm64 2/2] RUN x",
          error: "",
          log: "exec /bin/sh: exec format error\n",
          runsOn: parsePlatform("linux/arm64"),
        },
      ],
      text: 'error: failed to solve: process "/bin/sh -c x" did not complete successfully: exit code: 1\n',
    });
    assert.match(error.hint ?? "", /register an emulator for linux\/arm64.*--node linux\/arm64=ENDPOINT/);
  });

  it("has words for an engine that died without any", () => {
    const error = judgeFailure({ ...build, end: "was killed by SIGKILL" });
    assert.equal(
      error.message,
      "The build for linux/arm64 failed: BuildKit at tcp://arm:1234 was killed by SIGKILL without a word",
    );
  });
});

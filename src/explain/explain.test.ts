import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { explainLog, explainText } from "./explain.ts";

const failed = (step: number) =>
  `#${step} ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 255`;
const codesOf = (text: string) => explainText(text).errors.map(({ code }) => code);

suite("what is not text", () => {
  test("random bytes break nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 5000 }), { maxLength: 5 }), (chunks) => {
        const reader = explainLog();
        for (const chunk of chunks) reader.push(chunk);
        assert.ok(reader.end().facts.lines >= 0);
      }),
    );
  });

  test("a line without an end is read in pieces", () => {
    const reader = explainLog();
    for (let index = 0; index < 200; index += 1) reader.push(Buffer.alloc(64 * 1024, "x"));
    reader.push(Buffer.from("\nexec /bin/app: exec format error\n"));
    const { errors, facts } = reader.end();
    assert.deepEqual(
      errors.map(({ code, line }) => [code, line]),
      [["E01", 2]],
    );
    assert.equal(facts.lines, 2);
  });

  test("UTF-16, as PowerShell writes it", () => {
    const text = "\uFEFFStep 1\r\nexec /bin/app: exec format error\r\n";
    const reader = explainLog();
    const bytes = Buffer.from(text, "utf16le");
    reader.push(bytes.subarray(0, 13));
    reader.push(bytes.subarray(13));
    assert.deepEqual(
      reader.end().errors.map(({ code, line }) => [code, line]),
      [["E01", 2]],
    );
  });

  test("nothing", () => {
    const { errors, facts } = explainText("");
    assert.deepEqual(errors, []);
    assert.equal(facts.lines, 0);
  });
});

suite("BuildKit's rawjson", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const log = (data: string) =>
    JSON.stringify({
      logs: [
        { vertex: digest, stream: 2, data: Buffer.from(data).toString("base64"), timestamp: "2026-11-02T10:11:12Z" },
      ],
    });
  const vertex = (more: object) =>
    JSON.stringify({ vertexes: [{ digest, name: "[linux/arm64 2/3] RUN make", ...more }] });
  const text = [
    "plain line before it",
    vertex({ started: "2026-11-02T10:11:12Z" }),
    log("exec /bin/sh: exec for"),
    log("mat error\n"),
    vertex({ completed: "2026-11-02T10:11:13Z", error: "did not complete successfully: exit code: 255" }),
    "ERROR: failed to solve",
  ].join("\n");

  test("has the error with its line, step and platform", () => {
    const { errors, facts } = explainText(text);
    assert.deepEqual(
      errors.map(({ code, line, step, platforms }) => ({ code, line, step, platforms })),
      [
        {
          code: "E01",
          line: 4,
          step: "[linux/arm64 2/3] RUN make",
          platforms: [{ os: "linux", architecture: "arm64" }],
        },
      ],
    );
    assert.equal(facts.failedStep, "[linux/arm64 2/3] RUN make");
    assert.equal(facts.lines, 6);
  });

  test("is the same in any chunks, and behind time stamps", () => {
    const stamped = text.split("\n").map((line) => `2026-11-02T10:11:12.1234567Z ${line}`);
    assert.deepEqual(codesOf(stamped.join("\n")), ["E01"]);
    const reader = explainLog();
    for (const byte of Buffer.from(text)) reader.push(Uint8Array.of(byte));
    assert.deepEqual(reader.end(), explainText(text));
  });

  test("a warning of the build checks is found", () => {
    const short = Buffer.from(
      'InvalidBaseImagePlatform: Base image a was pulled with platform "linux/arm64", expected "linux/amd64" for current build',
    ).toString("base64");
    assert.deepEqual(codesOf(`${JSON.stringify({ warnings: [{ vertex: digest, short }] })}\n`), ["W1"]);
  });
});

suite("which step", () => {
  test("the platform that a cross-compiling step makes is told, and what runs decides what is foreign", () => {
    const text = [
      "#3 [linux/amd64 base 1/2] RUN true",
      "#3 DONE 0.1s",
      "#4 [linux/amd64->arm64 build 2/2] RUN make",
      "#4 0.2 Segmentation fault (core dumped)",
      failed(4),
    ].join("\n");
    assert.deepEqual(codesOf(text), []);
  });

  test("what a step says that ends well is no cause", () => {
    const said = ["#4 [linux/arm64 2/3] RUN ./try || ./other", "#4 0.2 exec ./try: exec format error"];
    assert.deepEqual(codesOf([...said, failed(4)].join("\n")), ["E01"]);
    assert.deepEqual(codesOf([...said, "#4 DONE 0.3s", "#5 [linux/arm64 3/3] RUN false", failed(5)].join("\n")), []);
  });

  test("steps of the classic builder and of Buildah end where the next one begins", () => {
    const classic = ["Step 2/3 : RUN ./try || true", "exec /try: exec format error", "Step 3/3 : RUN false"];
    assert.deepEqual(codesOf(classic.join("\n")), []);
    const buildah = ["STEP 2/3: RUN ./try", "exec /try: exec format error", 'Error: building at STEP "RUN ./try"'];
    assert.deepEqual(codesOf(buildah.join("\n")), ["E01"]);
  });

  test("a second build in the log counts its steps anew", () => {
    const text = [
      "#1 [linux/amd64 1/1] RUN make",
      "#1 DONE 0.3s",
      "#1 [linux/arm64 1/1] RUN make",
      "#1 0.1 exec /bin/sh: exec format error",
      failed(1),
    ].join("\n");
    assert.deepEqual(
      explainText(text).errors.map(({ code, step }) => [code, step]),
      [["E01", "[linux/arm64 1/1] RUN make"]],
    );
  });
});

suite("several errors", () => {
  test("independent causes each once, that of the failed step first", () => {
    const text = [
      "#3 [linux/arm64 2/9] RUN a",
      "#3 1.0 no matching manifest for linux/arm64 in the manifest list entries",
      "#4 [linux/arm/v7 2/9] RUN b",
      "#4 1.0 exec /bin/sh: exec format error",
      "#4 1.1 exec /bin/sh: exec format error",
      failed(4),
      "#5 [linux/s390x 2/9] RUN b",
      "#5 1.0 exec /bin/sh: exec format error",
      failed(5),
    ].join("\n");
    const { errors } = explainText(text);
    assert.deepEqual(
      errors.map(({ code }) => code),
      ["E01", "E02"],
    );
    assert.deepEqual(errors[0]?.platforms, [
      { os: "linux", architecture: "arm", variant: "v7" },
      { os: "linux", architecture: "s390x" },
    ]);
  });

  test("consequences are left out where a cause is known", () => {
    const text = [
      "#12 [linux/arm64 2/2] RUN make",
      "#12 0.4 qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
      '#12 ERROR: process "/dev/.buildkit_qemu_emulator /bin/sh -c make" did not complete successfully: exit code: 139',
      "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading from server: EOF",
    ].join("\n");
    assert.deepEqual(codesOf(text), ["E12"]);
  });
});

suite("advice", () => {
  test("is for the engine at hand", () => {
    const error =
      'Error: pinging container registry reg:5000: Get "https://reg:5000/v2/": http: server gave HTTP response to HTTPS client';
    const [podman] = explainText(`$ podman push reg:5000/app\n${error}`).errors;
    assert.match(podman?.fix ?? "", /certs\.d/);
    assert.doesNotMatch(podman?.fix ?? "", /buildkitd\.toml/);
    const [buildx] = explainText(`docker buildx build .\n#3 ERROR: ${error}`).errors;
    assert.match(buildx?.fix ?? "", /buildkitd\.toml/);
  });
});

suite("what is known beforehand", () => {
  test("decides where the log alone does not tell", () => {
    const text = "Segmentation fault (core dumped)";
    assert.deepEqual(codesOf(text), []);
    const platform = { os: "linux", architecture: "arm64" };
    assert.deepEqual(
      explainText(text, { platform, emulated: true }).errors.map(({ code, platforms }) => [code, platforms]),
      [["E12", [platform]]],
    );
  });
});

test("facts of a log without a known error", () => {
  const { errors, facts } = explainText(
    [
      "WARNING: The requested image's platform (linux/arm64) does not match",
      "Architecture: x86_64",
      "#1 [internal] load build definition from Dockerfile",
      "#4 [linux/arm64 2/2] RUN go test ./...",
      "#4 1.0 FAIL",
      failed(4),
    ].join("\n"),
  );
  assert.deepEqual(errors, []);
  assert.deepEqual(facts, {
    lines: 6,
    engines: ["BuildKit"],
    platforms: [{ os: "linux", architecture: "arm64" }],
    host: { os: "linux", architecture: "amd64" },
    emulator: false,
    failedStep: "[linux/arm64 2/2] RUN go test ./...",
  });
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { segments, unwrap } from "./unwrap.ts";

const plain = (line: string) => segments(line).map((segment) => unwrap(segment).text);

test("what daemons and loggers write around a message is taken off", () => {
  const message = "exec /app: exec format error";
  const wrapped = [
    `time="2026-11-02T10:11:12Z" level=error msg="exec /app: exec format error"`,
    `time="2026-11-02T10:11:12Z" level=error error="exec /app: exec format error"`,
    `{"level":"error","msg":"exec /app: exec format error","time":"2026-11-02T10:11:12Z"}`,
    `E1128 20:14:54.309123   12345 runtime.go:12] exec /app: exec format error`,
    `Nov 28 20:14:54 pi dockerd[123]: exec /app: exec format error`,
    `[pod/app-1/app] exec /app: exec format error`,
    `2026/11/02 10:11:12 exec /app: exec format error`,
    `##[error]exec /app: exec format error`,
    `::error::exec /app: exec format error`,
    `[arm64] exec /app: exec format error`,
    `section_start:1600000:build\r\u001B[0Kexec /app: exec format error`,
    `2026-11-02T10:11:12.123456Z 01E Nov 28 20:14:54 pi app[1]: exec /app: exec format error`,
  ];
  for (const line of wrapped) assert.deepEqual(plain(line).at(-1), message, line);
});

test("quotes of loggers are taken off with their escapes", () => {
  const line = String.raw`time="2026-11-02T10:11:12Z" level=error msg="StartContainer for \"a\" failed" error="exec: \"/app\": exec format error"`;
  assert.deepEqual(plain(line), ['StartContainer for "a" failed: exec: "/app": exec format error']);
});

test("BuildKit's lines tell their step and who speaks", () => {
  assert.deepEqual(unwrap("#12 3.456 text"), { text: "text", step: 12, fromEngine: false });
  assert.deepEqual(unwrap("#12 [2/3] RUN make"), { text: "[2/3] RUN make", step: 12, fromEngine: true });
  assert.deepEqual(unwrap("#12 ERROR: failed"), { text: "ERROR: failed", step: 12, fromEngine: true });
  assert.deepEqual(unwrap("0.191 exec /bin/sh: exec format error").text, "exec /bin/sh: exec format error");
});

test("what is part of a program's line stays", () => {
  for (const line of [
    "3 | use std::arch::x86_64::*;",
    "/usr/bin/ld: a.o: file in wrong format",
    "[linux/arm64] [2/2] STEP 2/3: RUN make",
    "# unreachable code",
    "{not json}",
  ]) {
    assert.deepEqual(plain(line), [line]);
  }
});

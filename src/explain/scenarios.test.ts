import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { suite, test } from "node:test";
import { catalogue } from "./catalogue.ts";
import { explainLog, explainText } from "./explain.ts";
import { segments, unwrap } from "./unwrap.ts";

const folder = resolve(import.meta.dirname, "../../test/scenarios/explain");
/** Logs by what they are: the folder names the root cause, `none` stands for logs without a known error. Those that begin with `printed-` were printed by real programs. */
const logs = globSync("*/*.txt", { cwd: folder })
  .sort()
  .map((file) => ({
    name: `${dirname(file)}/${basename(file, ".txt")}`,
    code: dirname(file),
    text: readFileSync(join(folder, file), "utf8"),
  }));

const codesOf = (text: string) => explainText(text).errors.map(({ code }) => code);

suite("each log of the collection is explained by its root cause alone", () => {
  for (const { name, code, text } of logs) {
    test(name, () => assert.deepEqual(codesOf(text), code === "none" ? [] : [code]));
  }
});

test("every error of the catalogue has a log", () => {
  const missing = catalogue.filter(({ code }) => !logs.some((log) => log.code === code));
  assert.deepEqual(
    missing.map(({ code }) => code),
    [],
  );
});

test("the catalogue is E01 to E69 and W1 to W4, each once and with advice for everybody", () => {
  const numbers = Array.from({ length: 69 }, (_, index) => `E${String(index + 1).padStart(2, "0")}`);
  assert.deepEqual(
    catalogue.map(({ code }) => code),
    [...numbers, "W1", "W2", "W3", "W4"],
  );
  for (const { code, fixes, url } of catalogue) {
    assert.ok(
      fixes.some(({ engines }) => engines === undefined),
      code,
    );
    assert.match(url, /^https:\/\//, code);
  }
});

test("the words of a sign stand in every line that its pattern fits", () => {
  for (const { name, text } of logs) {
    for (const raw of text.split("\n")) {
      for (const segment of segments(raw)) {
        const line = unwrap(segment).text;
        for (const { code, signs } of catalogue) {
          for (const { pattern, words } of signs) {
            if (!pattern.test(line)) continue;
            const found = words.some((word) => `\n${raw.toLowerCase()}\n`.includes(word));
            assert.ok(found, `${code} ${pattern.source} in ${name}: ${raw}`);
          }
        }
      }
    }
  }
});

/** What CI systems and runtimes put around the lines of a log. */
const wrappers: Readonly<Record<string, (line: string, index: number) => string>> = {
  github: (line, index) => `2026-11-02T10:11:12.${String(index).padStart(7, "0")}Z ${line}`,
  "gh run view": (line, index) => `build\tRun make\t2026-11-02T10:11:12.${String(index).padStart(7, "0")}Z ${line}`,
  gitlab: (line, index) => `2026-11-02T10:11:12.${String(index).padStart(6, "0")}Z 0${index % 2}O ${line}`,
  jenkins: (line) => `[2026-11-02T10:11:12.345Z] ${line}`,
  "jenkins, times of day": (line) => `10:11:12  ${line}`,
  tekton: (line) => `[step-build] ${line}`,
  compose: (line) => `builder-1  | ${line}`,
  cri: (line) => `2026-11-02T10:11:12.123456789Z stderr F ${line}`,
  colours: (line) => `\u001B[36m\u001B[1m${line}\u001B[0m`,
  "progress before it": (line) => `downloading 10%\rdownloading 100%\r${line}`,
  windows: (line) => `${line}\r`,
  journald: (line) => `Nov 28 20:14:54 builder job[12]: ${line}`,
  "docker's json-file": (line) => JSON.stringify({ log: `${line}\n`, stream: "stderr", time: "2026-11-02T10:11:12Z" }),
};

suite("what stands around the lines changes nothing", () => {
  for (const [name, wrap] of Object.entries(wrappers)) {
    test(name, () => {
      for (const { name, code, text } of logs) {
        const wrapped = text.trimEnd().split("\n").map(wrap).join("\n");
        assert.deepEqual(codesOf(wrapped), code === "none" ? [] : [code], name);
      }
    });
  }
});

test("how a log is cut into chunks changes nothing", () => {
  for (const { name, text } of logs) {
    const bytes = Buffer.from(text);
    const whole = explainText(text);
    for (const size of [1, 7, 64]) {
      const reader = explainLog();
      for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
      assert.deepEqual(reader.end(), whole, `${name} in chunks of ${size}`);
    }
  }
});

test("an error deep in a long log has its line and its step", () => {
  const noise = Array.from(
    { length: 100_000 },
    (_, index) => `#7 ${index / 10} Compiling crate_${index} v1.0.${index}`,
  );
  const text = [
    "#7 [linux/arm64 build 2/3] RUN make",
    ...noise,
    "#7 9999.9 exec /bin/sh: exec format error",
    '#7 ERROR: process "/bin/sh -c make" did not complete successfully: exit code: 255',
    ...noise,
  ].join("\n");
  const [error] = explainText(text).errors;
  assert.equal(error?.code, "E01");
  assert.equal(error.line, 100_002);
  assert.equal(error.step, "[linux/arm64 build 2/3] RUN make");
  assert.deepEqual(error.platforms, [{ os: "linux", architecture: "arm64" }]);
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Place } from "../place.ts";
import { architectureValue, joinValues, unknownValue, written } from "../value.ts";
import { foreignIn, spotsOf } from "./foreign.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const at = (line: number, column: number, length: number): Place => ({
  path: "Dockerfile",
  line,
  column,
  endLine: line,
  endColumn: column + length,
});

describe("foreign names in values", () => {
  it("finds what is written, at its place", () => {
    const url = "https://example.org/tool-linux-amd64.tar.gz";
    const names = foreignIn(written(url, at(3, 10, url.length)), arm64);
    assert.deepEqual(spotsOf(names), [{ place: at(3, 41, 5), text: "amd64" }]);
    assert.equal(names[0]?.chosen, false);
    assert.deepEqual(foreignIn(written(url), amd64), []);
  });

  it("finds what a variable holds, at the variable's value", () => {
    const value = joinValues(written("https://example.org/tool-", at(5, 1, 25)), {
      pieces: [{ text: "linux-x64", source: "written", place: at(2, 10, 9), through: ["ARCHITECTURE"] }],
    });
    const names = foreignIn(value, arm64);
    assert.deepEqual(spotsOf(names), [{ place: at(2, 16, 3), text: "x64" }]);
    assert.deepEqual(names[0]?.through, ["ARCHITECTURE"]);
  });

  it("leaves out what the machine said", () => {
    assert.deepEqual(foreignIn(joinValues(written("tool-"), architectureValue("amd64")), arm64), []);
    assert.deepEqual(foreignIn(joinValues(written("tool-"), unknownValue()), arm64), []);
  });

  it("leaves out values that name the platform too, maps, other systems and 32-bit siblings", () => {
    assert.deepEqual(foreignIn(written("linux/amd64,linux/arm64"), arm64), []);
    assert.deepEqual(foreignIn(written("s/x86_64/amd64/"), arm64), []);
    assert.deepEqual(foreignIn(written("-es|x86_64|amd64|g"), arm64), []);
    assert.deepEqual(foreignIn(written("tool-darwin-amd64"), arm64), []);
    assert.deepEqual(foreignIn(written("libc6:i386"), amd64), []);
    assert.deepEqual(foreignIn(written("tool-linux-armhf"), arm64), []);
  });

  it("tells what a guard chose", () => {
    const value = { pieces: [{ text: "tool-amd64", source: "written" as const, dependsOnPlatform: true }] };
    assert.equal(foreignIn(value, arm64)[0]?.chosen, true);
  });
});

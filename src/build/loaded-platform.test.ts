import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { loadedPlatform } from "./loaded-platform.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");
const armv7 = parsePlatform("linux/arm/v7");

test("the only platform is taken, whatever it is; of several, this machine's", () => {
  assert.deepEqual(loadedPlatform([arm64], amd64), arm64);
  assert.deepEqual(loadedPlatform([amd64], amd64), amd64);
  assert.deepEqual(loadedPlatform([arm64, amd64], amd64), amd64);
});

test("several platforms without this machine's are refused with what to do", () => {
  assert.throws(() => loadedPlatform([arm64, armv7], amd64), {
    code: "OUTPUT_MISSING",
    kind: "input",
    message: /one platform.*linux\/amd64 is not among linux\/arm64, linux\/arm\/v7/,
    hint: /--platform.*--push.*type=oci/,
  });
});

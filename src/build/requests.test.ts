import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatform } from "../platform/platform.ts";
import { perPlatform } from "./requests.ts";

test("a cache has a name of its own for each platform", () => {
  const arm = parsePlatform("linux/arm/v7");
  assert.equal(
    perPlatform("type=registry,ref=127.0.0.1:5000/app:cache,mode=max", arm),
    "type=registry,ref=127.0.0.1:5000/app:cache-linux-arm-v7,mode=max",
  );
  assert.equal(
    perPlatform("type=registry,ref=127.0.0.1:5000/app", arm),
    "type=registry,ref=127.0.0.1:5000/app:cache-linux-arm-v7",
  );
  assert.equal(perPlatform("type=local,dest=/cache/", arm), "type=local,dest=/cache/linux-arm-v7");
  assert.equal(perPlatform("type=gha,scope=app", arm), "type=gha,scope=app-linux-arm-v7");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { nearestName } from "./nearest.ts";

const names = ["platform", "engine", "registries", "build", "verify"];

test("a typo finds its name: replaced, missing, doubled and swapped letters, case ignored", () => {
  for (const typo of ["platfrom", "plaform", "Platform", "pplatform", "platforn"]) {
    assert.equal(nearestName(typo, names), "platform");
  }
});

test("swapped letters are preferred to a replaced one, wherever the name stands", () => {
  for (const candidates of [
    ["amd64", "arm64"],
    ["arm64", "amd64"],
  ]) {
    assert.equal(nearestName("amr64", candidates), "arm64");
    assert.equal(nearestName("adm64", candidates), "amd64");
    assert.equal(nearestName("axx64", candidates), candidates[0], "else the first of the nearest");
  }
});

test("a word that resembles nothing has no nearest name", () => {
  assert.equal(nearestName("kubernetes", names), undefined);
  assert.equal(nearestName("x".repeat(10_000), names), undefined);
  assert.equal(nearestName("", names), undefined);
});

test("one edit of a name of three letters or more always finds it among names that are far apart", () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.nat(20), fc.constantFrom("x", ""), (name, at, put) => {
      const index = at % name.length;
      const typo = name.slice(0, index) + put + name.slice(index + 1);
      assert.equal(nearestName(typo, names), name);
    }),
  );
});

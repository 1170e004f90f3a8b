import assert from "node:assert/strict";
import { test } from "node:test";
import { readKeys } from "./terminal-keys.ts";

test("keys of a terminal in raw mode", () => {
  assert.deepEqual(readKeys("\u001B[A\u001BOBf\tä\r\u0003"), [
    "up",
    "down",
    { typed: "f" },
    "tab",
    { typed: "ä" },
    "enter",
    "interrupt",
  ]);
});

test("what other keys send types nothing", () => {
  assert.deepEqual(readKeys("\u001B[15~\u001B[1;5C\u001B[200~\u001B\u0001"), []);
});

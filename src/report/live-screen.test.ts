import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { LiveScreen } from "./live-screen.ts";
import { TestTerminal } from "./test-terminal.ts";

test("only changed lines are written, and nothing when nothing changed", () => {
  const terminal = new TestTerminal(40, 10);
  const screen = new LiveScreen(terminal);
  screen.draw(["one", "two", "three"]);
  screen.draw(["one", "2", "three"]);
  assert.deepEqual(terminal.text, ["one", "2", "three"]);
  assert.ok(terminal.writes.at(-1)?.includes("2"));
  assert.ok(!terminal.writes.at(-1)?.includes("three"));
  screen.draw(["one", "2", "three"]);
  assert.equal(terminal.writes.length, 2);
});

test("text that stays goes above the block", () => {
  const terminal = new TestTerminal(40, 10);
  const screen = new LiveScreen(terminal);
  screen.draw(["block 1", "block 2"]);
  screen.print("warning");
  assert.deepEqual(terminal.text, ["warning", "block 1", "block 2"]);
  screen.clear();
  assert.deepEqual(terminal.text, ["warning"]);
});

test("after any frames and messages the terminal shows the messages and the last frame, whatever has scrolled", () => {
  const lines = fc.array(fc.stringMatching(/^[a-z]{1,15}$/), { maxLength: 5 });
  const action = fc.oneof(
    lines.map((frame) => ({ frame })),
    fc.stringMatching(/^[A-Z]{1,15}$/).map((message) => ({ message })),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 20 }), (actions) => {
      const terminal = new TestTerminal(20, 6);
      const screen = new LiveScreen(terminal);
      const messages: string[] = [];
      let last: readonly string[] = [];
      for (const action of actions) {
        if ("frame" in action) {
          screen.draw(action.frame);
          last = action.frame;
        } else {
          screen.print(action.message);
          messages.push(action.message);
        }
        assert.deepEqual(terminal.text, [...messages, ...last]);
      }
      screen.clear();
      assert.deepEqual(terminal.text, messages);
    }),
  );
});

test("a terminal that becomes narrower or lower than the block leaves a clean screen in the end", () => {
  const terminal = new TestTerminal(40, 10);
  const screen = new LiveScreen(terminal);
  screen.draw(["1", "2", "3", "4", "5", "6"]);
  terminal.resize(40, 4);
  screen.draw(["a", "b", "c"]);
  // The first lines of the old block have scrolled out of reach.
  assert.deepEqual(terminal.text, ["1", "2", "3", "a", "b", "c"]);
  screen.clear();
  assert.deepEqual(terminal.text, ["1", "2", "3"]);
});

test("lines that a narrower terminal has broken count as several rows", () => {
  const terminal = new TestTerminal(40, 10);
  const screen = new LiveScreen(terminal);
  screen.draw(["x".repeat(30), "y"]);
  terminal.columns = 20;
  screen.draw(["z"]);
  assert.match(terminal.writes.at(-1) ?? "", /\[3A/);
});

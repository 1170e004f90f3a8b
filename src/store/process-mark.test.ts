import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMark, isRunning, processMark, type ProcessFacts } from "./process-mark.ts";

const laptop: ProcessFacts = {
  hostname: "laptop",
  machineId: "0123456789abcdef0123456789abcdef",
  boot: "5c1f0b0e-0000-4000-8000-000000000001",
  namespace: "pid:[4026531836]",
  pid: 1200,
  start: "8675309",
};
const machineOf = (facts: ProcessFacts) => formatMark(facts).split("-")[0];

test("a mark outlives a reboot as the machine's, and not as the process's", () => {
  const rebooted = { ...laptop, boot: "5c1f0b0e-0000-4000-8000-000000000002" };
  assert.equal(machineOf(rebooted), machineOf(laptop));
  assert.notEqual(formatMark(rebooted), formatMark(laptop));
  assert.match(formatMark(laptop), /^[0-9a-f]{8}-\d+-\d+$/);
});

test("machines that share an engine have marks of their own, also where only the boot tells them apart", () => {
  const other = { ...laptop, boot: "5c1f0b0e-0000-4000-8000-000000000002", machineId: "f".repeat(32) };
  assert.notEqual(machineOf(other), machineOf(laptop));
  for (const blurred of [
    { ...laptop, machineId: "" },
    { ...laptop, namespace: "pid:[4026532501]" },
  ])
    assert.notEqual(machineOf({ ...blurred, boot: other.boot }), machineOf(blurred));
});

test("a live process runs, one of an earlier boot has gone, one of another machine is not known", async () => {
  const mark = await processMark();
  const [machine = "", pid = "", start = ""] = mark.split("-");
  assert.equal(await isRunning(mark), true);
  assert.equal(await isRunning(`${machine}-${pid}-${start.startsWith("1") ? 2 : 1}${start.slice(1)}`), false);
  assert.equal(await isRunning(`${machine === "00000000" ? "1" : "0"}${machine.slice(1)}-${pid}-${start}`), undefined);
});

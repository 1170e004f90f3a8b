import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { describeHost } from "./host.ts";
import type { MachineFacts } from "./machine.ts";
import { formatPlatform, type Platform } from "./platform.ts";

const execution = z.discriminatedUnion("by", [
  z.strictObject({ by: z.literal("kernel") }),
  z.strictObject({ by: z.literal("emulator"), interpreter: z.string(), version: z.string().exactOptional() }),
  z.strictObject({ by: z.literal("nobody") }),
  z.strictObject({ by: z.literal("unknown"), reason: z.string() }),
]);
const endian = z.enum(["little", "big"]);
const facts: z.ZodType<MachineFacts> = z.strictObject({
  system: z.string(),
  kernelName: z.string(),
  kernelRelease: z.string(),
  machine: z.string(),
  process: z.strictObject({ architecture: z.string(), endian }),
  shell: z.strictObject({ bits: z.literal([32, 64]), endian, machine: z.number() }).exactOptional(),
  cpuinfo: z.string(),
  executions: z.strictObject({ programs: z.record(z.string(), execution), aarch32: z.boolean().exactOptional() }),
  binfmt: z.strictObject({
    state: z.enum(["enabled", "disabled", "hidden"]),
    entries: z.array(z.strictObject({ name: z.string(), text: z.string(), interpreterExists: z.boolean() })),
  }),
});

/** A recorded machine and what must be said of it; platforms without `linux/`. */
const scenario = z.strictObject({
  about: z.string(),
  facts,
  expect: z.strictObject({
    platform: z.string(),
    kernelArchitecture: z.string(),
    userlandBits: z.literal([32, 64]),
    emulated_process: z.boolean().default(false),
    native: z.string(),
    /** Platform → flags and version of its emulator. */
    emulated: z.record(z.string(), z.string()).default({}),
    amd64Level: z.string().optional(),
    aarch32: z.string().optional(),
    wsl: z.number().optional(),
    /** How each warning begins, in their order; there are no others. */
    warnings: z.array(z.string()),
  }),
});

const folder = resolve(import.meta.dirname, "../../test/scenarios/machines");
const short = (platform: Platform) => formatPlatform(platform).replace("linux/", "");

for (const file of globSync("*.json", { cwd: folder }).sort()) {
  test(`describes the recorded machine ${basename(file, ".json")}`, () => {
    const { facts, expect } = scenario.parse(JSON.parse(readFileSync(resolve(folder, file), "utf8")));
    const report = describeHost(facts);
    assert.equal(formatPlatform(report.platform), expect.platform);
    assert.equal(report.kernelArchitecture, expect.kernelArchitecture);
    assert.equal(report.userlandBits, expect.userlandBits);
    assert.equal(report.emulated, expect.emulated_process);
    assert.equal(report.native.map(short).join(" "), expect.native);
    assert.deepEqual(
      Object.fromEntries(
        report.emulators.map((one) => [short(one.platform), `${one.flags} ${one.version ?? ""}`.trimEnd()]),
      ),
      expect.emulated,
    );
    assert.equal(report.amd64Level, expect.amd64Level);
    assert.equal(report.aarch32, expect.aarch32);
    assert.equal(report.wsl, expect.wsl);
    assert.equal(report.kernel, `${facts.kernelName} ${facts.kernelRelease} ${facts.machine}`);
    assert.deepEqual(
      report.warnings.map((warning, index) => warning.slice(0, expect.warnings[index]?.length ?? 0)),
      expect.warnings,
      report.warnings.join("\n"),
    );
  });
}

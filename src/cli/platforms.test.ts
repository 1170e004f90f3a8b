import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import type { MachineFacts } from "../platform/machine.ts";
import { parsePlatformList } from "../platform/platform.ts";
import type { EngineEntry, UnreachableEngine } from "../report/platforms.ts";
import type { CliContext } from "./context.ts";
import { platformsSchema } from "./schemas/platforms.ts";
import type { Format } from "./parse-option.ts";
import { showPlatforms } from "./platforms.ts";

/** A machine of test/scenarios/machines. */
function recorded(name: string): MachineFacts {
  const file = resolve(import.meta.dirname, `../../test/scenarios/machines/${name}.json`);
  return JSON.parse(readFileSync(file, "utf8")).facts;
}

const buildkit: EngineEntry = {
  name: "buildkit",
  version: "0.33.1",
  endpoint: "unix:///run/buildkit/buildkitd.sock",
  platforms: parsePlatformList("linux/amd64,linux/amd64/v2,linux/amd64/v3,linux/arm64,linux/arm/v7,linux/arm/v6"),
  faults: [],
};
const buildah: EngineEntry = {
  name: "buildah",
  version: "1.28.2",
  endpoint: "local",
  platforms: parsePlatformList("linux/amd64"),
  faults: [
    { id: "ignores-buildplatform", text: "ignores --platform=$BUILDPLATFORM", since: "2026-08-01", avoided: false },
  ],
};
const dead: UnreachableEngine = { name: "buildkit", endpoint: "tcp://10.0.0.7:1234", reason: "connection refused" };

interface Asked {
  readonly machine: string;
  readonly format?: Format;
  readonly env?: Record<string, string>;
  readonly columns?: number;
  readonly engines?: readonly EngineEntry[];
  readonly unreachable?: readonly UnreachableEngine[];
}

/** What the command prints for a recorded machine. */
async function shown(asked: Asked): Promise<string> {
  const stdout = Object.assign(new PassThrough(), asked.columns === undefined ? {} : { columns: asked.columns });
  const context: CliContext = {
    env: asked.env ?? {},
    cwd: "/",
    stdin: new PassThrough(),
    stdout,
    stderr: new PassThrough(),
    signal: new AbortController().signal,
    now: Date.now,
  };
  const code = await showPlatforms(context, asked.format ?? "text", {
    machine: async () => recorded(asked.machine),
    engines: async () => ({ engines: asked.engines ?? [], unreachable: asked.unreachable ?? [] }),
  });
  assert.equal(code, 0);
  stdout.end();
  return text(stdout);
}

test("the text names the machine, its traps, what runs natively and emulated, and the engines", async () => {
  assert.equal(
    await shown({ machine: "debian-12-amd64", engines: [buildkit, buildah], unreachable: [dead] }),
    `This machine
  linux/amd64  64-bit userland, Linux 6.1.0-28-amd64 x86_64, x86-64-v4

Runs natively
  linux/amd64 (v2, v3, v4), linux/386

Emulates
  linux/arm/v7 (v6, v5)  QEMU 7.2.22  POF  /usr/libexec/qemu-binfmt/arm-binfmt-P
  linux/arm64            QEMU 7.2.22  POF  /usr/libexec/qemu-binfmt/aarch64-binfmt-P
  linux/ppc64le          QEMU 7.2.22  POF  /usr/libexec/qemu-binfmt/ppc64le-binfmt-P
  linux/riscv64          QEMU 7.2.22  POF  /usr/libexec/qemu-binfmt/riscv64-binfmt-P
  linux/s390x            QEMU 7.2.22  POF  /usr/libexec/qemu-binfmt/s390x-binfmt-P
  ! All: without flag C sudo, other setuid programs and file capabilities have no effect in emulated steps.

Engines
  buildkit 0.33.1  unix:///run/buildkit/buildkitd.sock  linux/amd64 (v2, v3), linux/arm64, linux/arm/v7 (v6)
  buildah 1.28.2   local                                linux/amd64
  buildkit         tcp://10.0.0.7:1234                  connection refused
  ! buildah 1.28.2: ignores --platform=$BUILDPLATFORM
`,
  );
});

test("the 32-bit trap of a Raspberry Pi stands right under the machine, and what to install where nothing is", async () => {
  const printed = await shown({ machine: "raspberry-pi-os-32-on-64-bit-kernel", columns: 80 });
  assert.match(
    printed,
    /^This machine\n  linux\/arm\/v7 {2}32-bit userland.*\n  ! The kernel is 64-bit \(uname -m says aarch64\)/,
  );
  assert.match(printed, /Runs natively\n  linux\/arm\/v7 \(v8, v6, v5\), linux\/arm64\n/);
  assert.match(printed, /Emulates\n  nothing: install .*qemu-user-static/);
  assert.match(printed, /Engines\n  none found: install Buildah/);
  for (const line of printed.split("\n")) assert.ok(line.length <= 80, line);
});

test("colours only where they are wanted, and they change no word", async () => {
  const asked = { machine: "graviton-with-qemu-arm", engines: [buildah] };
  const plain = await shown(asked);
  assert.ok(!plain.includes("\u001B"));
  assert.equal(await shown({ ...asked, env: { NO_COLOR: "1", FORCE_COLOR: "1" } }), plain);
  const coloured = await shown({ ...asked, env: { FORCE_COLOR: "1" } });
  assert.notEqual(coloured, plain);
  assert.equal(stripVTControlCharacters(coloured), plain);
});

test("words of engines and registrations cannot write to the terminal", async () => {
  const printed = await shown({ machine: "wsl2", unreachable: [{ ...dead, reason: "no\u001B[2J\nEngines" }] });
  assert.match(printed, /1234  no Engines\n/);
});

test("the JSON holds the published shape for every kind of machine", async () => {
  for (const machine of [
    "debian-12-amd64",
    "raspberry-pi-os-64",
    "ampere-one-with-qemu-arm",
    "wsl1",
    "emulated-arm64",
    "mac",
  ]) {
    const printed = await shown({ machine, format: "json", engines: [buildkit, buildah], unreachable: [dead] });
    const parsed: unknown = JSON.parse(printed);
    assert.deepEqual(platformsSchema.parse(parsed), parsed, machine);
  }
  const report = platformsSchema.parse(
    JSON.parse(await shown({ machine: "docker-desktop", format: "json", engines: [buildah] })),
  );
  assert.equal(report.host.platform, "linux/amd64");
  assert.deepEqual(report.native, ["linux/amd64", "linux/amd64/v2", "linux/amd64/v3", "linux/386"]);
  assert.deepEqual(report.emulated[0], {
    platform: "linux/arm/v7",
    platforms: ["linux/arm/v7", "linux/arm/v6", "linux/arm/v5"],
    interpreter: "/usr/bin/qemu-arm",
    flags: "POCF",
    version: "8.1.5",
    missing: [],
  });
  assert.deepEqual(report.engines[0]?.faults, buildah.faults);
});

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { rolldown } from "rolldown";
import { z } from "zod";
import { platformsSchema } from "../../src/cli/schemas/platforms.ts";
import { formatPlatform, parsePlatform } from "../../src/platform/platform.ts";
import {
  aarch32Question,
  tinyProgram,
  tinyProgramArchitectures,
  tinyProgramExitCode,
} from "../../src/platform/tiny-program.ts";
import { run } from "../bed/command.ts";
import { findProgram } from "../bed/go-toolchain.ts";
import { logToStderr } from "../bed/log.ts";
import { emulatedNode, whyNoEmulatedNode, type EmulatedArchitecture } from "./emulated-node.ts";

/** What the probe must say; platforms as text. */
const answer = z.object({
  platform: z.string(),
  kernelArchitecture: z.string().optional(),
  userlandBits: z.number(),
  emulated: z.boolean(),
  native: z.array(z.string()),
  emulators: z.array(
    z.object({
      platform: z.string(),
      interpreter: z.string(),
      flags: z.string(),
      version: z.string().optional(),
      missing: z.array(z.string()),
    }),
  ),
  warnings: z.array(z.string()),
});

/** The probe as one file of JavaScript: what workers of other architectures, whose Node strips no types, will run. */
const probe = `
import { describeHost } from "${resolve("src/platform/host.ts")}";
import { probeMachine } from "${resolve("src/platform/probe.ts")}";
import { formatPlatform } from "${resolve("src/platform/platform.ts")}";
const report = describeHost(await probeMachine(AbortSignal.timeout(60_000)));
const asText = (key, value) => value && typeof value === "object" && "os" in value ? formatPlatform(value) : value;
console.log(JSON.stringify(report, asText));
`;
const ownArchitecture = { x64: "amd64", arm64: "arm64", arm: "arm" }[process.arch as string];
const noOwnBinfmt = await whyNoOwnBinfmt();
const guests: readonly {
  architecture: EmulatedArchitecture;
  platform: string;
  bits: number;
  why: string | undefined;
}[] = [
  { architecture: "arm64", platform: "linux/arm64", bits: 64, why: await whyNoEmulatedNode("arm64") },
  { architecture: "arm", platform: "linux/arm/v7", bits: 32, why: await whyNoEmulatedNode("arm") },
];
let scratch = "";
let script = "";

before(async () => {
  scratch = await mkdtemp(join(tmpdir(), "archway-platforms-"));
  script = join(scratch, "probe.mjs");
  const bundle = await rolldown({
    input: "probe",
    platform: "node",
    plugins: [
      {
        name: "probe",
        resolveId: (id) => (id === "probe" ? id : null),
        load: (id) => (id === "probe" ? probe : null),
      },
    ],
  });
  await bundle.write({ file: script });
});
after(() => rm(scratch, { recursive: true, force: true }));

for (const { architecture, platform, bits, why } of guests) {
  test(
    `under QEMU a process of ${platform} is ${platform}, though kernel and /proc/cpuinfo are another's`,
    { skip: why },
    async (t) => {
      const { emulator, root } = await emulatedNode(architecture, logToStderr, t.signal);
      const report = answer.parse(JSON.parse(await run(emulator, ["-L", root, join(root, "usr/bin/node"), script])));
      assert.equal(report.platform, platform);
      assert.equal(report.userlandBits, bits);
      assert.equal(report.emulated, true);
      assert.equal(report.kernelArchitecture, ownArchitecture);
      assert.ok(!report.native.includes(platform), report.native.join(" "));
      assert.match(report.warnings.join("\n"), new RegExp(`This process is ${platform} code run by an emulator`));
    },
  );

  test(`the same where the kernel knows no emulator for ${platform}`, { skip: why ?? noOwnBinfmt }, async (t) => {
    const { emulator, root } = await emulatedNode(architecture, logToStderr, t.signal);
    const report = await probeWithBinfmt([], `exec ${emulator} -L ${root} ${root}/usr/bin/node ${script}`);
    assert.equal(report.platform, platform);
    assert.equal(report.emulated, true);
    assert.deepEqual(report.emulators, []);
    assert.match(report.warnings.join("\n"), /an emulator that the kernel does not know/);
  });

  test(
    `the same inside a root file system of ${platform}, as in a container`,
    { skip: why ?? noOwnBinfmt },
    async (t) => {
      const { emulator, root } = await emulatedNode(architecture, logToStderr, t.signal);
      const report = await probeWithBinfmt(
        [registration(architecture, emulator, "CF")],
        `mount --bind ${root} ${root}; mount --rbind /proc ${root}/proc; mount -t tmpfs none ${root}/tmp; cp ${script} ${root}/tmp/
       exec env -i PATH=/usr/sbin:/usr/bin:/bin chroot ${root} /usr/bin/node /tmp/probe.mjs`,
      );
      assert.equal(report.platform, platform);
      assert.equal(report.emulated, true);
      const [one, ...others] = report.emulators;
      assert.deepEqual(others, []);
      assert.deepEqual([one?.platform, one?.interpreter, one?.flags], [platform, emulator, "OCF"]);
      // The interpreter does not exist in this root: its version comes from the running process.
      assert.match(one?.version ?? "", /^\d+\.\d+/);
    },
  );
}

test("every tiny program runs under the emulator of its architecture", { skip: whyNoEmulators() }, async () => {
  const names: Readonly<Record<string, string>> = {
    "386": "i386",
    amd64: "x86_64",
    arm64: "aarch64",
    loong64: "loongarch64",
    mips64le: "mips64el",
    mipsle: "mipsel",
  };
  for (const architecture of tinyProgramArchitectures) {
    const program = tinyProgram(architecture) ?? new Uint8Array();
    const emulator = `qemu-${names[architecture] ?? architecture}-static`;
    assert.equal(await exitCodeUnder(emulator, program), tinyProgramExitCode, architecture);
  }
});

test("the question for AArch32 answers yes and no by its exit code", { skip: whyNoEmulators() }, async () => {
  const question = aarch32Question();
  // QEMU passes it on to a kernel that grants it.
  assert.equal(await exitCodeUnder("qemu-aarch64-static", question), tinyProgramExitCode);
  // As a kernel that refuses: the number of a system call that does not exist, in the first instruction behind the headers.
  new DataView(question.buffer).setUint32(120, 0xd2807d08, true);
  assert.equal(await exitCodeUnder("qemu-aarch64-static", question), tinyProgramExitCode + 1);
});

test(
  "emulators are found by what runs, and what their registrations lack is said",
  { skip: guests[0]?.why ?? noOwnBinfmt },
  async (t) => {
    const { emulator } = await emulatedNode("arm64", logToStderr, t.signal);
    const native = `exec ${process.execPath} ${script}`;
    const plain = await probeWithBinfmt([registration("arm64", emulator, "")], native);
    assert.equal(plain.emulated, false);
    const [one] = plain.emulators;
    assert.deepEqual([one?.platform, one?.interpreter, one?.flags], ["linux/arm64", emulator, ""]);
    assert.match(one?.missing.join("\n") ?? "", /no such file or directory[^]*sudo/);

    const gone = await probeWithBinfmt([registration("arm64", "/nonexistent/qemu-aarch64", "")], native);
    assert.deepEqual(gone.emulators, []);
    assert.match(
      gone.warnings.join("\n"),
      /linux\/arm64 is registered \(arm64\), but \/nonexistent\/qemu-aarch64 does not exist/,
    );

    // It starts, but it is no emulator: nothing but its own answer could tell.
    const wrong = await probeWithBinfmt([registration("arm64", "/bin/true", "F")], native);
    assert.deepEqual(wrong.emulators, []);
    assert.match(wrong.warnings.join("\n"), /linux\/arm64 is registered \(arm64\), but it does not start programs/);

    const off = await probeWithBinfmt(
      [registration("arm64", emulator, "F")],
      `echo 0 > /proc/sys/fs/binfmt_misc/arm64; ${native}`,
    );
    assert.deepEqual(off.emulators, []);
    assert.match(off.warnings.join("\n"), /linux\/arm64 is registered but disabled/);
  },
);

test(
  "a folder that allows no programs is not mistaken for a kernel that runs none",
  { skip: noOwnBinfmt },
  async () => {
    const report = await probeWithBinfmt(
      [],
      `mount -t tmpfs -o noexec none ${scratch}; cd /; HOME=${scratch} XDG_CACHE_HOME=${scratch} TMPDIR=${scratch} exec ${process.execPath} --input-type=module -`,
      true,
    );
    assert.equal(report.kernelArchitecture, ownArchitecture);
    assert.match(report.warnings.join("\n"), /Could not find out who runs test programs .*EACCES/);
  },
);

test("the command tells of this machine, and of an engine that does not answer, in one JSON", async () => {
  const env = { ...process.env, BUILDKIT_HOST: "tcp://127.0.0.1:1" };
  const printed = await run(resolve("bin/archway"), ["platforms", "--format", "json"], { env, cwd: scratch });
  const report = platformsSchema.parse(JSON.parse(printed));
  assert.equal(report.host.platform, formatPlatform(parsePlatform(ownArchitecture ?? "")));
  assert.ok(report.native.includes(report.host.platform));
  assert.ok(!report.engines.some(({ endpoint }) => endpoint === "tcp://127.0.0.1:1"));
  assert.ok(report.unreachable.some(({ endpoint, reason }) => endpoint === "tcp://127.0.0.1:1" && reason !== ""));
});

/** Runs the probe by a shell command in a user namespace, whose binfmt_misc is its own and holds these registrations alone. */
async function probeWithBinfmt(registrations: readonly string[], command: string, fromInput = false) {
  const table = "/proc/sys/fs/binfmt_misc";
  const lines = [
    `mount -t binfmt_misc none ${table}`,
    ...registrations.map((line) => `printf '%s' '${line}' > ${table}/register`),
    command,
  ];
  const input = fromInput ? { input: await readFile(script, "utf8") } : {};
  const printed = await run("unshare", ["--user", "--map-root-user", "--mount", "sh", "-ec", lines.join("\n")], input);
  return answer.parse(JSON.parse(printed));
}

/** Exit code of a program that an emulator runs with nothing to read. */
async function exitCodeUnder(emulator: string, program: Uint8Array): Promise<number> {
  const file = join(scratch, "program");
  await writeFile(file, program, { mode: 0o700 });
  // The shell prints the code, because a code other than 0 is an error of `run`.
  return Number(await run("sh", ["-c", '"$1" "$2" </dev/null; echo $?', "sh", emulator, file]));
}

function whyNoEmulators(): string | undefined {
  return findProgram("qemu-mips64el-static") === undefined
    ? "QEMU's emulators are missing (Debian: qemu-user-static)"
    : undefined;
}

/** A line for binfmt_misc's `register`. */
function registration(architecture: EmulatedArchitecture, interpreter: string, flags: string): string {
  const [wide, machine] = { arm64: ["02", "b7"], arm: ["01", "28"] }[architecture];
  const magic = String.raw`\x7fELF\x${wide}\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x${machine}\x00`;
  const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;
  return `:${architecture}:M::${magic}:${mask}:${interpreter}:${flags}`;
}

/** Why emulators cannot be registered for a test alone; undefined when they can. */
async function whyNoOwnBinfmt(): Promise<string | undefined> {
  try {
    await run("unshare", ["-Urm", "sh", "-ec", "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc"]);
    return undefined;
  } catch {
    return "a user namespace with a binfmt_misc of its own cannot be made here (Linux 6.7, unshare of util-linux)";
  }
}

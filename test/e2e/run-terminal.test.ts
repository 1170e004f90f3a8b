import assert from "node:assert/strict";
import { readdir, readFile, readlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, workplace, type Workplace } from "./archway.ts";
import { contentOf, leftOnDisk } from "./engine-content.ts";
import { inTerminal, noTerminal, type EndedInTerminal, type InTerminal } from "./terminal.ts";

const needs = ["registry", "docker", "bases"] as const;

/** What a terminal is left with that it had not before, by the control sequences that it got: private modes (DECSET) and attributes (SGR). */
function leftOf(written: string): readonly string[] {
  // Modes that a terminal has from the start: lines are wrapped, the cursor is shown.
  const modes = new Map([
    ["7", "h"],
    ["25", "h"],
  ]);
  const initial = new Map(modes);
  const attributes = new Set<string>();
  for (const [, mark, numbers = "", letter = ""] of written.matchAll(/\u001B\[(\??)([\d;]*)([a-zA-Z])/g)) {
    if (mark === "?" && (letter === "h" || letter === "l"))
      for (const number of numbers.split(";")) modes.set(number, letter);
    if (mark === "" && letter === "m")
      for (const number of numbers.split(";").map(Number)) {
        if (number === 0) attributes.clear();
        else if (number === 22) for (const weight of ["1", "2"]) attributes.delete(weight);
        else if (number > 22 && number < 30) attributes.delete(String(number - 20));
        else if (number === 39) attributes.delete("color");
        else if (number === 49) attributes.delete("background");
        else if (number >= 30 && number < 38) attributes.add("color");
        else if (number >= 90 && number < 98) attributes.add("color");
        else attributes.add(String(number));
      }
  }
  return [
    ...[...modes].flatMap(([mode, state]) => ((initial.get(mode) ?? "l") === state ? [] : [`mode ${mode}${state}`])),
    ...[...attributes].map((attribute) => `attribute ${attribute}`),
  ];
}

function assertGivenBack({ written, modes, output }: EndedInTerminal): void {
  assert.deepEqual(leftOf(written), [], output);
  for (const mode of ["icanon", "echo", "isig", "icrnl", "opost", "ixon"])
    assert.match(modes, new RegExp(`(^|[ ;\n])${mode}([ ;\n]|$)`), `the terminal's ${mode} is off`);
}

describe("a terminal after a signal", { skip: noTerminal || (await unavailable(...needs)) }, () => {
  let bed: Bed;
  let head: string;
  before(async () => {
    bed = await startBed({ need: needs });
    head = `version: 1\nplatforms: [linux/amd64]\nregistries: { docker.io: { mirrors: ["${(await bed.registry()).host}"] } }\n`;
    await bed.base("busybox");
  });
  after(() => bed.stop());

  const good = '  good: { image: busybox, steps: ["true"] }\n';
  /** The next run removes what this one left. */
  async function cleanUp(place: Workplace): Promise<void> {
    const { endpoint } = await bed.docker();
    const next = await archway(["run", "good", "--keep", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual(await contentOf(endpoint), []);
    assert.deepEqual(await leftOnDisk(place), []);
  }

  /** A run with the live view, in colours, that shows a log; its process. */
  async function start(place: Workplace, script: string): Promise<{ terminal: InTerminal; pid: number }> {
    const steps = `[{ name: talk, run: "${script}" }]`;
    await writeFile(
      join(place.dir, ".archway.yaml"),
      `${head}jobs:\n  talk: { platforms: all, image: busybox, steps: ${steps} }\n  ask: { approval: {} }\n${good}`,
    );
    const { NO_COLOR: _, ...env } = place.env;
    const { endpoint } = await bed.docker();
    const terminal = inTerminal(["run", "talk", "ask", "--host", endpoint], {
      cwd: place.dir,
      env,
      columns: 100,
      rows: 24,
    });
    await terminal.shows("│ begun");
    await terminal.shows("[y/N]");
    return { terminal, pid: await processOf(place) };
  }

  /** The process that works below the folder of state: its mark names it. */
  async function processOf({ env }: Workplace): Promise<number> {
    const [mark = ""] = await readdir(join(env["XDG_STATE_HOME"] ?? "", "archway", "work"));
    return Number(mark.split("-")[1]);
  }

  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    test(`${signal} ends the run and gives the terminal back`, async () => {
      await using place = await workplace(bed, {});
      const { terminal, pid } = await start(place, "echo begun; sleep 1000");
      process.kill(pid, signal);
      const ended = await terminal.ended;
      assert.equal(ended.code, 130, ended.output);
      assert.match(ended.written, /\u001B\[3\dm/, "there were no colours");
      assertGivenBack(ended);
      assert.match(ended.output, /^talk +⊘ .* cancelled\n/m);
      assert.match(ended.output, /^cancelled in /m);
      assert.deepEqual(await contentOf((await bed.docker()).endpoint), []);
      assert.deepEqual(await leftOnDisk(place), []);
    });
  }

  test("the second signal ends the process at once, and gives the terminal back all the same", async () => {
    await using place = await workplace(bed, {});
    const { terminal, pid } = await start(place, "trap 'echo stubborn' TERM; echo begun; while true; do sleep 1; done");
    process.kill(pid, "SIGTERM");
    await terminal.shows("│ stubborn");
    process.kill(pid, "SIGTERM");
    const ended = await terminal.ended;
    assert.equal(ended.code, 130, ended.output);
    assertGivenBack(ended);
    assert.doesNotMatch(ended.output, /^cancelled in /m);
    await cleanUp(place);
  });

  test("a shell where a job failed gives the terminal back after SIGTERM", async () => {
    await using place = await workplace(bed, {});
    await writeFile(
      join(place.dir, ".archway.yaml"),
      `${head}jobs:\n  bad: { image: busybox, steps: [exit 3] }\n${good}`,
    );
    const { endpoint } = await bed.docker();
    const options = { cwd: place.dir, env: place.env };
    assert.equal((await inTerminal(["run", "bad", "--keep", "--host", endpoint], options).ended).code, 1);
    const shell = inTerminal(["run", "--shell", "bad"], options);
    await shell.shows(/[#$] $|[#$]$/);
    shell.type("echo $((40 + 2))\r");
    await shell.shows("\n42");
    const processes = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const own: number[] = [];
    for (const pid of processes) {
      const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
      const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => "");
      if (cwd === place.dir && command.endsWith("\0--shell\0bad\0")) own.push(Number(pid));
    }
    assert.equal(own.length, 1);
    process.kill(own[0] ?? 0, "SIGTERM");
    const ended = await shell.ended;
    assert.equal(ended.code, 130, ended.output);
    assertGivenBack(ended);
    await cleanUp(place);
  });
});

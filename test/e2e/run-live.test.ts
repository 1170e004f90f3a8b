import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { unavailable } from "../bed/bed.ts";
import { archway, type Workplace } from "./archway.ts";
import { contentOf } from "./engine-content.ts";
import { runBed } from "./run-bed.ts";
import { inTerminal, noTerminal } from "./terminal.ts";

const needs = ["registry", "docker", "bases"] as const;

describe("archway run in a terminal", { skip: noTerminal || (await unavailable(...needs)) }, () => {
  const at = runBed(needs);
  const repository = (jobs: string) => at.repository(`jobs:\n${jobs}`);
  async function start(place: Workplace, args: readonly string[] = []) {
    const { endpoint } = await at.bed.docker();
    return inTerminal(["run", "--host", endpoint, ...args], { cwd: place.dir, env: place.env, columns: 100, rows: 24 });
  }

  test("jobs are a graph with the log of one below; keys choose it, q cancels, and the terminal is as before", async () => {
    await using place = await repository(
      `  slow: { platforms: all, image: busybox, steps: [{ name: talk, run: "echo first; printf '\\\\033[2J\\\\033]0;x\\\\007harmless\\\\n'; sleep 1000" }] }
  quick: { image: busybox, steps: [{ name: say, run: echo quick words }] }
  later: { needs: [slow, quick], image: busybox, steps: [echo never] }
`,
    );
    const terminal = await start(place);
    await terminal.shows(/^quick +.?✓ .*native linux\/amd64/m);
    await terminal.shows(/^slow +.?● .*native talk/m);
    await terminal.shows(/^later +.?· waits for slow@linux\/amd64/m);
    await terminal.shows(/^── slow@linux\/amd64 talk .*follows the latest\n│ first\n│ harmless\n↑↓/m);
    terminal.type("\u001B[B");
    await terminal.shows(/^── quick say .*\n│ quick words\n/m);
    terminal.type("q");
    const { code, output, written, modes } = await terminal.ended;
    assert.equal(code, 130, output);
    assert.match(modes, /[^-]icanon/);
    assert.match(modes, /[^-]echo /);
    assert.ok(!written.includes("\u001B[2J"), "a log cleared the screen");
    assert.match(output, /^slow +⊘ .* cancelled\n/m);
    assert.match(output, /^cancelled in /m);
    assert.doesNotMatch(output, /↑↓/);
  });

  test("approvals are asked for one after the other, and the summary tells of failures", async () => {
    await using place = await repository(
      `  first: { approval: {} }
  second: { approval: { message: Really? } }
  bad: { needs: [first, second], image: busybox, steps: ["echo reason; exit 3"] }
`,
    );
    const terminal = await start(place, ["--format", "json", "--events", "events.jsonl"]);
    await terminal.shows('Go on with "first"? [y/N] ▁');
    terminal.type("y\r");
    await terminal.shows("Really? [y/N] ▁");
    terminal.type("yx\u007Fes\r");
    const { code, output } = await terminal.ended;
    const text = output;
    assert.equal(code, 1, text);
    assert.match(text, /^first +✓ .*\nsecond +✓ .*\nbad +✗ .* step-1\n/m);
    assert.match(text, /^bad: The step "step-1" ended with exit code 3\.\nstep-1 │ reason\n/m);
    const events = await readFile(join(place.dir, "events.jsonl"), "utf8");
    assert.match(events, /"type":"approval","job":"second","answer":"given","by":"[^"]+"/);
  });

  test("Ctrl-C at a question cancels the run", async () => {
    await using place = await repository("  ask: { approval: {} }\n");
    const terminal = await start(place);
    await terminal.shows("[y/N]");
    terminal.type("\u0003");
    const { code, output, modes } = await terminal.ended;
    assert.equal(code, 130, output);
    assert.match(modes, /[^-]icanon/);
  });

  test("a shell in the place of a failure has the terminal's size, and gives it back as it was", async () => {
    await using place = await repository(
      '  bad: { matrix: { n: [1, 2] }, image: busybox, steps: ["echo made > /made; exit 3"] }\n  good: { image: busybox, steps: [echo good] }\n',
    );
    const run = await start(place, ["bad", "--keep"]);
    const { code: failed, output: told } = await run.ended;
    assert.equal(failed, 1, told);
    assert.match(told, /\nkept: archway run --shell 'bad\[n=1\]' opens a shell where it failed\n/);
    const several = await archway(["run", "--shell", "bad"], { cwd: place.dir, env: place.env });
    assert.equal(several.code, 2, several.stderr);
    assert.match(several.stderr, /Several jobs of the name "bad" were kept: bad\[n=1\], bad\[n=2\]\./);

    const size = { columns: 91, rows: 23 };
    const terminal = inTerminal(["run", "--shell", "bad[n=2]"], { cwd: place.dir, env: place.env, ...size });
    await terminal.shows(/[#$] $|[#$]$/);
    terminal.type("stty size; cat /made; echo $ARCHWAY_JOB\r");
    await terminal.shows("\n23 91\nmade\nbad[n=2]\n");
    terminal.type("exit 4\r");
    const { code, output, modes } = await terminal.ended;
    assert.equal(code, 4, output);
    assert.match(modes, /[^-]icanon/);
    assert.match(modes, /[^-]echo /);
    // The next run with --keep lets go of it.
    const { endpoint } = await at.bed.docker();
    const next = await archway(["run", "good", "--keep", "--host", endpoint], { cwd: place.dir, env: place.env });
    assert.equal(next.code, 0, next.stderr);
    assert.deepEqual(await contentOf(endpoint), []);
  });
});

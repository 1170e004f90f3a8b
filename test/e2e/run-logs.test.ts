/** The output of steps, byte for byte: much, fast, long, binary, and cut in all ways. */
import assert from "node:assert/strict";
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { uptime } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import type { RunEvent } from "../../src/event/run-event.ts";
import { unavailable } from "../bed/bed.ts";
import { archway, startArchway, type Workplace } from "./archway.ts";
import { runBed } from "./run-bed.ts";
import { bytesOf } from "./run-record.ts";

const needs = ["registry", "docker", "podman", "bases"] as const;

/** Bytes that the program may take while it passes on far more of them. */
const maxMemory = 200_000_000;

/** Steps by what is difficult about them. */
const steps = {
  lines: { run: "seq 1 200000" },
  /** 100 MB without a newline, of blocks of all numbers to 100,000. */
  long: { run: "seq 1 100000 | tr -d '\\n' > block; for i in $(seq 205); do cat block; done" },
  binary: { run: "cat /bin/busybox" },
  sum: { run: "sha256sum /bin/busybox" },
  bars: {
    run: "for i in $(seq 0 100); do printf '\\r%3d %%' $i; done; echo; for i in $(seq 3); do printf '%s\\r\\n' $i; done",
  },
  both: { run: "for i in $(seq 3000); do echo out $i; echo err $i >&2; done" },
  bytes: { run: "seq 1 2000 | dd bs=1 2>/dev/null" },
  /** The first process ends while a child of it holds the output. */
  background: { run: "(while :; do echo tick; sleep 0.05; done) & echo first; sleep 0.3; echo last" },
  /** The container is gone as soon as the last byte is written. */
  burst: { entrypoint: "seq", args: ["1", "1000000"] },
  short: { args: ["printf", "x"] },
  nothing: { args: ["true"] },
} as const;

describe("logs of archway run", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);
  // YAML 1.2 is a superset of JSON.
  const repository = (job: object) => at.repository(`jobs: ${JSON.stringify({ loud: job })}\n`);
  const eventFile = async ({ env }: Workplace): Promise<string> => {
    const runs = join(env["XDG_STATE_HOME"] ?? "", "archway", "runs");
    const [name = ""] = await readdir(runs);
    return join(runs, name, "events.jsonl");
  };

  for (const engine of ["docker", "podman"] as const) {
    test(`with ${engine}: every byte, in order, in bounded memory`, async () => {
      const named = Object.entries(steps).map(([name, step]) => ({ name, ...step }));
      await using place = await repository({ image: "busybox", steps: named });
      const { endpoint } = await at.bed[engine]();
      const usageFile = join(place.dir, "usage.json");
      const { code, stderr } = await archway(["run", "--host", endpoint, "--progress", "quiet"], {
        cwd: place.dir,
        env: {
          ...place.env,
          NODE_OPTIONS: `--import=${join(import.meta.dirname, "report-usage.ts")}`,
          USAGE_FILE: usageFile,
        },
      });
      assert.equal(code, 0, stderr);
      const logs = new Map<string, { readonly hash: Hash; size: number }>();
      const kept: RunEvent[] = [];
      for await (const line of createInterface({ input: createReadStream(await eventFile(place)) })) {
        const event: RunEvent = JSON.parse(line);
        assert.notEqual(event.type, "gap", line);
        if (event.type !== "log") continue;
        const { source, offset } = event;
        const log = logs.get(source) ?? { hash: createHash("sha256"), size: 0 };
        logs.set(source, log);
        assert.equal(offset, log.size, `the log of ${source} has no hole`);
        const bytes = bytesOf([event], "loud", source);
        log.hash.update(bytes);
        log.size += bytes.length;
        if (["bars", "both", "background", "sum"].includes(source)) kept.push(event);
      }
      const digests = new Map([...logs].map(([source, { hash }]) => [source, hash.digest("hex")]));
      const isExactly = (source: string, wanted: Iterable<Uint8Array | string>) => {
        const hash = createHash("sha256");
        for (const piece of wanted) hash.update(piece);
        assert.equal(digests.get(source), hash.digest("hex"), `${source}: ${logs.get(source)?.size} bytes`);
      };
      isExactly("lines", numbers(200_000));
      isExactly("long", Array<string>(205).fill([...numbers(100_000)].join("").replaceAll("\n", "")));
      isExactly("bytes", numbers(2_000));
      isExactly("burst", numbers(1_000_000));
      isExactly("short", ["x"]);
      assert.equal(logs.has("nothing"), false);
      const [sum] = bytesOf(kept, "loud", "sum").toString("utf8").split(" ");
      assert.equal(digests.get("binary"), sum);
      const bars = Array.from({ length: 101 }, (_, index) => `\r${String(index).padStart(3)} %`).join("");
      assert.equal(bytesOf(kept, "loud", "bars").toString("utf8"), `${bars}\n1\r\n2\r\n3\r\n`);
      for (const [stream, word] of [
        ["stdout", "out"],
        ["stderr", "err"],
      ] as const) {
        const wanted = [...numbers(3_000)].map((number) => `${word} ${number}`).join("");
        assert.equal(bytesOf(kept, "loud", "both", stream).toString("utf8"), wanted);
      }
      assert.match(bytesOf(kept, "loud", "background").toString("utf8"), /^(tick\n)*first\n(tick\n)*last\n(tick\n)*$/);
      const { peak }: { peak: number } = JSON.parse(await readFile(usageFile, "utf8"));
      assert.ok(peak < maxMemory, `it took ${Math.round(peak / 1e6)} MB`);
    });

    test(`with ${engine}: a line is seen soon after it is written, and progress bars as they stand`, async () => {
      const run = `for i in $(seq 20); do printf 'at %s\\n' "$(cut -d ' ' -f 1 /proc/uptime)"; sleep 0.1; done; printf '1 %%\\r2 %%\\r3 %%\\n'; sleep 1000`;
      await using place = await repository({ image: "busybox", steps: [{ name: "lines", run }] });
      const { endpoint } = await at.bed[engine]();
      const program = startArchway(["run", "--host", endpoint], { cwd: place.dir, env: place.env });
      const delays: number[] = [];
      let rest = "";
      program.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        const now = uptime();
        for (const line of lines) {
          const [, written] = /│ at ([\d.]+)$/.exec(line) ?? [];
          if (written !== undefined) delays.push(now - Number(written));
        }
      });
      await program.shows("│ 3 %\n");
      program.child.kill("SIGINT");
      const { stderr } = await program.ended;
      assert.doesNotMatch(stderr, /1 %/);
      assert.equal(delays.length, 20, stderr);
      // Output that comes in lots has few lines without a delay; on a machine with other work, a quarter of them has to be quick.
      const [, , , , quick = Infinity] = delays.toSorted((a, b) => a - b);
      assert.ok(quick < 0.2, `${delays.map((seconds) => seconds.toFixed(2)).join(" ")} s`);
    });
  }
});

function* numbers(last: number): Iterable<string> {
  for (let number = 1; number <= last; number += 1) yield `${number}\n`;
}

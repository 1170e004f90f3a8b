import { appendFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type Figure, mediansOf, timeProcess } from "./measure.ts";

const root = resolve(import.meta.dirname, "..");
const rounds = 5;
const logBytes = 200_000_000;

/** Words of errors, as somebody would search for them by hand. */
const words = "exec format error|no matching manifest|uncaught target signal|manifest unknown|no space left|not found";

/** How quickly `archway explain` reads a log of 200 MB, whole processes, against `grep -E` for some of the words and against a log of one line. */
export async function measureExplain(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), "archway-explain-"));
  try {
    const log = join(folder, "build.log");
    writeLog(log);
    return await measure(log, join(folder, "empty.log"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(log: string, empty: string): Promise<Figure[]> {
  appendFileSync(empty, "nothing\n");
  const program = join(root, "bin", "archway");
  const medians = await mediansOf(
    {
      explain: () => timeProcess(program, ["explain", log]),
      start: () => timeProcess(program, ["explain", empty]),
      grep: () => timeProcess("sh", ["-c", `grep -cE '${words}' '${log}' || test $? = 1`]),
    },
    rounds,
  );
  const megabytes = statSync(log).size / 1e6;
  const reading = (medians.explain - medians.start) / 1000;
  return [
    {
      name: "archway explain, a log of 200 MB",
      value: megabytes / reading,
      unit: "MB/s",
      detail: `${medians.explain.toFixed(0)} ms, of which ${medians.start.toFixed(0)} ms to start`,
    },
    { name: "seconds for 200 MB", value: reading, unit: "s", below: 2 },
    {
      name: "archway explain against grep -E of six words",
      value: medians.explain / medians.grep,
      unit: "times",
      detail: `${medians.explain.toFixed(0)} ms against ${medians.grep.toFixed(0)} ms`,
    },
  ];
}

/** A log of a build as CI keeps it: time stamps, steps of two platforms, and the output of the usual package managers and compilers. */
function writeLog(path: string): void {
  let block = "";
  let written = 0;
  let step = 1;
  for (let line = 1; written < logBytes; line += 1) {
    if (line % 20_000 === 0) step += 1;
    const before = `2026-11-02T10:11:12.${String(line % 1e7).padStart(7, "0")}Z #${step} `;
    const said = [
      `Get:${line} http://deb.debian.org/debian bookworm/main amd64 libc6 amd64 2.36-${line % 50} [${line % 900} kB]`,
      `Setting up curl (7.88.${line % 50}) ...`,
      `[${line % 100}%] Building CXX object src/CMakeFiles/app.dir/module_${line}.cpp.o`,
      `   Compiling serde_json v1.0.${line % 100}`,
      `npm http fetch GET 200 https://registry.npmjs.org/package-${line} ${line % 400}ms (cache miss)`,
      `src/util.c:${line % 900}:12: warning: unused variable 'x' [-Wunused-variable]`,
      `[INFO] Downloaded from central: https://repo.maven.apache.org/maven2/org/apache/a${line}.jar (12 kB at 34 kB/s)`,
      `ok  \tgithub.com/team/app/pkg/module${line}\t0.0${line % 90}s`,
    ];
    const text =
      line % 20_000 === 0
        ? `[linux/${step % 2 === 0 ? "amd64" : "arm64"} build ${step}/99] RUN make`
        : `${(line % 1000) / 10} ${said[line % said.length]}`;
    block += `${before}${text}\n`;
    if (block.length < 1024 * 1024) continue;
    appendFileSync(path, block);
    written += block.length;
    block = "";
  }
}

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { pack } from "tar-stream";

const root = resolve(import.meta.dirname, "../..");
const program = join(root, "bin", "archway");
let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-cli-"));
});
after(() => rm(folder, { recursive: true }));

/** Runs the program in a folder that is no repository, with its own caches. */
function archway(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly program?: string } = {},
) {
  const { status, signal, stdout, stderr } = spawnSync(options.program ?? program, args, {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: folder, ...options.env },
  });
  return { status, signal, stdout, stderr };
}

test("help and version are results, and exit 0", async () => {
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  assert.deepEqual(archway(["--version"]), { status: 0, signal: null, stdout: `archway ${version}\n`, stderr: "" });
  for (const args of [[], ["--help"], ["-h"], ["help"]]) {
    const { status, stdout, stderr } = archway(args);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^Usage: archway COMMAND[^]*platforms[^]*build[^]*image/);
    assert.equal(stderr, "");
  }
  assert.match(archway(["help", "build"]).stdout, /^Usage: archway build[^]*--platform <list>/);
  assert.match(archway(["image", "create", "--help"]).stdout, /^Usage: archway image create/);
});

test("wrong usage is exit 2, with a suggestion and without a stack", () => {
  const cases: readonly (readonly [args: readonly string[], told: string])[] = [
    [["biuld"], 'error: There is no command "biuld".\nhint: Did you mean "archway build"?\n'],
    [
      ["--platform", "x"],
      "error: Unknown option --platform before the command.\nhint: Commands: platforms, check, build, verify, image, run, init, pipeline, import, explain. See archway --help.\n",
    ],
    [
      ["help", "nothing"],
      'error: There is no command "nothing".\nhint: Commands: platforms, check, build, verify, image, run, init, pipeline, import, explain. See archway --help.\n',
    ],
    [["version"], 'error: There is no command "version".\nhint: Did you mean "archway --version"?\n'],
    [["inspect"], 'error: There is no command "inspect".\nhint: Did you mean "archway image inspect"?\n'],
    [["verify"], "error: Missing required argument 'IMAGE'.\nhint: See archway verify --help.\n"],
    [["build", "--platfrom", "x"], "error: Unknown option '--platfrom'.\nhint: Did you mean --platform?\n"],
    [
      ["build", "a", "b"],
      "error: Too many arguments. Expected 1 argument but got 2: a, b.\nhint: See archway build --help.\n",
    ],
    [["image", "craete"], "error: Unknown command 'craete'.\nhint: Did you mean create?\n"],
    [
      ["image", "create", "a:1"],
      "error: --tag: a name for the joined image is missing.\nhint: Say where it goes with -t REGISTRY/NAME:TAG, oci:DIR:NAME or oci-archive:FILE:NAME: archway image create -t registry.example.com/team/app:1.0 SOURCE\u2026\n",
    ],
  ];
  for (const [args, told] of cases) {
    assert.deepEqual(archway(args), { status: 2, signal: null, stdout: "", stderr: told }, args.join(" "));
  }
  const { status, stdout, stderr } = archway(["image"]);
  assert.deepEqual({ status, stdout }, { status: 2, stdout: "" });
  assert.match(stderr, /^Usage: archway image/);
});

test("init writes a first pipeline that is right, and leaves one that is there alone", async () => {
  const repository = join(folder, "first");
  await mkdir(repository);
  await writeFile(join(repository, "go.mod"), "module example.com/a\n\ngo 1.26\n");
  const printed = archway(["init", repository, "--print", "--platform", "arm64,arm/v7"]);
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /^version: 1\nplatforms: \[linux\/arm64, linux\/arm\/v7\]\n/);
  assert.match(printed.stderr, /^Recognised Go 1\.26 by go\.mod\n/);
  const written = archway(["init", repository]);
  assert.equal(written.status, 0, written.stderr);
  assert.match(written.stdout, /Platforms: linux\/amd64, linux\/arm64 [^]*Next:\n/);
  const file = join(repository, ".archway.yaml");
  const checked = archway(["pipeline", "check", "--offline", file]);
  assert.deepEqual([checked.status, checked.stderr], [0, ""]);
  const again = archway(["init", repository]);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /There is already a \.archway\.yaml[^]*--force/);
  assert.equal(archway(["init", repository, "--force", "--platform", "s390x"]).status, 0);
  assert.match(await readFile(file, "utf8"), /platforms: \[linux\/s390x\]/);
});

test("a mistake in the configuration is shown with its line", async () => {
  const file = join(folder, "wrong.yaml");
  await writeFile(file, "version: 1\nplatfroms: [arm64]\n");
  assert.deepEqual(archway(["build", "--config", file, "."]), {
    status: 2,
    signal: null,
    stdout: "",
    stderr: `error: wrong.yaml:2:1: unknown key "platfroms".
  2 | platfroms: [arm64]
    | ^
hint: Did you mean "platforms"?
`,
  });
});

test("colours are for terminals, or when asked for", () => {
  assert.doesNotMatch(archway(["biuld"]).stderr, /\u001B/);
  assert.match(archway(["biuld"], { env: { FORCE_COLOR: "1" } }).stderr, /\u001B\[31merror/);
  assert.doesNotMatch(archway(["biuld"], { env: { FORCE_COLOR: "1", NO_COLOR: "1" } }).stderr, /\u001B/);
});

describe("the launcher", () => {
  test("runs through links, relative ones too, and from any folder", async () => {
    const links = join(folder, "links");
    await mkdir(links);
    await symlink(program, join(links, "absolute"));
    await symlink("absolute", join(links, "relative"));
    for (const name of ["absolute", "relative"]) {
      assert.equal(archway(["--version"], { program: join(links, name) }).status, 0, name);
    }
    const { status, stdout } = spawnSync("sh", ["relative", "--version"], { cwd: links, encoding: "utf8" });
    assert.deepEqual({ status, stdout: stdout.split(" ")[0] }, { status: 0, stdout: "archway" });
  });

  test("says what is missing when no Node is new enough", async () => {
    const home = join(folder, "home with spaces");
    await mkdir(join(home, "bin"), { recursive: true });
    await mkdir(join(home, "path"));
    await mkdir(join(home, "dist"));
    await cp(program, join(home, "bin", "archway"));
    await writeFile(join(home, "dist", "archway.js"), "console.log('ran', ...process.argv.slice(2))");
    const run = (path: string) => {
      const { status, stdout, stderr } = spawnSync("/bin/sh", [join(home, "bin", "archway"), "a b", "$c"], {
        encoding: "utf8",
        env: { PATH: path },
      });
      return { status, stdout, stderr };
    };
    const none = run(join(home, "path"));
    assert.equal(none.status, 3);
    assert.match(none.stderr, /^archway: needs Node 22\.15 or newer and found none\./);

    const fake = join(home, "path", "node");
    const versions: readonly (readonly [version: string, fits: boolean])[] = [
      ["v18.20.1", false],
      ["v22.14.0", false],
      ["v22.15.0", true],
      ["v24.0.0", true],
      ["v100.1.0", true],
    ];
    for (const [version, fits] of versions) {
      await writeFile(
        fake,
        `#!/bin/sh\nif [ "$1" = --version ]; then echo ${version}; else exec "${process.execPath}" "$@"; fi\n`,
      );
      await chmod(fake, 0o755);
      const { status, stdout, stderr } = run(join(home, "path"));
      assert.equal(status, fits ? 0 : 3, `${version}: ${stderr}`);
      if (fits) assert.equal(stdout, "ran a b $c\n");
      else assert.match(stderr, new RegExp(`found ${version}`));
    }
  });
});

describe("outputs that cannot be written", () => {
  const sh = (script: string) => spawnSync("bash", ["-c", script, "bash", program], { cwd: folder, encoding: "utf8" });

  test("a reader that goes away is no error", () => {
    for (const args of ["--help", "--version", "build --help"]) {
      const { stdout, stderr } = sh(`"$1" ${args} | true; echo "\${PIPESTATUS[0]}"`);
      assert.deepEqual({ stdout, stderr }, { stdout: "0\n", stderr: "" }, args);
    }
  });

  test("a full disk is exit 3 with a message", () => {
    for (const args of ["--help", "build --help"]) {
      const { status, stderr } = sh(`"$1" ${args} > /dev/full`);
      assert.equal(status, 3, args);
      assert.match(stderr, /^error: The output cannot be written: .*ENOSPC/, args);
    }
  });
});

test("Ctrl-C while the program waits is exit 130, and leaves no temporary file", async () => {
  const temporary = join(folder, "temporary");
  await mkdir(temporary);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    const child = spawn(program, ["build", "--platform", "linux/amd64", "-"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, TMPDIR: temporary },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    // A tar of which a part comes, more than the pipe holds: the program reads it and waits for the rest.
    const context = pack();
    context.entry({ name: "large", size: 8 * 1024 ** 2 }).write(Buffer.alloc(1024 ** 2));
    const closed = once(child, "close");
    for await (const chunk of context) {
      if (!child.stdin.write(chunk)) {
        await once(child.stdin, "drain");
        break;
      }
    }
    child.kill(signal);
    const [exitCode] = (await closed) as [number | null];
    assert.equal(exitCode, 130, stderr);
    assert.equal(stderr, "Interrupted.\n");
    assert.deepEqual(await readdir(temporary), []);
  }
});

test("a second Ctrl-C ends a program that does not listen to the first", async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, "stubborn-command.ts")], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const closed = once(child, "close");
  const lines = createInterface({ input: child.stderr })[Symbol.asyncIterator]();
  for (const said of ["begun", "asked to stop"]) {
    assert.equal((await lines.next()).value, said);
    child.kill("SIGINT");
  }
  const [exitCode] = (await closed) as [number | null];
  assert.equal(exitCode, 130);
});

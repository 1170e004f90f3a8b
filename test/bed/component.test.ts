import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { prepare, unavailable } from "./component.ts";

// A machine that has nothing: no programs, no package manager, an empty cache.
const { PATH, XDG_CACHE_HOME } = process.env;
let cache: string;
before(async () => {
  cache = await mkdtemp(join(tmpdir(), "archway-empty-"));
  Object.assign(process.env, { PATH: "", XDG_CACHE_HOME: cache });
});
after(async () => {
  process.env["PATH"] = PATH ?? "";
  if (XDG_CACHE_HOME === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = XDG_CACHE_HOME;
  await rm(cache, { recursive: true });
});

test("a missing package is named with the way to get it", async () => {
  const hint = "install what Debian calls skopeo with your package manager";
  assert.equal(await unavailable("skopeo"), `needs skopeo: missing skopeo; ${hint}`);
});

test("a program that is not built is named with the command that builds it", async () => {
  assert.equal(await unavailable("crane"), "needs crane: crane not built; npm run bed -- --prepare crane");
});

test("where nothing can be installed, prepare says what is missing and goes on", async () => {
  const lines: string[] = [];
  const missing = await prepare(["registry-debian", "crane"], (line) => lines.push(line));
  assert.deepEqual([...missing.keys()], ["registry-debian", "crane"]);
  assert.match(missing.get("registry-debian") ?? "", /^missing docker-registry; /);
  assert.match(lines[0] ?? "", /^missing: docker-registry\b.*; this is no Debian \(there is no apt-get\); to get it: /);
  assert.ok(lines.includes("not available: crane: crane not built; npm run bed -- --prepare crane"));
});

/**
 * Lint rule for the direction of imports (docs/architecture.md, "Rooms and doors"): a room may import only from the rooms listed
 * for it here. Run by `npm run lint`; prints one line a violation and exits 1.
 */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const base = ["error", "platform", "finding"];
const images = [...base, "oci", "store", "image"];

/** Room → rooms it may import from, besides itself. */
const doors: Readonly<Record<string, readonly string[]>> = {
  error: [],
  platform: ["error"],
  finding: ["platform"],
  expression: ["error"],
  config: ["error", "platform", "oci", "expression"],
  git: ["error"],
  oci: ["error", "platform"],
  store: ["error", "platform", "oci"],
  image: ["error", "platform", "oci", "store"],
  verify: images,
  publish: [...images, "verify"],
  dockerfile: [...base, "oci"],
  engine: ["error", "platform", "oci"],
  build: [...images, "verify", "publish", "config", "dockerfile", "engine", "git"],
  check: [...images, "verify", "dockerfile", "config"],
  pipeline: [...images, "verify", "config", "expression"],
  event: [...base, "pipeline"],
  job: [...images, "git", "verify", "event", "expression", "pipeline", "explain"],
  run: [...images, "config", "event", "pipeline", "job"],
  report: [...base, "event"],
  explain: base,
  cli: ["*"],
};

const root = resolve(import.meta.dirname, "..", "src");
const specifier = /(?:from|import)\s*\(?\s*["'](\.{1,2}\/[^"']+)["']/g;
const violations: string[] = [];

for (const file of globSync("**/*.{ts,tsx}", { cwd: root })) {
  const room = file.split("/")[0] ?? "";
  const allowed = doors[room];
  if (!allowed) {
    violations.push(`src/${file}: room "${room}" has no doors: add it to scripts/doors.ts and docs/architecture.md`);
    continue;
  }
  for (const [, path = ""] of readFileSync(join(root, file), "utf8").matchAll(specifier)) {
    const target = relative(root, resolve(root, dirname(file), path)).split("/")[0] ?? "";
    const inTest = file.endsWith(".test.ts");
    if (target === room || allowed.includes("*") || allowed.includes(target) || (inTest && target === "..")) continue;
    violations.push(`src/${file}: room "${room}" may not import from "${target}" (${path})`);
  }
}

for (const violation of violations) console.error(violation);
if (violations.length > 0) process.exitCode = 1;

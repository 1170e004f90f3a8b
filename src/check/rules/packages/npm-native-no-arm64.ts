import { formatPlatform } from "../../../platform/platform.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Model } from "../../model.ts";
import type { Dependency, PackageFile } from "../../packages/dependency.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { adviceFor, lacking, nameOf, type Lacking } from "./lacking.ts";
import { missingFor, toolchainOf } from "./toolchain.ts";

const id = "npm-native-no-arm64";

/** Packages that only tests need: a browser or its driver. */
const browsers: ReadonlySet<string> = new Set(["puppeteer", "cypress", "chromedriver", "phantomjs-prebuilt"]);

/** Node's names of processors (`process.arch`). */
const nodeNames: Readonly<Record<string, string>> = { amd64: "x64", "386": "ia32" };

/** Finds packages of npm that bring or download a program for another platform. */
export const npmNativeNoArm64: Rule = {
  id,
  severity: "warning",
  page: {
    title: "An npm package has no binary for the platform",
    what: "A package in package.json that brings or downloads a binary, in a version without one for a requested platform: node-sass, phantomjs-prebuilt, puppeteer's Chrome and others; a package that is for one platform alone (`@esbuild/linux-x64`); and a `cpu` field that excludes a requested platform. Lock files only tell the version: they list the packages of all platforms.",
    why: "The install script of such a package looks for a file that is not there. Some then compile (which needs Python, make and a C++ compiler), some end with an error, and some download the program for amd64, which does not start.",
    symptom:
      '`Cannot download "https://github.com/sass/node-sass/releases/download/v4.14.1/linux-arm64-83_binding.node": HTTP error 404 Not Found`, `The chromium binary is not available for arm64`, `npm ERR! notsup Unsupported platform`.',
    fix: 'Take a version with a binary, or another package:\n\n```diff\n-    "node-sass": "^7.0.1",\n+    "sass": "^1.49.0",\n```',
    ignore: "The stage that runs `npm install` has what it takes to compile, and its time does not matter.",
  },
  *find(model) {
    const skipsBrowser = skipsBrowserDownload(model);
    for (const file of model.packages ?? []) {
      if (file.kind !== "package.json") continue;
      yield* cpuField(file, model);
      for (const dependency of file.dependencies) {
        yield* forOnePlatform(dependency, file);
        if (dependency.name === "puppeteer" && skipsBrowser) continue;
        const found = lacking(dependency, model.facts);
        if (found !== undefined) yield problemOf(found, compilesIn(found, file, model));
      }
    }
  },
};

function problemOf(found: Lacking, builds: boolean): Problem {
  const { dependency, platforms, entry } = found;
  const needs = builds ? "which the image has what it takes for" : "which needs Python, make and a C++ compiler";
  const effect = entry?.effect ?? `npm compiles it there, ${needs}`;
  const isTest = dependency.use === "development" && browsers.has(dependency.name);
  return {
    rule: id,
    ...(isTest || builds ? { severity: "note" as const } : {}),
    message: `${nameOf(dependency)} has no binary for ${platforms.map(formatPlatform).join(" and ")}: ${effect}.`,
    platforms,
    place: dependency.place,
    advice: adviceFor(found),
  };
}

/** True when the package can be compiled, and every image that installs packages of npm has the compiler for it. */
function compilesIn({ entry }: Lacking, { path }: PackageFile, { executions }: Model): boolean {
  if (entry?.build === undefined) return false;
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const installs = executions.filter(
    ({ kind, trace, stage }) =>
      kind === "run" &&
      trace.commands.some(
        ({ program, words }) =>
          /^(?:npm|yarn|pnpm)$/.test(program) &&
          words.slice(1).every((word) => !/^(?:run|test|-g)$/.test(textOf(word))),
      ) &&
      stage?.copies.some(({ sources }) => sources.some((source) => isCopyOf(textOf(source), folder))) === true,
  );
  return (
    installs.length > 0 &&
    installs.every(({ stage }) => stage !== undefined && missingFor(entry.build, toolchainOf(stage))?.length === 0)
  );
}

/** True when a source of COPY brings the package.json of a folder. */
function isCopyOf(source: string, folder: string): boolean {
  const clean = source.replace(/^(?:\.?\/)+/, "").replace(/\/$/, "");
  if (clean === "" || clean === ".") return true;
  const target = folder === "" ? "package" : `${folder}/package`;
  return target.startsWith(clean) || clean.startsWith(target) || clean === folder;
}

/** True when something in the repository tells puppeteer to download no browser, or where one is. */
function skipsBrowserDownload({ dockerfiles, repository }: Model): boolean {
  const pattern = /PUPPETEER_(?:SKIP_(?:CHROMIUM_)?DOWNLOAD|EXECUTABLE_PATH)/;
  const isSet = dockerfiles.some(({ variants }) =>
    variants.some(({ stages }) =>
      stages.some(
        ({ variables, runs }) =>
          variables.some(({ name }) => pattern.test(name)) ||
          runs.some(({ trace }) =>
            trace.commands.some(
              ({ words, assignments }) =>
                assignments.some(({ name }) => pattern.test(name)) || words.some((word) => pattern.test(textOf(word))),
            ),
          ),
      ),
    ),
  );
  return (
    isSet ||
    /skip_?(?:chromium_?)?download/i.test(repository.text(".npmrc") ?? repository.text(".puppeteerrc.cjs") ?? "")
  );
}

/** A package whose name ends in a platform is for that one alone; npm refuses it on others, unless it is optional. */
function* forOnePlatform(dependency: Dependency, file: PackageFile): Generator<Problem> {
  const { name, platforms, place, condition } = dependency;
  const [only] = namesIn(name).filter(({ os }) => os === undefined);
  if (only === undefined || !/[-/_]linux[-_]/.test(name)) return;
  // A package that is for one processor itself may need another one of the same.
  if (file.settings.some((setting) => setting.name === "cpu")) return;
  const broken = platforms.filter(({ os, architecture }) => os === "linux" && architecture !== only.architecture);
  const prefix = name.slice(0, only.start);
  const hasSibling = file.dependencies.some(
    (other) =>
      other !== dependency && other.name.startsWith(prefix.replace(/linux[-_]$/, "")) && namesIn(other.name).length > 0,
  );
  if (broken.length === 0 || hasSibling) return;
  const isOptional = condition === "optionalDependencies";
  yield {
    rule: id,
    message: isOptional
      ? `${name} is for ${only.text} alone, and no package for ${broken.map(formatPlatform).join(" and ")} stands beside it.`
      : `${name} is for ${only.text} alone: npm refuses to install it on ${broken.map(formatPlatform).join(" and ")} (EBADPLATFORM).`,
    platforms: broken,
    place,
    advice:
      "Depend on the package that chooses the right one, or list those of all platforms under optionalDependencies.",
  };
}

function* cpuField({ path, settings }: PackageFile, { platforms, packages = [] }: Model): Generator<Problem> {
  for (const { name, values, place } of settings) {
    if (name !== "cpu" || values.length === 0) continue;
    const broken = platforms.filter(({ architecture }) => !admits(values, architecture));
    if (broken.length === 0 || broken.length === platforms.length) continue;
    // Packages that hold the binaries of one platform each stand beside each other; the package that takes them chooses.
    const isOneOfMany = packages.some(
      (other) =>
        other.path !== path &&
        withoutNames(other.path) === withoutNames(path) &&
        other.settings.some(
          (each) => each.name === "cpu" && broken.every(({ architecture }) => admits(each.values, architecture)),
        ),
    );
    if (isOneOfMany) continue;
    yield {
      rule: id,
      message: `The field cpu lets npm install this package on ${values.join(", ")} alone, not on ${broken.map(formatPlatform).join(" and ")}.`,
      platforms: broken,
      place,
      advice: "Add the processors that the package runs on, or take the field away.",
    };
  }
}

/** True when a `cpu` field lets npm install on an architecture. */
function admits(values: readonly string[], architecture: string): boolean {
  const own = nodeNames[architecture] ?? architecture;
  if (values.includes(`!${own}`)) return false;
  return values.every((value) => value.startsWith("!")) || values.includes(own) || values.includes("any");
}

/** A path without the names of architectures in it: `npm/linux-/package.json`. */
function withoutNames(path: string): string {
  let text = path;
  for (const { start, end } of namesIn(path).toReversed()) text = text.slice(0, start) + text.slice(end);
  return text;
}

import type { StageModel } from "../../model.ts";
import type { FromSource } from "../../packages/minimum-versions.ts";
import type { Libc } from "../../packages/wheel.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf, unknownMark } from "../../value.ts";

/** What a stage has to compile with when a command runs in it. */
interface Toolchain {
  readonly compilers: ReadonlySet<string>;
  /** Packages that were installed by the system's package manager. */
  readonly packages: readonly string[];
  /** Everything else that its commands say: a library can also be built from source or downloaded. */
  readonly texts: string;
  /** False when the base image or a list of packages is not known, so that nothing can be said to be missing. */
  readonly isKnown: boolean;
  readonly libc: Libc;
}

/** Official images of languages on top of buildpack-deps, which has compilers and the headers of common libraries. */
const withCompilers = /^(?:python|golang|rust|node|ruby|gcc|perl|php|buildpack-deps)$/;

/** Images that have no compiler. */
const withoutCompilers =
  /^(?:debian|ubuntu|alpine|busybox|amazonlinux|fedora|centos|rockylinux|almalinux|ubi\d?(?:-minimal)?)$/;

/** The headers of buildpack-deps that packages in the table need. */
const commonHeaders =
  "libffi-dev libssl-dev libpq-dev libxml2-dev libxslt-dev libjpeg-dev zlib1g-dev libmariadb-dev libcurl4-openssl-dev libsqlite3-dev libwebp-dev libyaml-dev";

/** What a stage has to compile with behind its first `runs` RUNs (all of them when absent), what it inherits included. */
export function toolchainOf(stage: StageModel, before?: ReachedCommand): Toolchain {
  const base = baseToolchain(stage);
  const commands: ReachedCommand[] = [];
  outer: for (const run of stage.runs) {
    for (const command of run.trace.commands) {
      if (command === before) break outer;
      commands.push(command);
    }
  }
  const installed = commands.filter(isInstall).flatMap(({ words }) => words.map(textOf));
  const packages = installed
    .flatMap((text) => text.split(/\s+/))
    .filter((text) => text !== "" && !text.startsWith("-"))
    .map((text) => text.replace(/[=:].*$/, ""));
  const texts = commands
    .filter((command) => !isInstall(command) && !/^(?:pip|python)/.test(command.program))
    .flatMap(({ words }) => words.map(textOf))
    .join(" ");
  const compilers = new Set(base.compilers);
  for (const name of packages) for (const compiler of compilersOf(name)) compilers.add(compiler);
  if (/rustup|sh\.rustup\.rs/.test(texts)) compilers.add("rust");
  return {
    compilers,
    packages: [...base.packages, ...packages],
    texts: `${base.texts} ${texts}`,
    isKnown: base.isKnown && !installed.some((text) => text.includes(unknownMark)),
    libc: base.libc,
  };
}

function isInstall({ program, words }: ReachedCommand): boolean {
  return (
    /^(?:apt-get|apt|apk|dnf|microdnf|yum|zypper|aptitude)$/.test(program) &&
    words.some((word) => /^(?:install|add|in|groupinstall)$/.test(textOf(word)))
  );
}

function baseToolchain(stage: StageModel): Toolchain {
  const { base } = stage.stage;
  if (base.kind === "stage") {
    const below = stage.variant.stages.find((other) => other.stage.index === base.index);
    if (below !== undefined) return toolchainOf(below);
  }
  const reference = base.kind === "image" ? base.reference : "";
  const [, path = "", tag = ""] = /^(?:docker\.io\/)?(?:library\/)?([^:@]+)(?::([^@]+))?/.exec(reference) ?? [];
  const isAlpine = /(?:^|\/)alpine$/.test(path) || tag.includes("alpine");
  const libc: Libc = isAlpine ? "musl" : withCompilers.test(path) || withoutCompilers.test(path) ? "glibc" : "unknown";
  const empty = { packages: [], texts: "", libc };
  if (isAlpine || /slim/.test(tag) || withoutCompilers.test(path)) {
    const isKnown = isAlpine || withCompilers.test(path) || withoutCompilers.test(path);
    return { ...empty, compilers: new Set(path === "rust" ? ["c", "rust"] : []), isKnown };
  }
  if (!withCompilers.test(path)) return { ...empty, compilers: new Set(), isKnown: false };
  const compilers = new Set(["c", "c++", "fortran", ...(path === "rust" ? ["rust"] : [])]);
  return { ...empty, compilers, packages: commonHeaders.split(" "), isKnown: true };
}

/** The compilers that a package of a distribution brings. */
function compilersOf(name: string): readonly string[] {
  if (/^(?:build-essential|build-base|base-devel|g\+\+|gcc-c\+\+|clang|@?[Dd]evelopment)/.test(name))
    return ["c", "c++"];
  if (/^gcc(?:-\d+)?$/.test(name)) return ["c"];
  if (/^(?:rust|rustc|cargo|rustup)$/.test(name)) return ["rust"];
  if (/^(?:gfortran|gcc-gfortran)/.test(name)) return ["fortran"];
  return name === "cmake" ? ["cmake"] : [];
}

/**
 * What a stage lacks to compile a package: compilers and packages with headers. Empty when it has all, undefined when it cannot be told.
 */
export function missingFor(build: FromSource | undefined, toolchain: Toolchain): readonly string[] | undefined {
  if (build?.compilers.length === 0) return ["a source that can be compiled (there is none)"];
  const needed = build?.compilers ?? ["c"];
  // Whoever has a C++ compiler has one for C too; g++ alone cannot be told from gcc in images that others made.
  const compilers = needed.filter((name) => name !== "cmake" && !toolchain.compilers.has(name)).map(compilerName);
  const headers = (build?.headers ?? []).filter((name) => !hasHeaders(name, toolchain));
  const missing = [...compilers, ...headers];
  if (missing.length === 0) return [];
  return toolchain.isKnown ? missing : undefined;
}

function compilerName(name: string): string {
  return { c: "gcc", "c++": "g++", rust: "a Rust compiler", fortran: "gfortran" }[name] ?? name;
}

/** `libxslt1-dev` of Debian is libxslt-dev of Alpine and libxslt-devel of Fedora: what counts is the library. */
function hasHeaders(name: string, { packages, texts }: Toolchain): boolean {
  const stem = name
    .replace(/-dev$/, "")
    .replace(/^lib/, "")
    .replace(/\d[\d.]*g?$/, "");
  const others = { pq: "postgres", openblas: "lapack", freetds: "tds" }[stem];
  const isFor = (text: string): boolean => text.includes(stem) || (others !== undefined && text.includes(others));
  return (
    packages.some((each) => /-dev(?:el)?$/.test(each) && isFor(each)) || (stem.length >= 4 && texts.includes(stem))
  );
}

import { programOf } from "./run-script.ts";
import { unquote, type ShellCommand } from "./shell-command.ts";

/** What a command compiles; `native` is C, C++ and everything that make or CMake drive. */
export type Language = "go" | "go-cgo" | "rust" | "native" | "node" | "python" | "java" | "dotnet" | "other";

/** True when the files it makes are the same for every architecture (unless native parts are among them). */
export function isPortable(language: Language): boolean {
  return language === "java" || language === "node";
}

/** Subcommands that compile, by program. `*` is any. */
const subcommands: Readonly<Record<string, { readonly language: Language; readonly words: string }>> = {
  go: { language: "go", words: "build install test run generate" },
  "xx-go": { language: "go", words: "build install test run" },
  goreleaser: { language: "go", words: "build release" },
  mage: { language: "go", words: "*" },
  cargo: { language: "rust", words: "build b install test t run r rustc bench xbuild zigbuild chef xtask" },
  "xx-cargo": { language: "rust", words: "build install test run" },
  cross: { language: "rust", words: "build test run" },
  "wasm-pack": { language: "rust", words: "build" },
  npm: { language: "node", words: "ci install i add rebuild clean-install" },
  yarn: { language: "node", words: "install add rebuild" },
  pnpm: { language: "node", words: "install i add rebuild" },
  bun: { language: "node", words: "install i add build" },
  "node-gyp": { language: "node", words: "*" },
  poetry: { language: "python", words: "build" },
  mvn: { language: "java", words: "*" },
  mvnw: { language: "java", words: "*" },
  gradle: { language: "java", words: "*" },
  gradlew: { language: "java", words: "*" },
  javac: { language: "java", words: "*" },
  ant: { language: "java", words: "*" },
  sbt: { language: "java", words: "*" },
  dotnet: { language: "dotnet", words: "build publish restore test pack msbuild run" },
  msbuild: { language: "dotnet", words: "*" },
  swift: { language: "other", words: "build test run package" },
  zig: { language: "other", words: "build build-exe build-lib" },
  stack: { language: "other", words: "build install test" },
  cabal: { language: "other", words: "build install test v2-build v2-install" },
  ghc: { language: "other", words: "*" },
  mix: { language: "other", words: "compile release deps.compile" },
  dune: { language: "other", words: "build install" },
  nimble: { language: "other", words: "build install" },
  crystal: { language: "other", words: "build" },
  shards: { language: "other", words: "build install" },
  gem: { language: "other", words: "install" },
  bundle: { language: "other", words: "install" },
  bazel: { language: "native", words: "build run test" },
  scons: { language: "native", words: "*" },
  make: { language: "native", words: "*" },
  gmake: { language: "native", words: "*" },
  ninja: { language: "native", words: "*" },
  cmake: { language: "native", words: "*" },
  meson: { language: "native", words: "setup compile build install" },
  configure: { language: "native", words: "*" },
  rustc: { language: "rust", words: "*" },
  "xx-clang": { language: "native", words: "*" },
};

/** A compiler of C or C++, also with the triple of a target before it. */
const compiler = /^(?:[a-z0-9_]+(?:-[a-z0-9_]+)*-)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+)(?:-[0-9.]+)?$/;

/** Programs that only ask: versions and help. */
const questions = new Set([
  "--version",
  "-v",
  "-V",
  "--help",
  "-h",
  "version",
  "-dumpmachine",
  "--print-target-triple",
]);

/** Programs whose language depends on what the project is: the base image tells. */
const drivers = new Set(["make", "gmake", "ninja", "bazel", "configure", "meson", "cmake"]);

/**
 * The language that a command compiles, or undefined when it compiles nothing. `base` is the base image of the stage (it tells what make
 * builds); `hasToolchain` says whether the stage installs compilers (then pip builds from source).
 */
export function compiledLanguage(command: ShellCommand, base: string, hasToolchain: boolean): Language | undefined {
  const program = programOf(command);
  const words = command.words.slice(1).map(unquote);
  if (words.length === 1 && questions.has(words[0] ?? "")) return undefined;
  if (compiler.test(program)) return words.length === 0 ? undefined : "native";
  const python = pythonCompiles(program, words, hasToolchain);
  if (python) return "python";
  const known = Object.hasOwn(subcommands, program) ? subcommands[program] : undefined;
  if (known === undefined) return undefined;
  const isBareYarn = program === "yarn" && words.every((word) => word.startsWith("-"));
  const compiles = known.words === "*" || isBareYarn || words.some((word) => known.words.split(" ").includes(word));
  // `cargo chef prepare` only lists dependencies.
  if (!compiles || (words.includes("chef") && !words.includes("cook"))) return undefined;
  if (known.language === "go" && usesCgo(command)) return "go-cgo";
  return drivers.has(program) ? (languageOfBase(base) ?? known.language) : known.language;
}

function usesCgo({ assignments }: ShellCommand): boolean {
  return assignments.some(({ name, value }) => (name === "CGO_ENABLED" && unquote(value) === "1") || name === "CC");
}

function pythonCompiles(program: string, words: readonly string[], hasToolchain: boolean): boolean {
  if (/^python[0-9.]*$/.test(program)) {
    if (words[0] === "-m") return pythonCompiles(words[1] ?? "", words.slice(2), hasToolchain);
    return /^setup\.py$/.test(words[0] ?? "") && words.some((word) => /^(?:build|install|bdist)/.test(word));
  }
  const isPip = /^pip[0-9.]*$/.test(program) || (program === "uv" && words[0] === "pip");
  if (!isPip) return program === "build" && words.includes("--wheel");
  if (words.includes("wheel")) return true;
  if (!words.includes("install")) return false;
  if (words.some((word) => word.startsWith("--only-binary"))) return false;
  return hasToolchain || words.some((word) => word.startsWith("--no-binary"));
}

/** What an official tool-chain image is for. */
function languageOfBase(base: string): Language | undefined {
  const name = base
    .replace(/@.*$/, "")
    .replace(/:[^/:]*$/, "")
    .replace(/^.*\//, "");
  if (/^golang|^go$/.test(name)) return "go";
  if (name.startsWith("rust")) return "rust";
  if (/^(?:node|bun)$/.test(name)) return "node";
  if (/^(?:maven|gradle|openjdk|eclipse-temurin|amazoncorretto)/.test(name)) return "java";
  return undefined;
}

/** True when a command tells its compiler a target, whichever it is: by a variable or an option. */
export function choosesTarget({ assignments, words }: ShellCommand): boolean {
  const variables = /^(?:GOARCH|CARGO_BUILD_TARGET|CC|CXX|CROSS_COMPILE)$/;
  return (
    assignments.some(({ name }) => variables.test(name)) ||
    words.some((word) =>
      /^--?(?:target|host|arch|runtime)\b|^(?:-a|-r)$|^(?:GOARCH|CC|CROSS_COMPILE|ARCH|TARGET)=/.test(word),
    )
  );
}

/** True when a command installs compilers by a package manager. */
export function installsToolchain(command: ShellCommand): boolean {
  const manager = /^(?:apt-get|apt|apk|dnf|microdnf|yum|zypper|pacman)$/.test(programOf(command));
  return (
    manager &&
    command.words.some((word) =>
      /^["']?(?:build-essential|build-base|gcc|g\+\+|clang|gcc-c\+\+|base-devel|make|cmake)\b/.test(word),
    )
  );
}

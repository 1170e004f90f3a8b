import type { Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";
import type { Change } from "../change.ts";

/** How one command is made to compile for the target: what stands before it, what it gets besides, and what follows it. */
export interface CrossCommand {
  readonly changes: readonly Change[];
  /** Compilers that it needs for the target. */
  readonly compilers: readonly ("gcc" | "g++")[];
  /** True when it needs the name of Rust's target. */
  readonly rust?: boolean;
  /** True when it needs Go's name of the operating system. */
  readonly go?: boolean;
}

/** A command that cannot be changed, and why. */
export interface RefusedCommand {
  readonly refused: string;
}

/** What the sources of a stage hold besides their main language. */
export interface Sources {
  /** A Go program that has C in it. */
  readonly cgo: boolean;
  /** C++, whose compiler is another package than that of C. */
  readonly cxx: boolean;
}

/** Changes a command that compiles; undefined for one that compiles nothing. */
export function crossCommand(
  command: ReachedCommand,
  { cgo, cxx }: Sources,
): CrossCommand | RefusedCommand | undefined {
  const compilers = cxx ? (["gcc", "g++"] as const) : (["gcc"] as const);
  const words = command.words.map(textOf);
  const [, subcommand = ""] = words;
  switch (command.program) {
    case "go":
      return subcommand === "install" && !words.includes("-o")
        ? { refused: "go install puts programs for another architecture into a folder of their own; use go build -o." }
        : subcommand === "build"
          ? goBuild(command, cgo)
          : undefined;
    case "cargo":
      return subcommand === "build" || subcommand === "b" ? cargoBuild(command, words) : undefined;
    case "configure":
      return { changes: [append(command, ' --host="$triplet"')], compilers };
    case "cmake":
      return words.includes("--build") || words.includes("--install") || words.includes("-P")
        ? undefined
        : { changes: [insertArguments(command, cxx ? [...cmakeArguments, cmakeCxx] : cmakeArguments)], compilers };
    case "make":
    case "gmake":
      return {
        changes: [insertArguments(command, ['CC="$triplet-gcc"', ...(cxx ? ['CXX="$triplet-g++"'] : [])])],
        compilers,
      };
    case "gcc":
    case "cc":
      return replaceProgram(command, '"$triplet-gcc"', "gcc");
    case "g++":
    case "c++":
      return replaceProgram(command, '"$triplet-g++"', "g++");
    default:
      return undefined;
  }
}

const cmakeArguments = ["-DCMAKE_SYSTEM_NAME=Linux", '-DCMAKE_C_COMPILER="$triplet-gcc"'];

const cmakeCxx = '-DCMAKE_CXX_COMPILER="$triplet-g++"';

function goBuild(command: ReachedCommand, usesCgo: boolean): CrossCommand {
  const set = new Set(command.assignments.map(({ name }) => name));
  const wanted = [
    ["GOOS", "GOOS=$TARGETOS"],
    ["GOARCH", "GOARCH=$TARGETARCH"],
    ...(usesCgo
      ? [
          ["CGO_ENABLED", "CGO_ENABLED=1"],
          ["CC", 'CC="$triplet-gcc"'],
        ]
      : []),
  ].flatMap(([name = "", text = ""]) => (set.has(name) ? [] : [text]));
  return {
    changes: [{ place: startOf(command.place), text: `${wanted.join(" ")} ` }],
    compilers: usesCgo ? ["gcc"] : [],
    go: true,
  };
}

function cargoBuild(command: ReachedCommand, words: readonly string[]): CrossCommand | RefusedCommand {
  if (words.some((word) => /^--(?:target|target-dir)\b/.test(word))) {
    return { refused: "cargo is told its target or its folder already." };
  }
  const profile = words.includes("--release") || words.includes("-r") ? "release" : "debug";
  return {
    // The programs move to where they are without a target, so that the lines that copy them stay right.
    changes: [
      { place: startOf(command.place), text: 'CARGO_BUILD_TARGET="$target" RUSTFLAGS="-C linker=$triplet-gcc" ' },
      append(command, ` && rm -rf target/${profile} && mv "target/$target/${profile}" target/${profile}`),
    ],
    compilers: ["gcc"],
    rust: true,
  };
}

function replaceProgram(command: ReachedCommand, text: string, compiler: "gcc" | "g++"): CrossCommand | RefusedCommand {
  const place = command.words[0]?.pieces[0]?.place;
  if (place === undefined) return { refused: `The place of ${command.program} is not known.` };
  return { changes: [{ place, text }], compilers: [compiler] };
}

function insertArguments(command: ReachedCommand, words: readonly string[]): Change {
  const place = command.words[0]?.pieces.at(-1)?.place ?? command.place;
  return { place: endOf(place), text: ` ${words.join(" ")}` };
}

function append(command: ReachedCommand, text: string): Change {
  return { place: endOf(command.place), text };
}

function startOf({ path, line, column }: Place): Place {
  return { path, line, column, endLine: line, endColumn: column };
}

function endOf({ path, endLine, endColumn }: Place): Place {
  return { path, line: endLine, column: endColumn, endLine, endColumn };
}

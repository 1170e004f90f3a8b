import { posix } from "node:path";
import type { Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { ReachedCommand } from "../../shell/trace.ts";
import { dependsOnPlatform, textOf, unknownMark, type Value } from "../../value.ts";

/** A file that a Makefile, a script or a CI step makes outside of any image. */
export interface HostProduct {
  /** Relative to the repository when `rooted`; else as far as it is known, and what stands before it is not (`$(CURDIR)/bin/app`). */
  readonly path: string;
  readonly rooted: boolean;
  /** True for a folder that holds the products (`go build -o bin/`, `cargo build`). */
  readonly isFolder: boolean;
  /** `compiled`: from sources to machine code. `staged`: a copy of another file, put where a build finds it. */
  readonly kind: "compiled" | "staged";
  /** What makes it, for messages: `go build`. */
  readonly tool: string;
  readonly place: Place;
  readonly execution: Execution;
  /** The architecture that it is told to make code for; undefined when it makes code for its own machine. */
  readonly target?: { readonly text: string; readonly dependsOnPlatform: boolean };
  /** For `staged`: what is copied. */
  readonly from?: readonly string[];
}

/** A command line that makes machine code, and where its result goes. */
interface Compiler {
  readonly tool: string;
  readonly pattern: RegExp;
  /** Result when the line does not name one. */
  readonly folder?: string;
}

/** One option's value: `-o FILE`, `-oFILE`, `--output=FILE`. */
const output = String.raw`[^\n;&|]*?\s(?:-o|--output|--out)(?:[= ]\s*|(?=[^\s-]))["']?([^\s;&|"']+)`;

const compilers: readonly Compiler[] = [
  {
    tool: "go build",
    pattern: new RegExp(String.raw`\b(?:go|garble|xx-go|gotip)\s+(?:build|test\s+-c)\b${output}`, "g"),
  },
  { tool: "gox", pattern: new RegExp(String.raw`\bgox\b[^\n;&|]*?\s-output[= ]["']?([^\s;&|"']+)`, "g") },
  { tool: "cargo build", pattern: /\b(?:cargo|cross)\s+(?:\+\S+\s+)?build\b()/g, folder: "target" },
  {
    tool: "a compiler",
    pattern: new RegExp(
      String.raw`(?:^|[\s/;&|-])(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|rustc|swiftc|ldc2|ghc)(?:-[\d.]+)?\s${output}`,
      "g",
    ),
  },
  {
    tool: "dotnet publish",
    pattern: new RegExp(String.raw`\bdotnet\s+publish\b(?=[^\n;&|]*\s(?:-r|--runtime|--self-contained))${output}`, "g"),
  },
];

/** Commands that put a file where a build finds it. */
const stagers: ReadonlySet<string> = new Set(["cp", "mv", "install", "ln"]);

/** All files that the repository's Makefiles, scripts and CI steps make outside of images, for all platforms. */
export function hostProducts(model: Model): HostProduct[] {
  return model.executions.flatMap((execution) => {
    if (execution.scope !== "host" && execution.scope !== "runner") return [];
    return execution.trace.commands.flatMap((command) => productsOf(command, execution));
  });
}

function productsOf(command: ReachedCommand, execution: Execution): HostProduct[] {
  if (stagers.has(command.program)) return staged(command, execution);
  const line = command.words.map(textOf).join(" ");
  // Cheap first: most commands have nothing to do with compilers.
  if (!/\b(?:go|cargo|cross|gox|g?cc|clang|rustc|dotnet|garble|g\+\+|c\+\+|swiftc|ldc2|ghc|gotip)/.test(line))
    return [];
  return compilers.flatMap(({ tool, pattern, folder }) => {
    return [...line.slice(0, 20_000).matchAll(pattern)].map(([matched, path = ""]): HostProduct => {
      const target = targetOf(command, `${line.slice(0, line.indexOf(matched))} ${matched}`);
      return {
        ...resolve(folder ?? path, command),
        isFolder: folder !== undefined || path.endsWith("/"),
        kind: "compiled",
        tool,
        place: command.place,
        execution,
        ...(target === undefined ? {} : { target }),
      };
    });
  });
}

function staged(command: ReachedCommand, execution: Execution): HostProduct[] {
  const words = command.words.slice(1).filter((word) => !textOf(word).startsWith("-"));
  const destination = words.at(-1);
  const sources = words.slice(0, -1).map((word) => resolve(textOf(word), command).path);
  if (destination === undefined || sources.length === 0) return [];
  const text = textOf(destination);
  // Whether the destination is a folder is not known: then both are candidates.
  const names = sources.map((source) => posix.basename(source));
  const [name = ""] = names;
  const paths = new Set([
    ...names.map((each) => `${text.replace(/\/$/, "")}/${each}`),
    ...(text.endsWith("/") || sources.length > 1 || posix.basename(text) === name ? [] : [text]),
    ...(posix.basename(text) === name ? [text] : []),
  ]);
  return [...paths].map((path) => ({
    ...resolve(path, command),
    isFolder: false,
    kind: "staged",
    tool: command.program,
    place: command.place,
    execution,
    from: sources,
  }));
}

/** The architecture that a command compiles for, when it is told one: `GOARCH=arm64 go build`, `cargo build --target …`. */
function targetOf(command: ReachedCommand, line: string): HostProduct["target"] {
  const variable = (value: Value) => ({ text: textOf(value), dependsOnPlatform: dependsOnPlatform(value) });
  const own = command.assignments.find(({ name }) => isTarget(name));
  if (own !== undefined) return variable(own.value);
  const written =
    /\b(?:GOARCH|TARGETARCH)=["']?([^\s"';&|]+)|--(?:target|runtime|arch)[= ]["']?(\S+)|\s-r\s+(\S+)/.exec(line);
  const text = written?.[1] ?? written?.[2] ?? written?.[3];
  if (text !== undefined) {
    const word = command.words.find((each) => textOf(each).includes(text));
    return { text, dependsOnPlatform: word !== undefined && dependsOnPlatform(word) };
  }
  const exported = ["GOARCH", "CARGO_BUILD_TARGET"].map((name) => command.variable(name));
  const found = exported.find((each) => each?.exported === true);
  return found === undefined ? undefined : variable(found.value);
}

function isTarget(name: string): boolean {
  return name === "GOARCH" || name === "CARGO_BUILD_TARGET";
}

/** A path of a command, from the root of the repository where the folder that the command runs in is known. */
function resolve(path: string, { directory }: ReachedCommand): Pick<HostProduct, "path" | "rooted"> {
  const known = path.startsWith(unknownMark) ? path.slice(1) : path;
  const rooted = directory !== undefined && !posix.isAbsolute(directory) && !posix.isAbsolute(known) && known === path;
  const whole = posix.normalize(rooted ? posix.join(directory, path) : known);
  return { path: whole.replace(/^\/+|\/+$/g, ""), rooted };
}

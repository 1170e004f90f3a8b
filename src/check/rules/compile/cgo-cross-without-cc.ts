import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, unknownMark, type Value } from "../../value.ts";
import {
  commandsOf,
  compilerArchitecture,
  goArchitecture,
  goSystem,
  isGoBuild,
  variableOf,
  type BuildCommand,
} from "./build-command.ts";

const id = "cgo-cross-without-cc";

/** Finds Go programs with C code that are cross-compiled with the builder's own C compiler. */
export const cgoCrossWithoutCc: Rule = {
  id,
  severity: "error",
  page: {
    title: "cgo cross-compiles without a C compiler of the target",
    what: "A `go build` with `CGO_ENABLED=1` that runs on the build platform for another one, with no `CC`, or one that is for another architecture. Every pair of builder and target is evaluated, so a file that is right on amd64 builders alone is found too.",
    why: "Go calls the C compiler in `CC` (gcc by default) with options for the target's architecture. The builder's own compiler does not know them.",
    symptom:
      "`gcc: error: unrecognized command-line option '-marm'`, `gcc_arm64.S: Assembler messages: Error: no such instruction: stp x29,x30,[sp,...`.",
    fix: "Let tonistiigi/xx choose the compiler, or set CC for every target and install it:\n\n```dockerfile\nFROM --platform=$BUILDPLATFORM tonistiigi/xx AS xx\nFROM --platform=$BUILDPLATFORM golang:1.24 AS build\nCOPY --from=xx / /\nRUN apt-get update && apt-get install -y clang lld\nARG TARGETPLATFORM\nRUN xx-apt-get install -y libc6-dev gcc\nRUN CGO_ENABLED=1 xx-go build -o /app . && xx-verify /app\n```",
    ignore: "The builder has a compiler for every target under the name gcc.",
  },
  *find(model) {
    for (const build of commandsOf(model, (program) => program === "go")) {
      const problem = problemOf(build);
      if (problem !== undefined) yield problem;
    }
  },
};

function problemOf(build: BuildCommand): Problem | undefined {
  const { execution, command } = build;
  const { machine, target, place: run } = execution;
  if (execution.kind !== "run" || !isGoBuild(build) || samePlatform(machine, target)) return undefined;
  const cgo = variableOf(command, "CGO_ENABLED");
  if (cgo === undefined || textOf(cgo) !== "1") return undefined;
  const system = goSystem(command);
  if (system !== undefined && system !== "linux") return undefined;
  const goarch = variableOf(command, "GOARCH");
  // Without GOARCH the program is for the builder: target-not-propagated tells that.
  if (goarch === undefined || goArchitecture(goarch) !== target.architecture) return undefined;
  if (machine.architecture === target.architecture) return undefined;
  const cc = variableOf(command, "CC");
  const text = cc === undefined || isUnset(cc, build) ? "" : textOf(cc).trim();
  if (text.includes(unknownMark) || /\b(?:zig|xx-|musl-gcc\.specs)/.test(text)) return undefined;
  if (/--?target[= ]/.test(text)) return undefined;
  const architecture = compilerArchitecture(text);
  if (architecture === target.architecture) return undefined;
  const compiler = text === "" ? "the builder's own gcc" : text;
  const isUsual = machine.architecture === "amd64";
  return {
    rule: id,
    ...(isUsual ? {} : { severity: "warning" as const }),
    message: `On a ${formatPlatform(machine)} builder, cgo compiles C for ${formatPlatform(target)} with ${compiler}, which makes code for ${architecture ?? machine.architecture}.`,
    platforms: [target],
    place: command.place,
    related: [{ place: run, message: "the RUN" }],
    advice: "Use tonistiigi/xx (xx-go), or set CC to a cross compiler for every target.",
    key: [id, command.place.path, command.place.line].join("\0"),
  };
}

/** `CC=$CC` where nothing set it before: Go's and the distributions' images have no such variable. */
function isUnset({ pieces }: Value, { execution }: BuildCommand): boolean {
  const base = execution.stage?.stage.base;
  const isOfficial = base?.kind === "image" && /^(?:golang|debian|ubuntu|alpine)(?:[:@]|$)/.test(base.reference);
  return isOfficial && pieces.every(({ source, through }) => source === "unknown" && through?.at(-1) === "CC");
}

import { crossCompileHint } from "../../../dockerfile/cross-hint.ts";
import type { Platform } from "../../../platform/platform.ts";
import type { CheckFinding } from "../../check.ts";
import type { Execution, StageModel } from "../../model.ts";
import type { Repository } from "../../repository/repository.ts";
import { textOf } from "../../value.ts";
import type { Change } from "../change.ts";
import { declareArg, instructionAt, placeOfRange } from "../dockerfile-place.ts";
import type { Fix, FixContext, Fixer } from "../fixer.ts";
import { architectureCase } from "../shell-text.ts";
import { crossCommand, type CrossCommand } from "./commands.ts";
import { crossToolChain, installToolChain } from "./tool-chain.ts";

/**
 * `emulated-compile`: lets a stage run on the builder and compile for the target, for Go (with and without C), Rust, and C and C++ with autotools, CMake
 * and plain make, on bases that install packages with apt.
 */
export const crossCompile: Fixer = (finding, context): Fix => {
  const place = instructionAt(context.model, finding.path, finding.line ?? 0);
  const stage = stageOf(finding, context);
  if (place?.instruction.keyword !== "FROM" || stage === undefined) {
    return { refused: "The stage of the finding is not known." };
  }
  const refuse = (refused: string): Fix => ({
    refused,
    instead: `Pattern:\n${crossCompileHint("native", { base: place.instruction.keyword === "FROM" ? place.instruction.base.text : "", name: place.stage?.name })}`,
  });
  if (place.instruction.flags.length > 0) return refuse("Its FROM has a platform already.");
  const { repository } = context.model;
  const sources = {
    cgo: usesC(stage, repository),
    cxx: repository.files.some((file) => /\.(?:cc|cpp|cxx|hpp|hh)$/.test(file.path)),
  };
  const isGo = repository.files.some((file) => /(?:^|\/)go\.mod$/.test(file.path));
  const changes: Change[] = [];
  let needsC = false;
  for (const run of stage.runs) {
    const commands: CrossCommand[] = [];
    for (const command of run.trace.commands) {
      const changed = crossCommand(command, sources);
      if (changed === undefined) continue;
      if ("refused" in changed) return refuse(changed.refused);
      if (isGo && /^g?make$/.test(command.program))
        return refuse(
          "make decides here how Go is compiled: give it GOOS=$TARGETOS GOARCH=$TARGETARCH, if its Makefile takes them.",
        );
      if (command.through.length > 0)
        return refuse(`${command.program} is called by a script (${command.place.path}).`);
      commands.push(changed);
    }
    if (commands.length === 0) continue;
    needsC ||= commands.some(({ compilers }) => compilers.length > 0);
    const prepared = prepareRun(run, commands, context);
    if ("refused" in prepared) return refuse(prepared.refused);
    changes.push(...prepared.changes, ...commands.flatMap((command) => command.changes));
  }
  const reason = needsC ? whyNoToolChain(stage) : undefined;
  if (reason !== undefined) return refuse(reason);
  if (changes.length === 0) return refuse("No command of it is one that can be told its target.");
  const { range } = place.instruction.base;
  const at = placeOfRange(finding.path, { start: range.start, end: range.start });
  return {
    title: "Compile for the target on the builder itself, instead of under emulation",
    changes: [{ place: at, text: "--platform=$BUILDPLATFORM " }, ...changes],
    rewrites: true,
  };
};

function stageOf({ path, line }: CheckFinding, { model }: FixContext): StageModel | undefined {
  return model.dockerfiles
    .filter((file) => file.path === path)
    .flatMap(({ variants }) => variants)
    .flatMap(({ stages }) => stages)
    .find(({ from }) => from.line === line);
}

/** Why no tool-chain of C for the target can be installed into a stage; pure Go needs none. */
function whyNoToolChain({ runs, base }: StageModel): string | undefined {
  const reference = base === undefined ? "" : textOf(base);
  const commands = runs.flatMap(({ trace }) => trace.commands);
  if (/alpine/.test(reference) || commands.some(({ program }) => program === "apk")) {
    return "Alpine has no cross compilers in packages; tonistiigi/xx brings one.";
  }
  const installed = commands
    .filter(({ program }) => program === "apt-get" || program === "apt")
    .flatMap(({ words }) => words.map(textOf))
    .filter((word) => /-dev(?:[:=]|$)/.test(word) && !/^(?:libc6|linux-libc)-dev/.test(word));
  const [library] = installed;
  if (library !== undefined) return `It links with ${library}, which would be needed for the target too.`;
  return undefined;
}

/** True when the Go program of the stage has C in it: it says so, or imports "C". */
function usesC({ runs, variables }: StageModel, repository: Repository): boolean {
  const settings = [
    ...runs.flatMap(({ trace }) => trace.commands.flatMap(({ assignments }) => assignments)),
    ...variables,
  ].filter(({ name }) => name === "CGO_ENABLED");
  if (settings.some(({ value }) => textOf(value) === "0")) return false;
  if (settings.some(({ value }) => textOf(value) === "1")) return true;
  return repository.files.some(({ path }) => {
    return path.endsWith(".go") && !path.includes("vendor/") && /^import "C"$/m.test(repository.text(path) ?? "");
  });
}

/** The table of tool-chains before a RUN, and the arguments that it needs. */
function prepareRun(
  run: Execution,
  commands: readonly CrossCommand[],
  context: FixContext,
): { readonly changes: readonly Change[] } | { readonly refused: string } {
  const place = instructionAt(context.model, run.place.path, run.place.line);
  if (place?.instruction.keyword !== "RUN" || place.instruction.command.form !== "shell") {
    return { refused: "A RUN in JSON form has no shell that could choose a compiler." };
  }
  if (place.instruction.heredocs.length > 0) return { refused: "Its commands stand in a here-document." };
  const compilers = [...new Set(commands.flatMap((command) => command.compilers))];
  const needed = [...(commands.some(({ go }) => go === true) ? ["TARGETOS"] : []), "TARGETARCH"];
  const missing = needed.flatMap((name) => declareArg(place, name));
  if (compilers.length === 0) return { changes: missing };
  const isRust = commands.some(({ rust }) => rust === true);
  const lines = [];
  for (const platform of context.platforms) {
    const line = tableLine(platform, isRust);
    if (line === undefined) return { refused: `Debian has no cross compiler for ${platform.architecture}.` };
    lines.push(line);
  }
  const { start } = place.instruction.command.script.range;
  const table = architectureCase("${TARGETARCH}", lines, { indent: "    ", lineEnd: " \\" });
  const steps = [
    table,
    installToolChain(compilers),
    ...(isRust ? ['{ ! command -v rustup >/dev/null || rustup target add "$target"; }'] : []),
  ];
  const at = placeOfRange(run.place.path, { start, end: start });
  return { changes: [...missing, { place: at, text: `${steps.join(" \\\n && ")} || exit 1; \\\n    ` }] };
}

function tableLine(
  platform: Platform,
  isRust: boolean,
): { readonly pattern: string; readonly assignments: readonly string[] } | undefined {
  const tools = crossToolChain(platform);
  if (tools === undefined || (isRust && tools.rustTarget === undefined)) return undefined;
  return {
    pattern: platform.architecture,
    assignments: [
      `triplet=${tools.triplet}`,
      `package=${tools.packageTriplet}`,
      `debian=${tools.debian}`,
      ...(isRust ? [`target=${tools.rustTarget ?? ""}`] : []),
    ],
  };
}

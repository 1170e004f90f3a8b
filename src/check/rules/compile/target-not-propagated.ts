import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import type { DockerfileVariant, Model, StageModel } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, unknownMark } from "../../value.ts";
import { commandsOf, goArchitecture, goSystem, isGoBuild, variableOf, type BuildCommand } from "./build-command.ts";

const id = "target-not-propagated";

/** Finds stages that compile on the builder's platform and do not tell the compiler the target. */
export const targetNotPropagated: Rule = {
  id,
  severity: "error",
  page: {
    title: "A stage on the build platform compiles for the builder",
    what: "A stage on `$BUILDPLATFORM` that compiles a Go, Rust or C program and does not tell the compiler the target, while another stage copies the program into the image. Also a stage that compiles for the machine while its siblings in the same file cross-compile for one fixed architecture.",
    why: "A compiler makes programs for the machine that it runs on, unless it is told otherwise. On the build platform that is the builder's architecture, whatever image is asked for.",
    symptom: "The image for arm64 holds a program for amd64: `exec /app: exec format error`.",
    fix: "Pass the target on:\n\n```diff\n FROM --platform=$BUILDPLATFORM golang:1.24 AS build\n+ARG TARGETOS TARGETARCH\n-RUN CGO_ENABLED=0 go build -o /app .\n+RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .\n```\n\nFor Rust and C, tonistiigi/xx does it (`xx-cargo`, `xx-clang`).",
    ignore: "The program is a tool for the build itself, and the copy of it into the image is not run.",
  },
  *find(model) {
    const commands = commandsOf(model, (program) => /^(?:go|cargo|gcc|g\+\+|cc|c\+\+|clang|clang\+\+)$/.test(program));
    for (const build of commands) {
      const problem = forBuilder(build);
      if (problem !== undefined) yield problem;
    }
    yield* unlikeSiblings(commands, model);
  },
};

/** A command in a stage on the build platform that makes a program for the builder. */
function forBuilder(build: BuildCommand): Problem | undefined {
  const { execution, command } = build;
  const { stage, machine, target } = execution;
  if (stage === undefined || stage.role !== "build" || command.guarded) return undefined;
  if (machine.architecture === target.architecture || !isUntold(build)) return undefined;
  const copy = copyOf(build, stage);
  if (copy === undefined) return undefined;
  return {
    rule: id,
    ...(copy.isCertain ? {} : { severity: "warning" as const }),
    message: `This stage runs on the build platform, and ${command.program} is not told the target: on a ${formatPlatform(machine)} builder the program is for ${machine.architecture}, not for ${formatPlatform(target)}.`,
    platforms: [target],
    place: command.place,
    related: [
      { place: stage.from, message: "the stage is on the build platform" },
      { place: copy.place, message: "copies the program into the image" },
    ],
    advice:
      command.program === "go"
        ? "Write GOARCH=$TARGETARCH before it, with ARG TARGETARCH in the stage."
        : "Tell the compiler the target, for example with tonistiigi/xx.",
    key: [id, command.place.path, command.place.line].join("\0"),
  };
}

/** True when nothing tells the compiler a platform, as far as that is known. */
function isUntold(build: BuildCommand): boolean {
  const { command, texts } = build;
  if (texts.some((text) => text.includes(unknownMark) && /target|arch/i.test(text))) return false;
  switch (command.program) {
    case "go": {
      const system = goSystem(command);
      const goarch = variableOf(command, "GOARCH");
      return (
        isGoBuild(build) &&
        (system === undefined || system === "linux") &&
        (goarch === undefined || textOf(goarch) === "")
      );
    }
    case "cargo":
      return (
        texts.some((text) => /^(?:build|b|install)$/.test(text)) &&
        !texts.some((text) => text.startsWith("--target") && !text.startsWith("--target-dir")) &&
        variableOf(command, "CARGO_BUILD_TARGET") === undefined
      );
    default:
      return (
        texts.includes("-o") &&
        !texts.some((text) => /^-(?:-target|target|m(?:arch|cpu))\b/.test(text)) &&
        !texts.includes("-c")
      );
  }
}

/** The COPY that takes the program into another stage that becomes the image; certain when the paths match. */
function copyOf(
  { command, texts }: BuildCommand,
  { stage, variant }: StageModel,
): { place: Problem["place"]; isCertain: boolean } | undefined {
  const copies = variant.stages
    .filter((other) => other.isFinal)
    .flatMap((other) => other.copies)
    .filter(({ from }) => from.kind === "stage" && from.index === stage.index);
  const output = outputOf(command.program, texts);
  const sources = copies.flatMap((copy) => copy.sources.map((source) => ({ copy, path: textOf(source) })));
  if (output !== undefined) {
    const name = output.slice(output.lastIndexOf("/") + 1);
    const found = sources.find(({ path }) => {
      const clean = path.replace(/\/$/, "");
      return (
        clean.includes(unknownMark) || clean === output || clean.endsWith(`/${name}`) || output.startsWith(`${clean}/`)
      );
    });
    return found === undefined ? undefined : { place: found.copy.place, isCertain: !found.path.includes(unknownMark) };
  }
  const folder = command.program === "cargo" ? /(?:^|\/)target(?:\/|$)|\/release\// : /(?:^|\/)bin(?:\/|$)/;
  const found = sources.find(({ path }) => folder.test(path));
  return found === undefined ? undefined : { place: found.copy.place, isCertain: command.program === "cargo" };
}

/** The file that a compiler is told to write. */
function outputOf(program: string, texts: readonly string[]): string | undefined {
  const at = texts.indexOf("-o");
  const text = at >= 0 ? texts[at + 1] : texts.find((each) => program === "go" && each.startsWith("-o="))?.slice(3);
  return text === undefined || text.includes(unknownMark) || text === ""
    ? undefined
    : text.replace(/^\.\//, "").replace(/\/$/, "");
}

/** Stages that compile for the machine although several siblings compile for one fixed architecture. */
function* unlikeSiblings(commands: readonly BuildCommand[], { dockerfiles }: Model): Generator<Problem> {
  for (const { variants } of dockerfiles) {
    for (const variant of variants) yield* unlikeSiblingsIn(variant, commands);
  }
}

function* unlikeSiblingsIn(variant: DockerfileVariant, commands: readonly BuildCommand[]): Generator<Problem> {
  const own = commands.filter(
    ({ execution }) => execution.stage?.variant === variant && samePlatform(execution.target, variant.platform),
  );
  const builds = own.filter((build) => isGoBuild(build));
  const fixed = new Set<StageModel>();
  const fixedFor = new Set<string>();
  const plain = new Map<StageModel, BuildCommand>();
  for (const build of builds) {
    const { stage } = build.execution;
    if (stage === undefined || stage.isFinal) continue;
    const value = variableOf(build.command, "GOARCH");
    const architecture = value === undefined ? undefined : goArchitecture(value);
    if (architecture !== undefined && architecture !== build.execution.machine.architecture) {
      fixed.add(stage);
      fixedFor.add(architecture);
    } else if (value === undefined && !plain.has(stage)) plain.set(stage, build);
  }
  const [architecture] = fixedFor;
  if (fixed.size < 2 || fixedFor.size !== 1 || architecture === undefined) return;
  for (const [stage, { command, execution }] of plain) {
    if (stage.role !== "target" || !isCopied(stage, variant)) continue;
    yield {
      rule: id,
      message: `The other stages of this file compile for ${architecture}, and this one for the machine (${execution.machine.architecture}): their programs end in one image.`,
      platforms: [variant.platform],
      place: stage.from,
      related: [{ place: command.place, message: "compiles for the machine" }],
      advice: "Begin it from the same stage as its siblings, or let all of them follow TARGETARCH.",
      key: [id, stage.from.path, stage.from.line].join("\0"),
    };
  }
}

function isCopied({ stage }: StageModel, { stages }: DockerfileVariant): boolean {
  return stages.some(({ copies }) => copies.some(({ from }) => from.kind === "stage" && from.index === stage.index));
}

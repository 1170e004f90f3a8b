import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, type Value } from "../../value.ts";
import { isStageOfPair } from "../base/stages.ts";
import {
  commandsOf,
  compilerArchitecture,
  goArchitecture,
  goSystem,
  isFixed,
  isForArchitecture,
  isGoBuild,
  isInChoice,
  placeOf,
  variableOf,
  type BuildCommand,
} from "./build-command.ts";

const id = "goarch-hardcoded";

/** Programs that drive a build, and take GOARCH or CC from their environment or their arguments. */
const drivers = /^(?:go|make|gmake|mage|gox|bazel|configure|cmake|ninja|meson|gcc|cc|sh|bash)$/;

/** Finds Go (and C) programs that are compiled for one fixed architecture. */
export const goarchHardcoded: Rule = {
  id,
  severity: "error",
  page: {
    title: "A program is compiled for one fixed architecture",
    what: "A `go build` (or a build that make drives) that is reached for a requested platform with another platform's GOARCH, and compilers of one other architecture (`CC=arm-linux-gnueabihf-gcc`). Release loops that also compile for the platform, programs for Windows and macOS, and choices by `case` or `if` raise nothing.",
    why: "The compiler makes a program for the architecture that it is told, whatever the image is for. The image then carries the label of one platform and the program of another.",
    symptom: "`exec /app: exec format error` when the container starts.",
    fix: "In a stage of the target's own platform take GOARCH away; in a stage on `$BUILDPLATFORM` take the target's:\n\n```diff\n FROM --platform=$BUILDPLATFORM golang:1.24 AS build\n+ARG TARGETARCH\n-RUN CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -o /app .\n+RUN CGO_ENABLED=0 GOOS=linux GOARCH=$TARGETARCH go build -o /app .\n```",
    ignore:
      "The program is meant to run on that architecture only, for example as an agent that is sent to other machines.",
  },
  *find(model) {
    const commands = commandsOf(model, (program) => drivers.test(program));
    const builds = new Map(model.platforms.map((platform) => [formatPlatform(platform), siblings(commands, platform)]));
    for (const build of commands) {
      const covered = builds.get(formatPlatform(build.execution.target));
      yield* problemOf(build, covered ?? new Set(), model);
    }
    yield* fixedFlags(model);
  },
};

/** The files in which some command compiles for a platform, whatever the machine is: their loops and lists are for all. */
function siblings(commands: readonly BuildCommand[], platform: Platform): ReadonlySet<string> {
  return new Set(
    commands.flatMap(({ command, execution }) => {
      const value = variableOf(command, "GOARCH");
      if (value === undefined || goArchitecture(value) !== platform.architecture) return [];
      // A build stage takes TARGETARCH; that says nothing about a constant in another stage.
      return isFixed(value) || execution.kind !== "run" ? [keyOf(execution.place)] : [];
    }),
  );
}

/** A RUN is on its own; of a script or a Makefile all parts belong together. */
function keyOf({ path, line }: Place): string {
  return /Dockerfile|Containerfile/.test(path) ? `${path}:${line}` : path;
}

function* problemOf(build: BuildCommand, covered: ReadonlySet<string>, model: Model): Generator<Problem> {
  const { command, execution } = build;
  const { target } = execution;
  const system = goSystem(command);
  if (command.guarded || covered.has(keyOf(execution.place)) || (system !== undefined && system !== "linux")) return;
  const wrong = wrongVariables(build);
  const [first] = wrong;
  const place = first === undefined ? undefined : placeOf(first.value);
  if (first === undefined || place === undefined) return;
  // Targets of make that are named by an architecture (`arm:`) are for it, whoever asked for it.
  if (!model.platforms.some((platform) => samePlatform(platform, target))) return;
  const isImage = execution.kind === "run";
  // Machines of amd64 run programs for 386: a test of them is meant.
  if (!isImage && first.architecture === "386" && target.architecture === "amd64") return;
  if (!isImage && !isOfRecipe(build, place)) return;
  if (isForArchitecture(place.path, first.architecture) || isInChoice(execution, place, model)) return;
  // A stage that is named after an architecture is for it (`build-linux-arm64`), when there is one for the platform too.
  const { stage } = execution;
  if (stage !== undefined && isStageOfPair({ variant: stage.variant, model: stage }, first.architecture)) return;
  // A C compiler cannot be exchanged without installing another one: then nothing is repaired by itself.
  const isGoAlone = wrong.every(({ name }) => name === "GOARCH");
  yield {
    rule: id,
    ...(isImage ? {} : { severity: "warning" as const }),
    message: `${first.name} is ${textOf(first.value).replace(/^GOARCH=/, "")} for ${formatPlatform(target)} too: the program is made for another architecture.`,
    platforms: [target],
    place,
    ...(isGoAlone ? { spots: [{ place, text: textOf(first.value) }] } : {}),
    related: [
      { place: command.place, message: "the build that takes it" },
      ...wrong.slice(1).flatMap(({ name, value }) => {
        const at = placeOf(value);
        return at === undefined ? [] : [{ place: at, message: `${name} belongs to it` }];
      }),
      ...toolchainInstalls(build, first.architecture, model),
    ],
    advice: adviceFor(first.name, execution.scope),
    key: [id, place.path, place.line, first.name].join("\0"),
  };
}

function adviceFor(name: string, scope: BuildCommand["execution"]["scope"]): string {
  if (name !== "GOARCH") return `Take ${name} away, or choose it by the platform (TARGETARCH).`;
  if (scope === "build") return "Write GOARCH=$TARGETARCH, with ARG TARGETARCH in the stage.";
  return scope === "image"
    ? "Take GOARCH away: Go compiles for the machine, which is the target here."
    : "Let the caller choose: GOARCH ?= $(shell go env GOARCH).";
}

/** GOARCH, and the compilers that are for another architecture than the target. */
function wrongVariables({
  command,
  execution,
  texts,
}: BuildCommand): { name: string; value: Value; architecture: string }[] {
  const { target } = execution;
  const found: { name: string; value: Value; architecture: string }[] = [];
  const goarch = variableOf(command, "GOARCH");
  const own = goarch === undefined ? undefined : goArchitecture(goarch);
  if (goarch !== undefined && own !== undefined && own !== target.architecture && isFixed(goarch)) {
    const isGo = isGoBuild({ command, execution, texts }) || command.program !== "go";
    if (isGo) found.push({ name: "GOARCH", value: goarch, architecture: own });
  }
  if (execution.kind !== "run") return found;
  for (const name of ["CC", "CXX", "CROSS_COMPILE"]) {
    const value = variableOf(command, name);
    const architecture = value === undefined ? undefined : compilerArchitecture(textOf(value));
    if (value === undefined || architecture === undefined || architecture === target.architecture) continue;
    if (isFixed(value) && compiles(command.program, texts)) found.push({ name, value, architecture });
  }
  return found;
}

function compiles(program: string, texts: readonly string[]): boolean {
  if (program === "go") return texts.includes("build") || texts.includes("install");
  return /^(?:make|gmake|configure|cmake|ninja|meson|mage|bazel)$/.test(program);
}

/** Of a Makefile or a script on somebody's machine only what it writes itself is a mistake: a variable can be given by whoever calls it. */
function isOfRecipe({ command, execution }: BuildCommand, place: Place): boolean {
  const value = variableOf(command, "GOARCH");
  const isDirect = value?.pieces.every(({ through }) => through === undefined || through.length === 0) === true;
  return (
    isDirect &&
    place.path === execution.place.path &&
    !/(?:^|\/)(?:vendor|third_party|testdata|examples?)\//.test(place.path)
  );
}

/** Where the cross compiler of another architecture is installed. */
function toolchainInstalls(
  { execution }: BuildCommand,
  architecture: string,
  { executions }: Model,
): { place: Place; message: string }[] {
  if (execution.stage === undefined) return [];
  const file = execution.stage.variant.file;
  return executions
    .filter((each) => each.stage?.variant.file === file && samePlatform(each.target, execution.target))
    .flatMap(({ trace }) => trace.commands)
    .filter(({ program }) => /^(?:apt-get|apt|apk|dnf|yum)$/.test(program))
    .flatMap(({ words }) =>
      words.filter((word) => {
        const text = textOf(word);
        return /^(?:gcc|g\+\+|crossbuild-essential)-/.test(text) && compilerArchitecture(text) === architecture;
      }),
    )
    .flatMap((word) => {
      const place = placeOf(word);
      return place === undefined ? [] : [{ place, message: "installs the compiler of that architecture" }];
    })
    .slice(0, 5);
}

/** Options that name an architecture for other build tools. */
const flags: readonly { readonly program: RegExp; readonly option: RegExp }[] = [
  { program: /^gox$/, option: /^-(?:os)?arch=(.+)$/ },
  { program: /^dotnet$/, option: /^(?:-r|--runtime|-a|--arch)(?:=(.+))?$/ },
  { program: /^zig$/, option: /^-?-?D?target=(.+)$/ },
  { program: /^cmake$/, option: /^-DCMAKE_SYSTEM_PROCESSOR(?::\w+)?=(.+)$/ },
  { program: /^configure$/, option: /^--(?:host|build)=(.+)$/ },
];

function* fixedFlags(model: Model): Generator<Problem> {
  for (const { execution, command, texts } of commandsOf(model, (program) =>
    flags.some((flag) => flag.program.test(program)),
  )) {
    if (execution.kind !== "run" || command.guarded) continue;
    const { target } = execution;
    for (const { program, option } of flags) {
      if (!program.test(command.program)) continue;
      for (const [index, text] of texts.entries()) {
        const found = option.exec(text);
        if (found === null || index === 0) continue;
        const at = found[1] === undefined ? index + 1 : index;
        const word = command.words[at];
        const architecture = word === undefined ? undefined : compilerArchitecture(found[1] ?? texts[at] ?? "");
        const place = word === undefined ? undefined : placeOf(word);
        if (
          word === undefined ||
          place === undefined ||
          architecture === undefined ||
          architecture === target.architecture
        )
          continue;
        if (
          !isFixed(word) ||
          texts.some(
            (other, where) => where !== at && option.test(other) && compilerArchitecture(other) === target.architecture,
          )
        )
          continue;
        if (isForArchitecture(place.path, architecture)) continue;
        yield {
          rule: id,
          message: `${command.program} is told to compile for ${architecture} by ${text.replace(/=.*$/, "")}, for ${formatPlatform(target)} too.`,
          platforms: [target],
          place,
          related: [{ place: command.place, message: "the build" }],
          advice: "Take the option away, or choose its value by the platform (TARGETARCH).",
        };
      }
    }
  }
}

import { samePlatform, formatPlatform } from "../platform/platform.ts";
import { architecturesIn, foreignName } from "./architecture-name.ts";
import { automaticArgs, isAutomaticArg } from "./automatic-args.ts";
import { expandedCommands, type ExpandedCommand } from "./command-words.ts";
import { compiledLanguage } from "./compile-command.ts";
import { crossCompileHint } from "./cross-hint.ts";
import type { EvaluatedRun, Evaluation, Stage } from "./evaluation.ts";
import type { Dockerfile } from "./parse.ts";
import { programOf, runText } from "./run-script.ts";
import { stageStrategies } from "./strategy.ts";
import type { Candidate } from "./suspect.ts";

/** Variables that tell compilers and package tools for which machine they work. */
const targetVariable =
  /^(?:GOARCH|CARGO_BUILD_TARGET|CROSS_COMPILE|CC|CXX|LD|AR|HOST|CHOST|TARGET|ARCH|DOTNET_RID|RUSTFLAGS|C(?:XX)?FLAGS|CMAKE_SYSTEM_PROCESSOR|npm_config_(?:target_)?arch)$/i;

/** Programs that fetch files. */
const downloader = /^(?:curl|wget|aria2c|axel|fetch|http|lwp-download)$/;

/** Programs that install or unpack packages. */
const packager = /^(?:apt-get|apt|dpkg|dpkg-deb|apk|dnf|microdnf|yum|rpm|zypper|pacman|pip[0-9.]*|npm|yarn|pnpm)$/;

/** S03 and S05 in the RUNs, ENVs and ADDs of the stages that the target needs. */
export function commandSuspects(dockerfile: Dockerfile, evaluation: Evaluation): Candidate[] {
  const found = evaluation.stages
    .filter(({ reachable }) => reachable)
    .flatMap((stage) => [...environmentSuspects(stage, evaluation), ...runSuspects(dockerfile, stage, evaluation)]);
  return [...found, ...ignoringSuspects(dockerfile, evaluation)];
}

/** S03: a cross stage that compiles and passes on no TARGET variable. */
function ignoringSuspects(dockerfile: Dockerfile, evaluation: Evaluation): Candidate[] {
  const { buildPlatform } = evaluation;
  return stageStrategies(dockerfile, evaluation, (platform) => samePlatform(platform, buildPlatform)).flatMap(
    ({ stage, suspicious, compiles }): Candidate[] => {
      const [first] = compiles;
      if (suspicious === undefined || first === undefined) return [];
      const { base, stageName } = stage.text.from;
      const run = stage.instructions.find(({ keyword, instruction: { range } }) => {
        return keyword === "RUN" && range.start.line <= first.line && first.line <= range.end.line;
      });
      return [
        {
          code: "S03",
          text: suspicious,
          line: first.line,
          fix: crossCompileHint(first.language, { base: base.text, name: stageName?.text }),
          stage: stage.index,
          ...(run === undefined ? {} : { instruction: run.instruction }),
        },
      ];
    },
  );
}

/** The automatic arguments as BuildKit sets them: a value that hides one is another suspect (S02), and so is a missing ARG (S16). */
function automaticValues({ buildPlatform, targetPlatform }: Evaluation): ReadonlyMap<string, string> {
  return automaticArgs(buildPlatform, targetPlatform, "", {});
}

/** ENV or ARG GOARCH=amd64, and ADD of a URL for another architecture. */
function environmentSuspects(stage: Stage, { targetPlatform }: Evaluation): Candidate[] {
  return stage.instructions.flatMap((each): Candidate[] => {
    const place = { line: each.line, stage: stage.index, instruction: each.instruction };
    if (each.used.some(isAutomaticArg)) return [];
    if (each.keyword === "ENV") {
      return each.pairs.flatMap(({ name, value }) => {
        const foreign = targetVariable.test(name) ? foreignName(value, targetPlatform) : undefined;
        return foreign === undefined ? [] : [{ ...fixedTarget(`ENV ${name}=${value}`, foreign, name), ...place }];
      });
    }
    if (each.keyword === "ARG") {
      // RUN sees the value of an ARG as a variable of its environment.
      return each.args.flatMap(({ name, value = "" }) => {
        const foreign = targetVariable.test(name) ? foreignName(value, targetPlatform) : undefined;
        return foreign === undefined ? [] : [{ ...fixedTarget(`ARG ${name}=${value}`, foreign, name), ...place }];
      });
    }
    if (each.keyword !== "ADD") return [];
    return each.sources.flatMap((source) => {
      const foreign = /^(?:https?|git|ssh):/.test(source) ? foreignName(source, targetPlatform) : undefined;
      return foreign === undefined ? [] : [{ ...fixedDownload(source, foreign), ...place }];
    });
  });
}

function runSuspects(dockerfile: Dockerfile, stage: Stage, evaluation: Evaluation): Candidate[] {
  const { targetPlatform } = evaluation;
  const given = automaticValues(evaluation);
  return stage.instructions.flatMap((run): Candidate[] => {
    if (run.keyword !== "RUN") return [];
    const guarded = choosesByArchitecture(run);
    return expandedCommands(run, stage.platform, dockerfile.source, given).flatMap((command) => {
      const found = fixedTargetIn(command, targetPlatform) ?? fixedDownloadIn(command, targetPlatform);
      if (found === undefined) return [];
      return [{ ...found, line: command.line, stage: stage.index, instruction: run.instruction, guarded }];
    });
  });
}

/** True when a script has branches and asks for, or names, an architecture to choose by. */
function choosesByArchitecture(run: EvaluatedRun): boolean {
  const text = runText(run);
  const branches = /\b(?:case|if|elif)\b|&&.*\|\||\|\|/.test(text);
  return branches && /TARGET(?:ARCH|PLATFORM|VARIANT)|uname|dpkg --print-arch|apk --print-arch|\$\(arch\)/.test(text);
}

type Found = Pick<Candidate, "code" | "text" | "fix">;

function fixedTargetIn(command: ExpandedCommand, platform: Stage["platform"]): Found | undefined {
  for (const { name, value } of command.assignments) {
    const foreign = targetVariable.test(name) ? foreignName(value, platform) : undefined;
    if (foreign !== undefined) return fixedTarget(`${name}=${value}`, foreign, name);
  }
  const compiler = programOf(command.written);
  if (compiledLanguage(command.written, "", true) === undefined) return undefined;
  const program = foreignName(compiler, platform);
  if (program !== undefined) return fixedTarget(compiler, program, "CC");
  for (const [index, word] of command.words.entries()) {
    const previous = command.words[index - 1] ?? "";
    // Names of files and outputs say nothing of what the compiler does.
    const isOption = /^-|^[A-Za-z_]+=/.test(word) || /^-{1,2}(?:target|arch|runtime|r|a|cpu|host)$/.test(previous);
    if (index === 0 || !isOption || previous === "-o") continue;
    const foreign = foreignOption(word, platform);
    if (foreign !== undefined) return fixedTarget(`${compiler} … ${word}`, foreign, word.split("=")[0] ?? word);
  }
  return undefined;
}

function foreignOption(word: string, platform: Stage["platform"]): string | undefined {
  const isX86 = platform.architecture === "amd64" || platform.architecture === "386";
  if (/^-m(?:64|32|sse|avx)/.test(word) && !isX86) return word;
  return foreignName(word, platform);
}

function fixedTarget(text: string, foreign: string, variable: string): Found {
  return {
    code: "S03",
    text: `${text} compiles for ${foreign}, whatever platform the image is for.`,
    fix:
      fixesOfTarget[variable] ??
      `Derive it from the target: ARG TARGETARCH in this stage, and $TARGETARCH (or a case of it) instead of ${foreign}.`,
  };
}

const fixesOfTarget: Readonly<Record<string, string>> = {
  GOARCH: "Write ARG TARGETOS TARGETARCH in this stage and GOOS=$TARGETOS GOARCH=$TARGETARCH for go build.",
  CC: "Take the compiler of the target: xx-clang (tonistiigi/xx), or a case of $TARGETARCH that picks the cross compiler.",
  CARGO_BUILD_TARGET: "Build with xx-cargo (tonistiigi/xx), or pick the triple by a case of $TARGETARCH.",
  "--target": "Build with xx-cargo or xx-clang (tonistiigi/xx), or pick the triple by a case of $TARGETARCH.",
};

function fixedDownloadIn(command: ExpandedCommand, platform: Stage["platform"]): Found | undefined {
  const program = programOf(command.written);
  const fetches = downloader.test(program);
  if (!fetches && !packager.test(program) && !command.words.some((word) => /https?:\/\//.test(word))) return undefined;
  for (const word of command.words.slice(1)) {
    const isAddress = /^[a-z+]+:\/\//.test(word) || fetches;
    const isPackage = packager.test(program) && /:\w+$|\.(?:deb|rpm|apk|whl)$|arch/.test(word);
    const foreign = isAddress || isPackage ? foreignName(word, platform) : undefined;
    if (foreign !== undefined) return fixedDownload(word, foreign);
  }
  const flag = command.words.findIndex((word) => /^--(?:add-architecture|arch|forcearch|target-arch)$/.test(word));
  const value = flag < 0 ? undefined : command.words[flag + 1];
  const foreign = value === undefined ? undefined : foreignName(value, platform);
  return foreign === undefined || value === undefined ? undefined : fixedDownload(`${program} ${value}`, foreign);
}

function fixedDownload(what: string, foreign: string): Found {
  const shown = what.length > 120 ? `${what.slice(0, 119)}…` : what;
  return {
    code: "S05",
    text: `${shown} is the file for ${foreign}; every platform downloads it.`,
    fix: `Choose it by the platform: ARG TARGETARCH in this stage and $TARGETARCH (or a case of it, where the names differ) instead of ${foreign}.`,
  };
}

/** S05 for a download that names no architecture at all: the file's own step fetched it. */
export function namelessDownload(
  dockerfile: Dockerfile,
  evaluation: Evaluation,
  stage: Stage,
  run: EvaluatedRun,
): Candidate | undefined {
  const commands = expandedCommands(run, stage.platform, dockerfile.source, automaticValues(evaluation));
  const address = commands.flatMap(({ words }) => words).find((word) => /^https?:\/\//.test(word));
  if (address === undefined || architecturesIn(address).length > 0) return undefined;
  return {
    code: "S05",
    text: `This step downloads ${address}, whose name has no architecture: it is probably the file for ${formatPlatform({ os: "linux", architecture: "amd64" })} alone.`,
    line: run.line,
    fix: "Look for the file of each architecture and choose it by $TARGETARCH, or install it with the package manager.",
    stage: stage.index,
    instruction: run.instruction,
  };
}

import { stageStrategies } from "../../../dockerfile/strategy.ts";
import { formatPlatform, samePlatform, type Platform } from "../../../platform/platform.ts";
import type { DockerfileVariant, Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";

/** Languages that Archway can turn into a cross-compile. */
const names = { go: "Go", "go-cgo": "Go with C", rust: "Rust", native: "C or C++" } as const;

/** Stages that compile for another platform than the builder's, under emulation, and whose programs only get copied. */
export const emulatedCompile: Rule = {
  id: "emulated-compile",
  severity: "note",
  page: {
    title: "A stage compiles under emulation that could cross-compile",
    what: "A stage without `--platform` compiles Go, Rust, C or C++, and a later stage copies the result.",
    why: "On a builder of another platform every instruction of the compiler is emulated. That is correct and slow: compiling C for arm64 this way took about eleven times as long as a cross compiler on the same machine.",
    symptom:
      "The build takes hours instead of minutes, and now and then a compiler or package manager crashes under QEMU (`qemu: uncaught target signal 11 (Segmentation fault) - core dumped`).",
    fix: [
      "Run the stage on the builder and tell the compiler its target. `archway check --fix=emulated-compile` writes it for Go, Rust, and C and C++ with autotools, CMake or make, on bases with apt:",
      "",
      "```diff",
      "-FROM golang:1.26 AS build",
      "+FROM --platform=$BUILDPLATFORM golang:1.26 AS build",
      "+ARG TARGETOS",
      "+ARG TARGETARCH",
      "-RUN go build -o /app .",
      "+RUN GOOS=$TARGETOS GOARCH=$TARGETARCH go build -o /app .",
      "```",
    ].join("\n"),
    ignore: "When each platform is built on a machine of its own, nothing is emulated.",
  },
  *find({ dockerfiles, platforms }: Model): Iterable<Problem> {
    const [builder] = platforms;
    if (builder === undefined) return;
    for (const { variants } of dockerfiles) {
      const usesBuilder = variants.some(({ platform, buildPlatform }) => !samePlatform(platform, buildPlatform));
      for (const variant of variants) {
        // A file that does not ask for the builder is evaluated for one builder alone, and is the same for all.
        const isForBuilder = !usesBuilder || samePlatform(variant.buildPlatform, builder);
        if (isForBuilder && !samePlatform(variant.platform, builder)) yield* emulatedIn(variant, builder);
      }
    }
  },
};

function* emulatedIn({ file, platform, evaluation, stages }: DockerfileVariant, builder: Platform): Iterable<Problem> {
  const strategies = stageStrategies(file.dockerfile, evaluation, (other) => samePlatform(other, builder));
  for (const { stage, strategy, compiles } of strategies) {
    const step = compiles.find(({ makesProgram, language }) => makesProgram && Object.hasOwn(names, language));
    const model = stages.find((each) => each.stage.index === stage.index);
    if (strategy !== "emulated" || step === undefined || model === undefined || stage === evaluation.target) continue;
    if (evaluation.stages.some(({ base }) => base.kind === "stage" && base.index === stage.index)) continue;
    const language = Object.entries(names).find(([name]) => name === step.language)?.[1] ?? step.language;
    yield {
      rule: "emulated-compile",
      message: `On a ${formatPlatform(builder)} builder this stage compiles ${language} for ${formatPlatform(platform)} under emulation (${step.text}), though its compiler could cross-compile.`,
      platforms: [platform],
      place: model.from,
      advice: "archway check --fix=emulated-compile turns it into a cross-compile",
    };
  }
}

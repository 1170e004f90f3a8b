import { isAutomaticArg } from "../../../dockerfile/automatic-args.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { placeOf } from "../../docker/word-place.ts";
import { builtStages, nameOf, type BuiltStage } from "./stages.ts";
import { unsetUses, type UnsetUse } from "./unset-uses.ts";

const id = "global-arg-not-in-stage";

/** An ARG from before the first FROM that a stage uses without declaring it again. */
export const globalArgNotInStage: Rule = {
  id,
  severity: "error",
  page: {
    title: "An ARG from before the first FROM is empty in the stage",
    what: "A variable that `ARG` declares before the first FROM, used in an instruction or script of a stage that does not declare it again. Variables that have nothing to do with the architecture are notes, because the base image may set them.",
    why: "ARGs before the first FROM are there for FROM alone. A stage gets their value only after `ARG NAME` of its own.",
    symptom:
      "A part of a path or a URL is missing: `COPY failed: stat bin//app: no such file or directory`, `failed to compute cache key: \"/bin//app\": not found`. `docker build --check` says `UndefinedVar: Usage of undefined variable '$ARCH'`, but not for scripts of RUN.",
    fix: [
      "Declare it again in the stage, without a value:",
      "",
      "```diff",
      " ARG ARCH=amd64",
      " FROM alpine:3.22",
      "+ARG ARCH",
      " COPY bin/${ARCH}/app /app",
      "```",
    ].join("\n"),
    ignore: "When the base image has an ENV of this name.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) yield* undeclaredIn(built);
  },
};

function* undeclaredIn(built: BuiltStage): Iterable<Problem> {
  const { file, variant, model } = built;
  const globals = new Set(file.dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name.text)));
  const uses = unsetUses(built).filter(({ name, fallback }) => {
    return !isAutomaticArg(name) && fallback === undefined && globals.has(name);
  });
  const isNotable = (use: UnsetUse): boolean => concernsArchitecture(use.name, built);
  for (const [severity, some] of [
    ["error", uses.filter(isNotable)],
    ["note", uses.filter((use) => !isNotable(use))],
  ] as const) {
    const [first] = some;
    if (first === undefined) continue;
    const names = [...new Set(some.map(({ name }) => name))];
    const declared = file.dockerfile.globalArgs.flatMap(({ args }) =>
      args.filter(({ name }) => names.includes(name.text)),
    );
    yield {
      rule: id,
      severity,
      message: `${names.join(", ")} ${names.length === 1 ? "is" : "are"} empty in ${nameOf(model)}: an ARG before the first FROM counts in FROM alone.`,
      platforms: [variant.platform],
      place: first.place,
      spots: some.map(({ place, text }) => ({ place, text })),
      related: [
        ...some.slice(1).map(({ place, name }) => ({ place, message: `${name} is empty here too` })),
        ...declared.map(({ name }) => ({
          place: placeOf(file.path, name.range),
          message: `${name.text} is declared here`,
        })),
      ],
      advice: `Write ${names.map((name) => `ARG ${name}`).join(", ")} in the stage, before this`,
    };
  }
}

function concernsArchitecture(name: string, { file, variant }: BuiltStage): boolean {
  if (/arch(?!ive)|platform/i.test(name)) return true;
  const words = file.dockerfile.globalArgs.flatMap(({ args }) => args.filter((arg) => arg.name.text === name));
  const text = variant.evaluation.globals.get(name) ?? "";
  return namesIn(text).length > 0 || words.some(({ value }) => /\$\{?(?:TARGET|BUILD)/.test(value?.text ?? ""));
}

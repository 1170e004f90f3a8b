import { isAutomaticArg } from "../../../dockerfile/automatic-args.ts";
import type { Severity } from "../../../finding/finding.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { builtStages, nameOf, type BuiltStage } from "./stages.ts";
import { unsetUses, type UnsetUse } from "./unset-uses.ts";

const id = "platform-arg-undeclared";

/** `$TARGETARCH` in a stage without `ARG TARGETARCH`. */
export const platformArgUndeclared: Rule = {
  id,
  severity: "error",
  page: {
    title: "A stage uses the platform without declaring it",
    what: "`$TARGETARCH` and the other automatic arguments in an instruction or a script of a stage that has no `ARG TARGETARCH` before it.",
    why: "Automatic arguments exist in FROM by themselves, but in a stage only after `ARG NAME`. Without it the variable is empty.",
    symptom:
      "With `GOARCH=$TARGETARCH` Go compiles for the builder, so every platform gets the builder's program: `exec format error`. In a URL or a path a part is missing: `curl: (22) The requested URL returned error: 404`.",
    fix: [
      "Declare it in the stage, before the first use:",
      "",
      "```diff",
      " FROM --platform=$BUILDPLATFORM golang:1.26",
      "+ARG TARGETARCH",
      " RUN GOARCH=$TARGETARCH go build -o /app .",
      "```",
    ].join("\n"),
    ignore: "When the base image has an ENV of this name.",
  },
  *find(model: Model): Iterable<Problem> {
    for (const built of builtStages(model)) yield* undeclaredIn(built);
  },
};

function* undeclaredIn(built: BuiltStage): Iterable<Problem> {
  const { file, variant, model: stage } = built;
  // ARGs from before the first FROM are another rule's.
  const declared = new Set(file.dockerfile.globalArgs.flatMap(({ args }) => args.map(({ name }) => name.text)));
  const uses = unsetUses(built).filter((use) => {
    if ((!isAutomaticArg(use.name) && declared.has(use.name)) || isOnlyAsked(use)) return false;
    // A default of its own may be right on every platform; one that names an architecture is not.
    return use.fallback === undefined || namesIn(use.fallback).length > 0;
  });
  const [first] = uses;
  if (first === undefined) return;
  const names = [...new Set(uses.map(({ name }) => name))];
  yield {
    rule: id,
    severity: severityOf(uses, stage.role),
    message: `${names.join(", ")} ${names.length === 1 ? "is" : "are"} empty in ${nameOf(stage)}: no ARG declares ${names.length === 1 ? "it" : "them"} there.`,
    platforms: [variant.platform],
    place: first.place,
    spots: uses.map(({ place, text }) => ({ place, text })),
    related: uses.slice(1).map(({ place, name }) => ({ place, message: `${name} is empty here too` })),
    advice: `Write ${names.map((name) => `ARG ${name}`).join(", ")} in the stage, before this`,
  };
}

/** `[ -n "$TARGETARCH" ]`: a script that asks whether there is one can go on without. */
function isOnlyAsked({ before }: UnsetUse): boolean {
  return /-[nz]\s+["']?$/.test(before);
}

function severityOf(uses: readonly UnsetUse[], role: BuiltStage["model"]["role"]): Severity {
  const serious = uses.filter(
    ({ name }) => !name.endsWith("OS") && !name.endsWith("OSVERSION") && name !== "TARGETSTAGE",
  );
  if (serious.length === 0) return "note";
  // Under emulation an empty GOARCH is the right one.
  const isNative = role === "target" && serious.every(({ before }) => /\bGO(?:ARCH|ARM|OS)=["']?$/.test(before));
  // The base image may set what is no argument of the engine.
  const isForeign = serious.every(({ name }) => !isAutomaticArg(name));
  return isForeign || isNative || serious.every(({ keyword }) => keyword === "LABEL") ? "warning" : "error";
}

import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import { namesIn } from "../../../platform/architecture-words.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import { holdsArchitecture } from "../../make/asked-variables.ts";
import type { MakefileModel } from "../../make/makefile.ts";
import type { DockerfileVariant, Model } from "../../model.ts";
import { foreignIn } from "../../names/foreign.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { isKnown, textOf } from "../../value.ts";

/** Calls of a build that know the architecture and do not tell it the Dockerfile, which needs it. */
export const buildArgNotPassed: Rule = {
  id: "build-arg-not-passed",
  severity: "error",
  page: {
    title: "A Makefile knows the architecture and does not pass it to the build",
    what: "A `docker build` in a Makefile with an architecture variable (`ARCH ?= amd64`) whose Dockerfile needs the architecture: it has a build argument for it that the call does not set, or it copies a file under the name of one architecture, which the Makefile makes under the name of each. Docker's own arguments (`TARGETARCH`) need no `--build-arg`.",
    why: "The Makefile makes `bin/app-arm64`, and the Dockerfile copies `bin/app-amd64`: the build ends, or takes an old file of the other architecture.",
    symptom:
      '`failed to calculate checksum of ref …: "/bin/app-amd64": not found`, or `exec format error` when the container starts.',
    fix: "Pass it on, and use it:\n\n```diff\n-\tdocker build -t example/app .\n+\tdocker build --build-arg ARCHITECTURE=$(ARCH) -t example/app .\n```\n\n```Dockerfile\nARG ARCHITECTURE=amd64\nCOPY bin/app-${ARCHITECTURE} /usr/bin/app\n```\n\nBetter: `docker buildx build --platform linux/$(ARCH)`, with `ARG TARGETARCH` in the Dockerfile.",
    ignore: "The image is for one architecture only.",
  },
  *find(model) {
    for (const { variants } of model.dockerfiles) {
      for (const variant of variants) {
        if (variant.call === undefined || variant.call.source !== "make") continue;
        const found = problemOf(variant, variant.call, model);
        if (found !== undefined) yield found;
      }
    }
  },
};

function problemOf(variant: DockerfileVariant, call: BuildCall, model: Model): Problem | undefined {
  const makefile = makefileOf(call, model);
  const own = makefile?.variants.find(({ machine }) => samePlatform(machine, variant.platform));
  const [asked] = own?.asked.keys() ?? [];
  if (makefile === undefined || asked === undefined) return undefined;
  const needed = unsetArgument(variant, call) ?? stagedCopy(variant, makefile, model);
  if (needed === undefined) return undefined;
  return {
    rule: "build-arg-not-passed",
    message: `The build for ${formatPlatform(variant.platform)} is not told the architecture, which the Makefile has in ${asked}: ${needed.message}`,
    platforms: [variant.platform],
    place: call.place,
    related: [{ place: needed.place, message: "What needs the architecture." }],
    advice: `Add --build-arg ${needed.name}=$(${asked}), or build with --platform linux/$(${asked}) and use TARGETARCH.`,
    key: `build-arg-not-passed\0${call.place.path}\0${call.place.line}`,
  };
}

interface Need {
  readonly name: string;
  readonly message: string;
  readonly place: Place;
}

/** A build argument with the name of another architecture as its default. */
function unsetArgument(variant: DockerfileVariant, { buildArgs }: BuildCall): Need | undefined {
  for (const { variables } of variant.stages) {
    for (const { keyword, name, value, place, origin } of variables) {
      if (keyword !== "ARG" || (origin !== "default" && origin !== "global") || buildArgs.has(name)) continue;
      if (!holdsArchitecture(name) || /^(?:TARGET|BUILD)(?:ARCH|PLATFORM|OS|VARIANT)$/.test(name)) continue;
      if (foreignIn(value, variant.platform).length === 0) continue;
      return { name, place, message: `its argument ${name} stays ${textOf(value)}.` };
    }
  }
  return undefined;
}

/** A copied file with the name of another architecture, which the Makefile makes with the name of this one. */
function stagedCopy(variant: DockerfileVariant, makefile: MakefileModel, model: Model): Need | undefined {
  const made = madeNames(variant, makefile, model);
  for (const { copies } of variant.stages) {
    for (const { from, sources, place } of copies) {
      if (from.kind !== "context") continue;
      for (const source of sources) {
        const [name] = foreignIn(source, variant.platform);
        if (name === undefined) continue;
        const text = textOf(source).replace(/^\.?\//, "");
        const generic = text.replaceAll(name.name.text, "\0");
        if (!made.some((each) => each === generic || each.endsWith(`/${generic}`) || generic.endsWith(`/${each}`)))
          continue;
        return {
          name: "ARCHITECTURE",
          place,
          message: `the Dockerfile copies ${text}, and the Makefile makes it under the name of this one.`,
        };
      }
    }
  }
  return undefined;
}

/** Paths in the recipes of a Makefile with the platform's own name in them, the name left out. */
function madeNames({ platform }: DockerfileVariant, makefile: MakefileModel, model: Model): string[] {
  const names = new Set<string>();
  for (const { kind, makefile: own, target, trace } of model.executions) {
    if (kind !== "recipe" || own?.path !== makefile.path || !samePlatform(target, platform)) continue;
    for (const { words } of trace.commands) {
      for (const word of words) {
        if (!word.pieces.some((piece) => piece.dependsOnPlatform === true)) continue;
        for (const part of (isKnown(word) ? textOf(word) : "").split(/[\s=:'"]+/)) {
          const [name] = namesIn(part);
          if (name?.architecture === platform.architecture)
            names.add(part.replace(/^\.?\//, "").replaceAll(name.text, "\0"));
        }
      }
    }
  }
  return [...names];
}

function makefileOf({ place }: BuildCall, model: Model): MakefileModel | undefined {
  const direct = model.makefiles.find(({ path }) => path === place.path);
  return direct ?? model.executions.find((each) => each.kind === "recipe" && each.place.path === place.path)?.makefile;
}

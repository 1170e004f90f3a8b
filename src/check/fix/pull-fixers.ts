import { findArchitecture } from "../../platform/architecture.ts";
import { formatPlatform, samePlatform } from "../../platform/platform.ts";
import type { MakefileModel } from "../make/makefile.ts";
import type { Model } from "../model.ts";
import { textOf } from "../value.ts";
import type { Fix, FixContext, Fixer } from "./fixer.ts";

/** `docker-pull-no-platform`: pulls for the platform that the Makefile has in a variable. */
export const pullForPlatform: Fixer = (finding, context): Fix => {
  const { model } = context;
  const { path, line = 0 } = finding;
  const variable = variableOf(path, context);
  if (variable === undefined) {
    return {
      refused: `${path} has no variable with Docker's name of the architecture.`,
      instead: "Copy the index as it is: docker buildx imagetools create -t NEW OLD.",
    };
  }
  const text = model.repository.text(path)?.split("\n")[line - 1] ?? "";
  const match = /\b(?:docker|podman|nerdctl|\$[({]DOCKER[)}])\s+(?:image\s+)?pull(?=\s)/.exec(text);
  if (match === null || /\bpull\s.*\bpull\s/.test(text)) {
    return { refused: "The line is not a plain docker pull.", instead: `Add --platform linux/$(${variable}) to it.` };
  }
  const column = match.index + match[0].length + 1;
  return {
    title: `Pull the image for linux/$(${variable})`,
    changes: [
      { place: { path, line, column, endLine: line, endColumn: column }, text: ` --platform linux/$(${variable})` },
    ],
  };
};

/** A variable of the Makefile that callers set, or that holds just Docker's name of the machine. */
function variableOf(path: string, { model, platforms }: FixContext): string | undefined {
  const makefile = makefileOf(path, model);
  const asked = makefile?.variants.flatMap((variant) => [...variant.asked.keys()])[0];
  if (asked !== undefined || makefile === undefined) return asked;
  const [first] = makefile.variants;
  return [...(first?.variables.keys() ?? [])].find((name) =>
    platforms.every((platform) => {
      const variant = makefile.variants.find(({ machine }) => samePlatform(machine, platform));
      const value = variant?.variables.get(name)?.value;
      const isKnown =
        findArchitecture(platform) !== undefined && formatPlatform(platform) === `linux/${platform.architecture}`;
      return isKnown && value !== undefined && textOf(value).trim() === platform.architecture;
    }),
  );
}

function makefileOf(path: string, model: Model): MakefileModel | undefined {
  const direct = model.makefiles.find((file) => file.path === path);
  return direct ?? model.executions.find((each) => each.kind === "recipe" && each.place.path === path)?.makefile;
}

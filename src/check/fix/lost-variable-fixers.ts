import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import { textOf } from "../value.ts";
import { declareArg, instructionAt, placeOfRange } from "./dockerfile-place.ts";
import type { Fix, Fixer } from "./fixer.ts";

type NameOf = (platform: Platform) => string;

/** The arguments of BuildKit that tell the target's platform, and what they hold. */
const automaticNames: readonly { readonly name: string; readonly of: NameOf }[] = [
  { name: "TARGETARCH", of: ({ architecture }) => architecture },
  { name: "TARGETPLATFORM", of: formatPlatform },
];

/** `run-export-lost`: an ENV in place of a RUN that only sets the variable, where an argument of the engine says the same on every platform. */
export const keepVariable: Fixer = (finding, { model, platforms }): Fix => {
  const { path, line = 0 } = finding;
  const instead = finding.fix?.title ?? "Join the RUNs with &&.";
  const place = instructionAt(model, path, line);
  const name = /^([A-Za-z_]\w*) \(/.exec(finding.message)?.[1];
  if (place?.instruction.keyword !== "RUN" || name === undefined) {
    return { refused: "The variable is not set in a RUN of a shell.", instead };
  }
  const { instruction, file, stage } = place;
  const { command } = instruction;
  if (command.form === "exec") return { refused: "The variable is not set in a RUN of a shell.", instead };
  const script = file.dockerfile.source.text.slice(command.script.range.start.offset, instruction.range.end.offset);
  const onlySets = new RegExp(`^\\s*(?:export\\s+)?${name}=(?:[^\\s;&|<>]|\\$\\([^()]*\\))*\\s*$`).test(script);
  if (!onlySets) {
    return { refused: `The RUN does more than to set ${name}, so that an ENV cannot take its place.`, instead };
  }
  const source = automaticNames.find(({ of }) => platforms.every((platform) => valueOn(platform, of)));
  if (source === undefined) {
    return { refused: `No argument of the engine holds what ${name} is on every platform.`, instead };
  }
  return {
    title: `Set ${name} with ENV from ${source.name}, which all later RUNs see`,
    changes: [
      ...declareArg(place, source.name),
      { place: placeOfRange(path, instruction.range), text: `ENV ${name}=\${${source.name}}` },
    ],
  };

  function valueOn(platform: (typeof platforms)[number], of: NameOf): boolean {
    const runs = file.variants
      .filter((variant) => samePlatform(variant.platform, platform) && samePlatform(variant.buildPlatform, platform))
      .flatMap(({ stages }) => stages.filter((each) => each.stage.index === stage?.index))
      .flatMap((each) => each.runs.filter((run) => run.place.line <= line && line <= run.place.endLine));
    return (
      runs.length > 0 &&
      runs.every(({ trace }) => {
        const held = trace.variables.get(name ?? "")?.value;
        return held !== undefined && textOf(held) === of(platform);
      })
    );
  }
};

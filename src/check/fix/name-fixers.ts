import { posix } from "node:path";
import { isAutomaticArg } from "../../dockerfile/automatic-args.ts";
import { findArchitecture } from "../../platform/architecture.ts";
import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import type { Execution } from "../model.ts";
import { downloadsOf } from "../rules/downloads/download.ts";
import { textOf } from "../value.ts";
import type { Change } from "./change.ts";
import { checksumNames, downloadsOfFinding, type UrlFor } from "./checksum-names.ts";
import { declareArg, instructionAt, placeOfRange, type InstructionPlace } from "./dockerfile-place.ts";
import { isChange, type Fix, type FixContext, type Fixer } from "./fixer.ts";
import { nameInMakefile } from "./make-names.ts";
import { tableFor, variableFor } from "./name-table.ts";
import { nameInScript } from "./script-names.ts";
import { architectureCase, quoteFor, quotingAt } from "./shell-text.ts";
import { isSpelled, respelled, wrongNames, type WrongName } from "./wrong-names.ts";

/**
 * `hardcoded-arch-download`, `copy-arch-path` and their kin: puts the platform's own name in the place of a fixed one, in all lines of the mistake,
 * in the spelling of the project that is downloaded from.
 */
export const followPlatform: Fixer = (finding, context): Fix => {
  const names = wrongNames(finding, context.platforms, context.model.repository);
  if ("refused" in names) return names;
  const missing =
    missingDownload(finding, names, context) ?? elsewhere(names, context) ?? missingSibling(names, context);
  if (missing !== undefined) return missing;
  const urlFor: UrlFor = ({ url }, platform) => respelled(textOf(url), names, platform);
  const sums = checksumNames(downloadsOfFinding(finding, names, context), urlFor, context);
  if ("refused" in sums) return sums;
  const changes: Change[] = [];
  for (const [path, own] of Map.groupBy([...names, ...sums], ({ place }) => place.path)) {
    const fix = fixFile(path, own, finding, context);
    if (!isChange(fix)) return fix;
    changes.push(...fix.changes);
  }
  return {
    title: `Take the name of the platform instead of ${[...new Set(names.map(({ text }) => text))].join(", ")}`,
    changes,
  };
};

/** `single-arch-checksum`: the URL follows the platform already; gives every platform its own checksum. */
export const followChecksum: Fixer = (finding, context): Fix => {
  const lines = [finding, ...finding.related];
  const own = context.platforms.find((platform) => !finding.platforms.some((other) => samePlatform(other, platform)));
  const all = [...downloadsOf(context.model)].filter(({ place }) => {
    return lines.some(({ path, line = 0 }) => path === place.path && place.line <= line && line <= place.endLine);
  });
  const downloads = all.filter(({ platform }) => own !== undefined && samePlatform(platform, own));
  const urlFor: UrlFor = ({ place }, platform) => {
    const there = all.find((other) => other.place.line === place.line && samePlatform(other.platform, platform));
    return there === undefined ? undefined : textOf(there.url);
  };
  const sums = checksumNames(downloads, urlFor, context);
  if ("refused" in sums) return sums;
  if (sums.length === 0) return { refused: "Which platform the checksum is of is not known." };
  const changes: Change[] = [];
  for (const [path, names] of Map.groupBy(sums, ({ place }) => place.path)) {
    const fix = fixFile(path, names, finding, context);
    if (!isChange(fix)) return fix;
    changes.push(...fix.changes);
  }
  return { title: "Give every platform the checksum of its own file", changes };
};

/** The refusal when the file or folder of a COPY has its name in lines that the finding does not know: whoever makes it would still use the old name. */
function elsewhere(names: readonly WrongName[], { model }: FixContext): Fix | undefined {
  for (const { place, text } of names) {
    const at = instructionAt(model, place.path, place.line);
    if (at?.instruction.keyword !== "COPY" || at.instruction.from === undefined) continue;
    const lines = (model.repository.text(place.path) ?? "").split("\n");
    const line = lines[place.line - 1] ?? "";
    const before = /[^\s/"']*$/.exec(line.slice(0, place.column - 1))?.[0] ?? "";
    const after = /^[^\s/"']*/.exec(line.slice(place.endColumn - 1))?.[0] ?? "";
    const segment = `${before}${text}${after}`;
    const other = lines.findIndex((each, index) => {
      const isKnown = names.some((name) => name.place.path === place.path && name.place.line === index + 1);
      return !isKnown && !each.trimStart().startsWith("#") && each.includes(segment);
    });
    // Cargo makes the folder of a target by itself; any other has a maker, which would go on making the old one.
    if (other < 0 && /-(?:unknown|linux)-/.test(segment)) continue;
    return {
      refused:
        other < 0
          ? `What makes ${segment} is not in this file, and would go on making it.`
          : `${segment} stands in line ${other + 1} too, which makes it or uses it.`,
      instead: "Let the stage write its result to a path without an architecture, and copy that.",
    };
  }
  return undefined;
}

/** The refusal when the repository holds the file that is copied, and not its sibling for another platform. */
function missingSibling(names: readonly WrongName[], { model, platforms }: FixContext): Fix | undefined {
  const { repository } = model;
  for (const { place, text, spellings } of names) {
    const at = instructionAt(model, place.path, place.line);
    if (at === undefined || !/^(?:COPY|ADD)$/.test(at.instruction.keyword)) continue;
    const line = (repository.text(place.path) ?? "").split("\n")[place.line - 1] ?? "";
    const before = /[^\s"']*$/.exec(line.slice(0, place.column - 1))?.[0] ?? "";
    const after = /^[^\s"']*/.exec(line.slice(place.endColumn - 1))?.[0] ?? "";
    const inContext = (path: string) =>
      at.file.contexts.some((folder) => {
        const whole = posix.join(folder, path);
        return repository.file(whole) !== undefined || repository.isFolder(whole);
      });
    if (!inContext(`${before}${text}${after}`)) continue;
    for (const platform of platforms) {
      const wanted = `${before}${spellings.get(formatPlatform(platform)) ?? text}${after}`;
      if (inContext(wanted)) continue;
      return {
        refused: `The repository has no ${wanted}.`,
        instead: `Add the file for ${formatPlatform(platform)}, or make it in a stage of the Dockerfile.`,
      };
    }
  }
  return undefined;
}

function fixFile(path: string, names: readonly WrongName[], finding: CheckFinding, context: FixContext): Fix {
  const { model } = context;
  if (model.makefiles.some((file) => file.path === path)) {
    if (!names.some(isChecksum)) return nameInMakefile(path, names, context);
    return {
      refused: `The checksum in ${path} is of the file for one architecture, and a Makefile has no table for others.`,
      instead: "Set the name and the checksum together, with ifeq for each architecture.",
    };
  }
  if (!model.dockerfiles.some((file) => file.path === path)) return nameInScript(path, names, context);
  const changes: Change[] = [];
  const placed = names.map((name) => ({ name, place: instructionAt(model, path, name.place.line) }));
  for (const [instruction, own] of Map.groupBy(placed, ({ place }) => place?.instruction)) {
    const place = own[0]?.place;
    if (instruction === undefined || place === undefined)
      return { refused: "The name stands outside of any instruction." };
    const fix = fixInstruction(
      place,
      own.map(({ name }) => name),
      finding,
      context,
    );
    if (!isChange(fix)) return fix;
    changes.push(...fix.changes);
  }
  return { title: "", changes };
}

function fixInstruction(
  place: InstructionPlace,
  names: readonly WrongName[],
  finding: CheckFinding,
  context: FixContext,
): Fix {
  const { instruction, stage } = place;
  const argument = argumentOf(place, finding, context);
  const sums = names.filter(isChecksum);
  const byArgument = names.every(
    (name) =>
      isChecksum(name) ||
      isSpelled(name, context.platforms, ({ architecture, variant }) =>
        variant === undefined ? architecture : undefined,
      ),
  );
  const replace = (name: WrongName, expression: string): Change => ({ place: name.place, text: expression });
  if (instruction.keyword === "ARG") {
    // The default of an automatic argument hides the engine's own value: without it the argument is right.
    const shadowed = instruction.args.filter(({ name, value }) => value !== undefined && isAutomaticArg(name.text));
    if (shadowed.length > 0) {
      const changes = shadowed.flatMap(({ name, value }): Change[] => {
        if (value === undefined) return [];
        const range = { start: name.range.start, end: value.range.end };
        return [{ place: placeOfRange(place.file.path, range), text: name.text }];
      });
      return { title: "", changes };
    }
  }
  if (instruction.keyword !== "RUN") {
    if (/\s--checksum=/i.test(instruction.source)) {
      return {
        refused: `${instruction.keyword} --checksum holds the checksum of the file for one architecture, and cannot choose another.`,
        instead:
          "Name the file and its checksum in a stage for each architecture, or download it in a RUN that chooses both.",
      };
    }
    if (!byArgument) {
      return {
        refused: `${instruction.keyword} cannot translate ${argument} to ${[...new Set(names.flatMap(({ spellings }) => [...spellings.values()]))].join(" and ")}.`,
        instead: `Name the file with Docker's names (amd64, arm64), or choose it in a RUN by ${argument}.`,
      };
    }
    return {
      title: "",
      // Before the first FROM the automatic arguments are there without being declared.
      changes: [
        ...(stage === undefined ? [] : declareArg(place, argument)),
        ...names.map((name) => replace(name, `\${${argument}}`)),
      ],
    };
  }
  if (instruction.command.form === "exec")
    return { refused: "A RUN in JSON form has no shell that could choose by platform." };
  const { text } = place.file.dockerfile.source;
  const start = instruction.command.script.range.start.offset;
  const script = text.slice(start, instruction.range.end.offset);
  const lineStart = (line: number) => place.file.dockerfile.source.lineStarts[line - 1] ?? 0;
  const quoted = (name: WrongName, expression: string): Change => {
    const offset = lineStart(name.place.line) + name.place.column - 1 - start;
    return replace(name, quoteFor(expression, quotingAt(script, offset)));
  };
  if (byArgument && sums.length === 0) {
    return {
      title: "",
      changes: [...declareArg(place, argument), ...names.map((name) => quoted(name, `\${${argument}}`))],
    };
  }
  const known = names.map((name) => {
    if (isChecksum(name)) return undefined;
    if (byArgument) return `\${${argument}}`;
    const expression = expressionFor(name, place, context);
    // A table for checksums has room for the name.
    return sums.length > 0 && expression?.startsWith("$(") === true ? undefined : expression;
  });
  const needed = names.filter((_, index) => known[index] === undefined);
  const changes = names.flatMap((name, index) => {
    const expression = known[index];
    return expression === undefined ? [] : [quoted(name, expression)];
  });
  if (needed.length === 0) return { title: "", changes };
  if (instruction.heredocs.length > 0)
    return { refused: "The names of this here-document need a table, which is yours to place." };
  const { variables, lines } = tableFor(needed, context.platforms, script);
  const at = placeOfRange(place.file.path, {
    start: instruction.command.script.range.start,
    end: instruction.command.script.range.start,
  });
  const indent = "    ";
  const table = architectureCase(`\${${argument}}`, lines, { indent, lineEnd: " \\" });
  return {
    title: "",
    changes: [
      ...declareArg(place, argument),
      { place: at, text: `${table}; \\\n    ` },
      ...changes,
      ...needed
        .filter(({ overrides }) => overrides !== true)
        .map((name) => quoted(name, `\${${variables.get(name) ?? ""}}`)),
    ],
  };
}

/** True for the digits of a checksum among the names. */
function isChecksum({ variable }: WrongName): boolean {
  return variable !== undefined;
}

/** The automatic argument that tells the platform: of the builder, in a stage whose tools run there. */
function argumentOf({ file, stage }: InstructionPlace, finding: CheckFinding, { platforms }: FixContext): string {
  if (stage === undefined || finding.rule === "copy-arch-path") return "TARGETARCH";
  const roles = file.variants.flatMap(({ stages }) => stages.filter((each) => each.stage.index === stage.index));
  const isBuild = roles.length > 0 && roles.every(({ role }) => role === "build");
  return isBuild && platforms.length > 0 ? "BUILDARCH" : "TARGETARCH";
}

/** What a shell can ask for the very name: a variable that holds it already, or `uname -m`. */
function expressionFor(
  name: WrongName,
  { file, stage }: InstructionPlace,
  { platforms, model }: FixContext,
): string | undefined {
  const runs = model.executions.filter((execution) => {
    return execution.kind === "run" && execution.place.path === file.path && holds(execution, name.place.line);
  });
  const known = variableFor(name, runs, platforms);
  if (known !== undefined) return `\${${known}}`;
  const isTarget = stage !== undefined && runs.every((run) => run.stage?.role !== "build");
  const machine = (platform: Platform) => findArchitecture(platform)?.machine;
  return isTarget && isSpelled(name, platforms, machine) ? "$(uname -m)" : undefined;
}

function holds({ place }: Execution, line: number): boolean {
  return place.line <= line && line <= place.endLine;
}

/** The refusal when the file of a platform is known not to exist under its name. */
function missingDownload(finding: CheckFinding, names: readonly WrongName[], { model }: FixContext): Fix | undefined {
  for (const { trace, target } of model.executions) {
    for (const { words, place } of trace.commands) {
      const own = names.filter(
        (name) => name.place.path === place.path && place.line <= name.place.line && name.place.line <= place.endLine,
      );
      if (own.length === 0) continue;
      for (const word of words) {
        const url = textOf(word);
        if (!/^https?:\/\//.test(url)) continue;
        const platform = formatPlatform(target);
        const wanted = own.reduce(
          (text, name) => text.replaceAll(name.text, name.spellings.get(platform) ?? name.text),
          url,
        );
        if (wanted === url || model.facts.url(wanted) !== false) continue;
        return {
          refused: `${wanted} does not exist: there is no such file for ${platform}.`,
          instead:
            finding.problems.find(({ advice }) => advice !== undefined)?.advice ??
            "Take a package or another version, or build it from source.",
        };
      }
    }
  }
  return undefined;
}

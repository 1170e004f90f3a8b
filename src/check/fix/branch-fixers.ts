import { namesIn, type NameMatch } from "../../platform/architecture-words.ts";
import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { CheckFinding } from "../check.ts";
import type { Execution, Model } from "../model.ts";
import { spellingFor } from "../names/spelling.ts";
import { lineStarts, type Place } from "../place.ts";

import { downloadsOf, type Download } from "../rules/downloads/download.ts";
import type { ArchitectureSwitch } from "../shell/trace.ts";
import { textOf } from "../value.ts";
import { offsetsOf, type Change } from "./change.ts";
import { checksumLengths } from "./checksums.ts";
import type { ChecksumAlgorithm, Fix, FixContext, Fixer } from "./fixer.ts";

/** A choice by architecture as it is on one platform. */
interface Choice {
  readonly found: ArchitectureSwitch;
  readonly execution: Execution;
}

const byHand = "Add the branch by hand, beside those for the other architectures.";

/** `arch-case-incomplete`: adds a branch like the one that amd64 takes, with all names and checksums of the missing platform. */
export const addBranch: Fixer = (finding, context): Fix => {
  const { model, platforms } = context;
  const choices = choicesAt(finding, model);
  const kind = choices[0]?.found.kind;
  if (kind !== "case") {
    const what = kind === "table" ? "table" : "chain of conditions";
    return { refused: `Only a case gets a new branch by itself; this is a ${what}.`, instead: byHand };
  }
  const worked = choices.find(({ found, execution: { target } }) => {
    return (
      typeof found.taken === "number" &&
      platforms.some((platform) => samePlatform(platform, target)) &&
      !finding.platforms.some((platform) => samePlatform(platform, target))
    );
  });
  const branch = typeof worked?.found.taken === "number" ? worked.found.branches[worked.found.taken] : undefined;
  const text = branch === undefined ? undefined : model.repository.text(branch.place.path);
  const offsets = branch === undefined || text === undefined ? undefined : offsetsOf(branch.place, text);
  if (worked === undefined || branch === undefined || text === undefined || offsets === undefined) {
    return { refused: "No branch is there that a platform takes and that could be the model.", instead: byHand };
  }
  const [start, end] = offsets;
  const stop = /^[\s\\]*;;/.exec(text.slice(end))?.[0] ?? "";
  const own = `${text.slice(start, end)}${/;;\s*$/.test(text.slice(start, end)) ? "" : stop}`.trimEnd();
  if (!/^\(?[^()]*\)/.test(own) || !own.endsWith(";;")) {
    return { refused: "The branch that would be the model does not end with ;;.", instead: byHand };
  }
  const separator = /(?:[\t ]*\\?\r?\n)?[\t ]*$/.exec(text.slice(0, start))?.[0] ?? " ";
  const added: string[] = [];
  for (const platform of finding.platforms) {
    const subject = choices.find(({ execution }) => samePlatform(execution.target, platform))?.found.subject;
    if (subject === undefined) continue;
    const copy = branchFor(own, textOf(subject), platform, worked.execution, context);
    if (typeof copy !== "string") return copy;
    if (!added.includes(copy)) added.push(copy);
  }
  if (added.length === 0) return { refused: "What is compared on the missing platform is not known.", instead: byHand };
  const change: Change = {
    place: pointAt(branch.place.path, text, start + own.length),
    text: added.map((copy) => `${separator === "" ? " " : separator}${copy}`).join(""),
  };
  const wanted = finding.platforms.map(formatPlatform).join(" and ");
  return {
    title: `Add a branch for ${wanted} like that of ${formatPlatform(worked.execution.target)}`,
    changes: [change],
  };
};

/** All runs of the choice that a finding is about. */
function choicesAt({ path, line, column }: CheckFinding, model: Model): Choice[] {
  return model.executions.flatMap((execution) =>
    execution.trace.switches
      .filter(({ place }) => place.path === path && place.line === line && place.column === column)
      .map((found) => ({ found, execution })),
  );
}

/** The copy of a branch for another platform. */
function branchFor(
  own: string,
  subject: string,
  platform: Platform,
  execution: Execution,
  context: FixContext,
): string | Extract<Fix, { refused: string }> {
  const bracket = own.indexOf(")");
  const body = own.slice(bracket);
  const named = respell(body, platform);
  if (typeof named !== "string") return named;
  let result = named;
  for (const hex of new Set(body.match(/(?<![0-9a-zA-Z])[0-9a-fA-F]{32,128}(?![0-9a-zA-Z])/g))) {
    const sum = checksumFor(hex, platform, execution, context);
    if (sum === undefined) {
      return {
        refused: `The branch sets the checksum ${hex.slice(0, 12)}…, and that of the file for ${formatPlatform(platform)} is not known: it is not published in a place that can be read, or the check is offline.`,
        instead:
          "Take it from the page or the signed list of the release, and add the branch with it; do not leave the check out.",
      };
    }
    result = result.replaceAll(hex, sum);
  }
  return `${patternFor(own.slice(0, bracket), subject, platform)}${result}`;
}

/** The pattern of the new branch: the other names of the same list where they hold the subject, else the subject alone. */
function patternFor(pattern: string, subject: string, platform: Platform): string {
  const parenthesis = pattern.startsWith("(") ? "(" : "";
  const alternatives = pattern.slice(parenthesis.length).split("|");
  const named = alternatives.flatMap((each) => {
    const copy = respell(each.trim(), platform);
    return typeof copy === "string" && copy !== each.trim() ? [copy] : [];
  });
  const plain = [...new Set(named)];
  const isListed = plain.some((each) => each.replaceAll(/["']/g, "") === subject);
  if (isListed && plain.length === alternatives.length) return `${parenthesis}${plain.join("|")}`;
  const quote = /^\s*(["'])/.exec(alternatives[0] ?? "")?.[1] ?? "";
  return `${parenthesis}${quote}${subject}${quote}`;
}

/** A text with each name of an architecture as the same project spells it for the platform. */
function respell(text: string, platform: Platform): string | Extract<Fix, { refused: string }> {
  let result = text;
  for (const match of namesIn(text).toReversed()) {
    const around = wordAround(text, match);
    const name = match.architecture === "amd64" ? spellingFor(match, platform, around) : undefined;
    if (name === undefined) {
      return {
        refused: `How ${around.trim()} is called for ${formatPlatform(platform)} is not known, or there is none.`,
        instead: byHand,
      };
    }
    result = result.slice(0, match.start) + name + result.slice(match.end);
  }
  return result;
}

function wordAround(text: string, { start, end }: NameMatch): string {
  const before = /[^\s"'=;]*$/.exec(text.slice(0, start))?.[0] ?? "";
  const after = /^[^\s"';]*/.exec(text.slice(end))?.[0] ?? "";
  return `${before}${text.slice(start, end)}${after}`;
}

/** The published checksum of the file that takes the place of the one with this checksum. */
function checksumFor(
  hex: string,
  platform: Platform,
  { target, place }: Execution,
  context: FixContext,
): string | undefined {
  const algorithms: readonly ChecksumAlgorithm[] = ["md5", "sha1", "sha256", "sha512"];
  const algorithm = algorithms.find((name) => checksumLengths[name] === hex.length);
  for (const download of downloadsOf(context.model)) {
    const { execution } = download;
    const isHere = execution !== undefined && samePlatform(execution.target, target) && isSame(execution.place, place);
    if (!isHere || algorithm === undefined) continue;
    const holds = textOf(download.url).length > 0 && hexesBehind(download).includes(hex);
    const url = holds ? respell(textOf(download.url), platform) : undefined;
    if (typeof url === "string" && url !== textOf(download.url)) return context.checksum(url, algorithm);
  }
  return undefined;
}

/** Checksums that the commands behind a download hold, also those that a table chose. */
function hexesBehind(download: Download): string[] {
  const { execution, index = 0 } = download;
  return (execution?.trace.commands.slice(index + 1) ?? []).flatMap(({ words, input }) =>
    [...words, ...(input === undefined ? [] : [input])].flatMap(
      (word) => textOf(word).match(/[0-9a-fA-F]{32,128}/g) ?? [],
    ),
  );
}

function isSame(a: Place, b: Place): boolean {
  return a.path === b.path && a.line === b.line && a.column === b.column;
}

/** The place of an offset. */
function pointAt(path: string, text: string, offset: number): Place {
  const starts = lineStarts(text);
  const index = starts.findLastIndex((start) => start <= offset);
  const line = index + 1;
  const column = offset - (starts[index] ?? 0) + 1;
  return { path, line, column, endLine: line, endColumn: column };
}

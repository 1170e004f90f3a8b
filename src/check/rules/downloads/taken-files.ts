import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";
import { fileNameOf } from "./asset-kind.ts";
import { realProgram } from "./download-words.ts";
import { pipedInto, type Download } from "./download.ts";

/** Parts of an archive that are the same for all architectures: scripts, headers, manuals. */
const dataMember =
  /(?:^|\/)(?:lib\/node_modules|share|include|etc|man|doc|docs|examples?|completions?|licen[sc]es?)(?:\/|$|\*)|(?:^|\/)bin\/(?:npm|npx|corepack|yarn|yarnpkg)$|\.(?:js|json|md|txt|html|css|proto|h|1|8|sh|py|ya?ml|conf|service)$|(?:^|\/)LICEN[SC]E/i;

/**
 * Whether a download is an archive of which only files are taken that no processor runs: `tar -xf node.tar.gz node/lib/node_modules/npm`. Without
 * a list of members everything is taken.
 */
export function isOnlyData(download: Download): boolean {
  const { execution, index = 0, command } = download;
  if (execution === undefined || command === undefined) return false;
  const { commands } = execution.trace;
  const file = fileNameOf(textOf(download.url));
  const unpacking = commands.slice(index + 1).filter((each) => {
    if (!/^(?:tar|bsdtar|gtar|unzip)$/.test(realProgram(each).program)) return false;
    const isPiped = pipedInto(each, commands).includes(command);
    return isPiped || (file !== "" && each.words.some((word) => textOf(word).includes(file)));
  });
  return unpacking.length > 0 && unpacking.every((each) => isOfData(membersOf(each, file)));
}

function isOfData(members: readonly string[]): boolean {
  return members.length > 0 && members.every((member) => dataMember.test(member));
}

const withValue =
  /^-[A-Za-z]*[CfdTX]$|^--(?:directory|file|exclude|files-from|strip-components|transform|owner|group)$/;

function membersOf(command: ReachedCommand, file: string): string[] {
  const { program, at } = realProgram(command);
  const words = command.words.slice(at + 1).map(textOf);
  const isUnzip = program === "unzip";
  const members: string[] = [];
  let seenArchive = false;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (word.startsWith("-")) {
      if (!isUnzip && /^-[A-Za-z]*f$/.test(word)) seenArchive = true;
      index += withValue.test(word) ? 1 : 0;
    } else if (!isUnzip && index === 0) {
      if (word.includes("f")) index += 1;
      seenArchive = true;
    } else if (isUnzip && !seenArchive) seenArchive = true;
    else if (file === "" || !word.includes(file) || word.length > file.length + 40) members.push(word);
  }
  return members;
}

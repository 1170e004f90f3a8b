import { formatPlatform } from "../../platform/platform.ts";
import { lineStarts } from "../place.ts";
import { imageArchitecture } from "../rules/kubernetes/image-architecture.ts";
import { textOf } from "../value.ts";
import type { Change } from "./change.ts";
import type { Fix, Fixer } from "./fixer.ts";

/** `k8s-arch-pinned`: names all architectures, or takes the selector away, when all images of the pod are known to have the platforms. */
export const allowArchitectures: Fixer = (finding, { model, platforms }): Fix => {
  const { path, line = 0 } = finding;
  const text = model.repository.text(path);
  const workload = model.manifests
    .flatMap((manifest) => (manifest.path === path && "workloads" in manifest ? manifest.workloads : []))
    .find(({ architectures }) => architectures?.place.line === line);
  const rule = workload?.architectures;
  if (text === undefined || workload === undefined || rule === undefined) {
    return { refused: "The pod of the rule is not known." };
  }
  const lacking = workload.images.find(({ value }) =>
    platforms.some((platform) => imageArchitecture(value, platform, model).has !== true),
  );
  if (workload.images.length === 0 || lacking !== undefined) {
    return {
      refused: `It is not known that ${lacking === undefined ? "the images" : textOf(lacking.value)} of the pod can run on ${platforms.map(formatPlatform).join(" and ")}.`,
      instead: "Delete the rule, or add the architectures to it, when all images of the pod have them.",
    };
  }
  const wanted = platforms.map(({ architecture }) => architecture).filter((name) => !rule.allowed.includes(name));
  const lines = text.split("\n");
  const last = rule.names.at(-1)?.place;
  const own = last === undefined ? "" : (lines[last.line - 1] ?? "").replace(/\r$/, "");
  if (last === undefined) return { refused: "Where the architectures are written is not known." };
  const title = `Let the pod run on ${wanted.join(" and ")} too`;
  const item = /^(\s*-\s+)(["']?)[\w]+\2\s*(?:#.*)?$/.exec(own);
  if (item !== null) {
    const added = wanted.map((name) => `${item[1] ?? ""}${item[2] ?? ""}${name}${item[2] ?? ""}\n`).join("");
    const at = { path, line: last.line + 1, column: 1, endLine: last.line + 1, endColumn: 1 };
    return { title, changes: [{ place: at, text: added }] };
  }
  const list = /^\s*(?:-\s+)?values:\s*\[([^\]]*)\]/.exec(own);
  if (list !== null) {
    const quote = /["']/.exec(list[1] ?? "")?.[0] ?? "";
    const column = own.indexOf("]") + 1;
    const at = { path, line: last.line, column, endLine: last.line, endColumn: column };
    return { title, changes: [{ place: at, text: wanted.map((name) => `, ${quote}${name}${quote}`).join("") }] };
  }
  if (/^\s*["']?(?:beta\.)?kubernetes\.io\/arch["']?:\s*\S+\s*(?:#.*)?$/.test(own)) {
    return { title, changes: [removal(path, text, last.line)] };
  }
  return {
    refused: "The rule is not written in a form that can be changed line by line.",
    instead: "Change it by hand.",
  };
};

/** Takes a line of a nodeSelector away, with the key above when nothing else is below it. */
function removal(path: string, text: string, line: number): Change {
  const lines = text.split("\n");
  const indent = (at: number): number => /^\s*/.exec(lines[at - 1] ?? "")?.[0].length ?? 0;
  const isKey = /^\s*nodeSelector:\s*(?:#.*)?$/.test((lines[line - 2] ?? "").replace(/\r$/, ""));
  const hasMore = line < lineStarts(text).length && indent(line + 1) === indent(line) && /\S/.test(lines[line] ?? "");
  const first = isKey && !hasMore ? line - 1 : line;
  return { place: { path, line: first, column: 1, endLine: line + 1, endColumn: 1 }, text: "" };
}

import { lineStarts, type Place } from "../place.ts";
import type { CheckFinding } from "../check.ts";
import { offsetsOf, type Change } from "./change.ts";
import { declareArg, instructionAt } from "./dockerfile-place.ts";
import type { Fix, FixContext, Fixer } from "./fixer.ts";
import { nameInMakefile } from "./make-names.ts";
import { nameInScript } from "./script-names.ts";
import { quoteFor, quotingAt } from "./shell-text.ts";
import { wrongNames } from "./wrong-names.ts";

/** The exact places of a finding, each once. */
function spotsOf(finding: CheckFinding): { readonly place: Place; readonly text: string }[] {
  const spots = finding.problems.flatMap(({ spots: own = [] }) => own);
  return spots.filter((spot, index) => {
    return spots.findIndex((other) => JSON.stringify(other) === JSON.stringify(spot)) === index;
  });
}

/** The quoting of a place in a shell text of its file. */
function quotingOf(place: Place, { model }: FixContext): ReturnType<typeof quotingAt> {
  const text = model.repository.text(place.path) ?? "";
  const own = instructionAt(model, place.path, place.line)?.instruction;
  const start = own === undefined ? 0 : own.range.start.offset;
  const offset = (lineStarts(text)[place.line - 1] ?? 0) + place.column - 1;
  return quotingAt(text.slice(start), offset - start);
}

/** `k8s-arch-label-deprecated`: takes the label's name since Kubernetes 1.14. */
export const renameLabel: Fixer = (finding): Fix => {
  const changes = spotsOf(finding).flatMap(({ place, text }): Change[] => {
    const name = text.replace("beta.kubernetes.io/", "kubernetes.io/");
    return name === text ? [] : [{ place, text: name }];
  });
  if (changes.length === 0) return { refused: "The exact place of the label is not known." };
  return { title: "Use the label kubernetes.io/arch (Kubernetes 1.14 and later)", changes };
};

/** `compose-platform-pinned`: takes the line away. */
export const removeLine: Fixer = (finding, { model }): Fix => {
  const { path, line = 0 } = finding;
  const text = model.repository.text(path)?.split("\n")[line - 1];
  if (text === undefined || !/^\s*platform:\s*\S+\s*(?:#.*)?$/.test(text)) {
    return { refused: "The platform does not stand in a line of its own.", instead: "Remove the key platform." };
  }
  const place = { path, line, column: 1, endLine: line + 1, endColumn: 1 };
  return { title: "Run the service on the machine's own platform", changes: [{ place, text: "" }] };
};

/** `goarch-hardcoded`: lets GOARCH follow the platform. Go's names are Docker's. */
export const followGoArchitecture: Fixer = (finding, context): Fix => {
  const { model, platforms } = context;
  const spots = spotsOf(finding);
  if (spots.length === 0) return { refused: "The exact place of the name is not known." };
  const changes: Change[] = [];
  for (const [path, own] of Map.groupBy(spots, ({ place }) => place.path)) {
    if (!model.dockerfiles.some((file) => file.path === path)) {
      const names = wrongNames(
        { ...finding, problems: finding.problems.map((problem) => ({ ...problem, spots: own })) },
        platforms,
        model.repository,
      );
      if ("refused" in names) return names;
      const isMake = model.makefiles.some((file) => file.path === path);
      const fix = isMake ? nameInMakefile(path, names, context) : nameInScript(path, names, context);
      if ("refused" in fix) return fix;
      changes.push(...fix.changes);
      continue;
    }
    for (const { place, text } of own) {
      const at = instructionAt(model, path, place.line);
      if (at === undefined) return { refused: "The name stands outside of any instruction." };
      const value = "${TARGETARCH}";
      const isShell = at.instruction.keyword === "RUN";
      const written = text.includes("=") ? `${text.slice(0, text.indexOf("=") + 1)}${value}` : value;
      changes.push(...declareArg(at, "TARGETARCH"), {
        place,
        text: isShell ? quoteFor(written, quotingOf(place, context)) : written,
      });
    }
  }
  return { title: "Compile for the platform that is asked for (TARGETARCH)", changes };
};

/** `repo-arch-pinned`: lets apt or dnf take the packages of the machine. */
export const followPackageArchitecture: Fixer = (finding, context): Fix => {
  const changes = spotsOf(finding).map(({ place }): Change | undefined => {
    const text = context.model.repository.text(place.path);
    const offsets = text === undefined ? undefined : offsetsOf(place, text);
    if (text === undefined || offsets === undefined) return undefined;
    const line = text.split("\n")[place.line - 1] ?? "";
    const at = instructionAt(context.model, place.path, place.line);
    const isShell = at?.instruction.keyword === "RUN" || place.path.endsWith(".sh");
    if (/\[[^\]]*arch=/.test(line)) {
      if (isShell) return { place, text: quoteFor("$(dpkg --print-architecture)", quotingOf(place, context)) };
      return undefined;
    }
    if (!/baseurl|repo/i.test(line)) return undefined;
    const quoting = quotingOf(place, context);
    return { place, text: isShell && quoting !== "single" ? "\\$basearch" : "$basearch" };
  });
  const found = changes.filter((change) => change !== undefined);
  if (found.length === 0 || found.length < changes.length) {
    return {
      refused: "The entry is in a file that no shell writes, so that nothing in it can be asked for.",
      instead: "Leave the option arch= out: apt takes the packages of the machine by itself.",
    };
  }
  return { title: "Take the packages of the machine's own architecture", changes: found };
};

/** `arch-var-not-exported`: exports the variables before the program that must see them. */
export const exportVariables: Fixer = (finding, context): Fix => {
  const names = [...new Set(spotsOf(finding).flatMap(({ text }) => /[A-Za-z_]\w*/.exec(text) ?? []))];
  const { path, line = 0, column = 0 } = finding;
  if (names.length === 0 || column === 0) return { refused: "Which variables are meant is not known." };
  const at = { path, line, column, endLine: line, endColumn: column };
  if (quotingOf(at, context) !== "plain") return { refused: "The command stands in a quoted text." };
  return {
    title: `Export ${names.join(", ")} to the programs that are called`,
    changes: [{ place: at, text: `export ${names.join(" ")} && ` }],
  };
};

import { foreignIn, spotsOf } from "../../names/foreign.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { sliceValue, textOf } from "../../value.ts";
import { sourceLines, type SourceLine } from "./package-sources.ts";
import { weigh } from "./weigh.ts";

const id = "repo-arch-pinned";

/** Finds package sources that are limited to the packages of one architecture. */
export const repoArchPinned: Rule = {
  id,
  severity: "error",
  page: {
    title: "A package source is limited to one architecture",
    what: "A line `deb [arch=amd64] …`, a `baseurl` with `x86_64` in it, or a `.list`, `.sources` or `.repo` file like that which is copied into the image.",
    why: "On another platform apt finds no package in such a source: it takes only those of its own architecture. dnf and yum offer packages that do not fit.",
    symptom:
      "`E: Unable to locate package …`, `E: Package '…' has no installation candidate`; with dnf `nothing provides …` or packages of another architecture.",
    fix: 'Let the package manager say what it is:\n\n```diff\n-RUN echo "deb [arch=amd64 signed-by=/k.gpg] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list\n+RUN echo "deb [arch=$(dpkg --print-architecture) signed-by=/k.gpg] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list\n```\n\nWithout `arch=` apt takes its own architecture as well. In a `.repo` file write `$basearch`.',
    ignore: "When the vendor has packages for one architecture alone and the image is for that one by design.",
  },
  find: (model) => problemsIn(model),
};

function* problemsIn(model: Model): Generator<Problem> {
  for (const line of sourceLines(model)) {
    const problem = problemOf(line);
    if (problem !== undefined) yield problem;
  }
}

function problemOf(line: SourceLine): Problem | undefined {
  const { text: value, platform, place, execution } = line;
  const pinned = pinnedPart(textOf(value));
  if (pinned === undefined) return undefined;
  const names = foreignIn(sliceValue(value, pinned.start, pinned.end), platform).filter(({ chosen }) => !chosen);
  if (names.length === 0) return undefined;
  // Foreign packages beside the machine's own are wanted: dpkg was told so.
  const isForeignWanted = execution?.trace.commands.some(
    ({ program, words }) => program === "dpkg" && words.some((word) => textOf(word).startsWith("--add-architecture")),
  );
  if (isForeignWanted === true) return undefined;
  const weight = weigh(line);
  // The text is seen where it is printed and where it is written to the file: one mistake.
  const written = names[0]?.place ?? place;
  return {
    rule: id,
    severity: weight.severity,
    message: [
      `This package source has only packages for ${[...new Set(names.map(({ name }) => name.text))].join(", ")}.`,
      weight.because,
    ]
      .filter(Boolean)
      .join(" "),
    platforms: [platform],
    place,
    key: [id, written.path, written.line, written.column].join("\0"),
    spots: spotsOf(names),
    related: names.flatMap(({ place: at }) =>
      at === undefined ? [] : [{ place: at, message: "The name of the architecture is written here." }],
    ),
    advice: /arch/i.test(pinned.kind)
      ? "Write arch=$(dpkg --print-architecture), or leave it out."
      : "Write $basearch in the place of the name.",
  };
}

/** The part of a source's line that says which packages are in it. */
function pinnedPart(text: string): { readonly start: number; readonly end: number; readonly kind: string } | undefined {
  const shapes: readonly (readonly [kind: string, shape: RegExp])[] = [
    ["arch", /(?<=^\s*deb(?:-src)?\s+\[[^\]]*\barch\s*=\s*)[^\]\s]+/],
    ["Architectures", /(?<=^Architectures:\s*)\S.*$/],
    ["deb", /(?<=^\s*deb\s+(?:\[[^\]]*\]\s+)?)\S+.*$/],
    ["baseurl", /(?<=^\s*(?:baseurl|mirrorlist|metalink)\s*=\s*)\S.*$/],
    ["repo", /^(?:https?|ftp):\/\/\S+$/],
  ];
  for (const [kind, shape] of shapes) {
    const found = shape.exec(text);
    if (found !== null) return { start: found.index, end: found.index + found[0].length, kind };
  }
  return undefined;
}

import type { StageModel } from "../../model.ts";
import { textOf } from "../../value.ts";

/** Names of Ubuntu's releases, as its package index calls them. */
const ubuntu: Readonly<Record<string, string>> = {
  "14.04": "trusty",
  "16.04": "xenial",
  "18.04": "bionic",
  "20.04": "focal",
  "22.04": "jammy",
  "24.04": "noble",
  "26.04": "resolute",
};

const debian: Readonly<Record<string, string>> = {
  "8": "jessie",
  "9": "stretch",
  "10": "buster",
  "11": "bullseye",
  "12": "bookworm",
  "13": "trixie",
};

const codenames =
  /(?<![a-z])(?:jessie|stretch|buster|bullseye|bookworm|trixie|trusty|xenial|bionic|focal|jammy|noble|resolute)(?![a-z])/;

/** The package index of a stage: `bookworm` for apt, `v3.18` for apk; undefined when its base image's name does not say. */
export function packageIndexOf(stage: StageModel): { readonly apt?: string; readonly apk?: string } {
  const base = baseOf(stage);
  const reference = base === undefined ? "" : (textOf(base).split("@", 1)[0] ?? "");
  const tag = reference.includes(":") ? reference.slice(reference.lastIndexOf(":") + 1) : "";
  const name = reference.slice(0, reference.length - tag.length).replace(/:$/, "");
  const alpine = /(?:^|\/)alpine$/.test(name) ? /^v?(\d+\.\d+)/.exec(tag) : /alpine-?(\d+\.\d+)/.exec(tag);
  if (alpine !== null) return { apk: `v${alpine[1] ?? ""}` };
  const suite = codenames.exec(tag)?.[0] ?? numbered(name, tag);
  return suite === undefined ? {} : { apt: suite };
}

function numbered(name: string, tag: string): string | undefined {
  if (/(?:^|\/)ubuntu$/.test(name)) return ubuntu[tag.slice(0, 5)];
  if (/(?:^|\/)debian$/.test(name)) return debian[/^\d+/.exec(tag)?.[0] ?? ""];
  const other = /ubuntu-?(\d\d\.\d\d)/.exec(tag);
  return other === null ? undefined : ubuntu[other[1] ?? ""];
}

/** The image that a stage begins from in the end. */
function baseOf(stage: StageModel, depth = 0): StageModel["base"] {
  const { base } = stage.stage;
  if (stage.base !== undefined || base.kind !== "stage" || depth > 100) return stage.base;
  const parent = stage.variant.stages.find((other) => other.stage.index === base.index);
  return parent === undefined || parent === stage ? undefined : baseOf(parent, depth + 1);
}

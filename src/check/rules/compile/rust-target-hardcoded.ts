import { formatPlatform } from "../../../platform/platform.ts";
import { foreignIn, spotsOf } from "../../names/foreign.ts";
import type { DockerfileVariant, Execution, Model } from "../../model.ts";
import type { Place } from "../../place.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf, type Value } from "../../value.ts";
import { commandsOf, isForArchitecture, isInChoice, placeOf, variableOf, type BuildCommand } from "./build-command.ts";

const id = "rust-target-hardcoded";

/** A target triple of Rust for Linux. */
const triple = /[a-z0-9_]+-(?:unknown|alpine|[a-z]+)-linux-(?:gnu|musl)[a-z0-9]*/;

/** Finds Rust programs that are compiled for one fixed target. */
export const rustTargetHardcoded: Rule = {
  id,
  severity: "error",
  page: {
    title: "A Rust program is compiled for one fixed target",
    what: "A `cargo build` with a target triple of another architecture (`--target`, `CARGO_BUILD_TARGET`, `build.target` in `.cargo/config.toml`) that is reached for a requested platform. The lines that repeat the triple (`rustup target add`, `target/TRIPLE/release`) belong to the finding.",
    why: "Cargo makes a program for the triple, whatever the image is for.",
    symptom:
      "`error[E0463]: can't find crate for std` (the target is not installed), `error: linker x86_64-linux-gnu-gcc not found`, or `exec format error` when the container starts.",
    fix: 'Without a reason for `--target`, take it away: Cargo compiles for the machine, and the program is in `target/release`. With one (musl), choose the triple by the platform:\n\n```diff\n-RUN cargo build --release --target x86_64-unknown-linux-musl\n+RUN cargo build --release --target "$(uname -m)-unknown-linux-musl"\n```',
    ignore: "The program is meant for that architecture alone.",
  },
  *find(model) {
    const commands = commandsOf(model, (program) => /^(?:cargo|cross|rustc)$/.test(program)).filter(({ texts }) =>
      texts.some((text) => /^(?:build|b|install|rustc|zigbuild|xbuild)$/.test(text)),
    );
    for (const build of commands) yield* problemOf(build, commands, model);
  },
};

function* problemOf(build: BuildCommand, all: readonly BuildCommand[], model: Model): Generator<Problem> {
  const { execution, command } = build;
  if (execution.kind !== "run" || command.guarded) return;
  const { target } = execution;
  const value = targetOf(build);
  const setting = value === undefined ? configuredTarget(model) : undefined;
  if (value === undefined && setting === undefined) return;
  const names = value === undefined ? [] : foreignIn(value, target).filter(({ chosen }) => !chosen);
  const isWrong =
    value === undefined ? setting !== undefined && !matches(setting.text, target.architecture) : names.length > 0;
  const place = setting?.place ?? (value === undefined ? undefined : (names[0]?.place ?? placeOf(value)));
  if (!isWrong || place === undefined || isForArchitecture(place.path, names[0]?.name.architecture ?? "")) return;
  if (setting === undefined && isInChoice(execution, place, model)) return;
  const hasSibling = all.some((other) => {
    const others = other.execution === execution ? targetOf(other) : undefined;
    return others !== undefined && matches(textOf(others), target.architecture);
  });
  if (hasSibling) return;
  const written = triple.exec(value === undefined ? (setting?.text ?? "") : textOf(value))?.[0] ?? "the triple";
  const repeats = repeatsOf(written, execution, target.architecture);
  yield {
    rule: id,
    message: `Cargo compiles for ${written} on ${formatPlatform(target)} too: the program is made for another architecture.`,
    platforms: [target],
    place,
    spots: [...spotsOf(names), ...repeats.flatMap(({ value }) => spotsOf(foreignIn(value, target)))],
    related: [
      { place: command.place, message: "the build" },
      ...repeats.map((each) => ({ place: each.place, message: "repeats the triple" })),
    ],
    advice: "Take --target away (the program is then in target/release), or choose the triple by the platform.",
    key: [id, place.path, place.line].join("\0"),
  };
}

function targetOf({ command, texts }: BuildCommand): Value | undefined {
  const at = texts.findIndex((text) => text === "--target" || text.startsWith("--target="));
  if (at >= 0) return texts[at] === "--target" ? command.words[at + 1] : command.words[at];
  return variableOf(command, "CARGO_BUILD_TARGET");
}

function matches(text: string, architecture: string): boolean {
  return isForArchitecture(text, architecture);
}

/** `build.target` of a Cargo configuration, when it is a triple of Linux. */
function configuredTarget({ packages = [] }: Model): { text: string; place: Place } | undefined {
  for (const { kind, settings } of packages) {
    if (kind !== "cargo-config") continue;
    const found = settings.filter(({ name }) => name === "build.target");
    const [first] = found;
    if (found.length === 1 && first !== undefined && triple.test(first.values[0] ?? ""))
      return { text: first.values[0] ?? "", place: first.place };
  }
  return undefined;
}

/** Other words of the Dockerfile with the same triple: they name the target or the folder of the result. */
function repeatsOf(written: string, execution: Execution, architecture: string): { place: Place; value: Value }[] {
  const variant = execution.stage?.variant;
  if (variant === undefined || architecture === "") return [];
  return wordsOf(variant)
    .filter((value) => textOf(value).includes(written))
    .flatMap((value) => {
      const place = placeOf(value);
      return place === undefined ? [] : [{ place, value }];
    })
    .slice(0, 30);
}

function wordsOf({ stages }: DockerfileVariant): Value[] {
  return stages.flatMap(({ copies, runs }) => [
    ...copies.flatMap(({ sources, destination }) => [...sources, destination]),
    ...runs.flatMap(({ trace }) => trace.commands.flatMap(({ words }) => words)),
  ]);
}

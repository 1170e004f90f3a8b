import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import type { Model } from "../../model.ts";
import { commandsOf, variableOf, type BuildCommand } from "./build-command.ts";

const id = "page-size-assumption";

/** Crates that compile jemalloc. */
const crates: ReadonlySet<string> = new Set(["tikv-jemallocator", "tikv-jemalloc-sys", "jemallocator", "jemalloc-sys"]);

/** Finds allocators that are compiled for the page size of the builder. */
export const pageSizeAssumption: Rule = {
  id,
  severity: "note",
  page: {
    title: "jemalloc is compiled for the builder's page size",
    what: "A build for arm64 with jemalloc (the crates tikv-jemallocator and jemallocator, or jemalloc's own `configure`) that does not say the page size.",
    why: "jemalloc takes the page size of the machine that compiles it: 4 KiB on most builders. Some arm64 kernels have pages of 16 or 64 KiB (Red Hat 8, Raspberry Pi 5, Asahi).",
    symptom: "`<jemalloc>: Unsupported system page size`, and the program ends at once.",
    fix: "Compile it for the largest page; that works on smaller ones too:\n\n```dockerfile\nENV JEMALLOC_SYS_WITH_LG_PAGE=16\n```\n\nFor `configure` it is `--with-lg-page=16`.",
    ignore: "The image only runs on kernels with 4 KiB pages.",
  },
  *find(model) {
    const dependency = (model.packages ?? [])
      .filter(({ kind }) => kind === "cargo")
      .flatMap(({ dependencies }) => dependencies)
      .find(
        ({ name, condition }) => crates.has(name) && !/not\s*\(\s*target_arch\s*=\s*"aarch64"/.test(condition ?? ""),
      );
    for (const build of commandsOf(model, (program) => /^(?:cargo|configure)$/.test(program))) {
      const { execution, command, texts } = build;
      if (execution.kind !== "run" || execution.target.architecture !== "arm64") continue;
      const place = dependency?.place;
      if (isCargoBuild(build) && place !== undefined && !isSetInConfig(model)) {
        if (variableOf(command, "JEMALLOC_SYS_WITH_LG_PAGE") !== undefined) continue;
        yield problemOf(build, [{ place, message: "jemalloc comes from here" }]);
      }
      const isJemalloc = command.program === "configure" && /jemalloc/.test(`${directoryOf(build)} ${texts.join(" ")}`);
      if (isJemalloc && !texts.some((text) => text.startsWith("--with-lg-page"))) yield problemOf(build, []);
    }
  },
};

function problemOf({ execution, command }: BuildCommand, related: NonNullable<Problem["related"]>): Problem {
  return {
    rule: id,
    message: "jemalloc takes the page size of the builder, and stops on arm64 kernels with larger pages.",
    platforms: [execution.target],
    place: command.place,
    related,
    advice: "Set JEMALLOC_SYS_WITH_LG_PAGE=16 for the build.",
    key: [id, command.place.path, command.place.line].join("\0"),
  };
}

function isCargoBuild({ command, texts }: BuildCommand): boolean {
  return command.program === "cargo" && texts.some((text) => /^(?:build|b|install|rustc)$/.test(text));
}

function isSetInConfig({ packages = [] }: Model): boolean {
  return packages.some(({ settings }) => settings.some(({ name }) => name.includes("JEMALLOC_SYS_WITH_LG_PAGE")));
}

/** Where the command is called from, as far as its RUN says: `cd jemalloc-5.3 && ./configure`. */
function directoryOf({ execution }: BuildCommand): string {
  return execution.trace.commands
    .filter(({ program }) => program === "cd")
    .flatMap(({ words }) => words.slice(1).map(textOf))
    .join(" ");
}

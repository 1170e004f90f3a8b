import { namesIn } from "../../../platform/architecture-words.ts";
import { formatPlatform, samePlatform } from "../../../platform/platform.ts";
import type { Execution, Model } from "../../model.ts";
import type { Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";

const id = "cargo-native-build";

/** Crates whose build script compiles C or links a library of the system. */
const nativeCrates: ReadonlySet<string> = new Set([
  "openssl-sys",
  "openssl",
  "native-tls",
  "libz-sys",
  "libsqlite3-sys",
  "rdkafka",
  "rdkafka-sys",
  "libgit2-sys",
  "git2",
  "librocksdb-sys",
  "rocksdb",
  "libpq-sys",
  "mysqlclient-sys",
  "zstd-sys",
  "ring",
  "aws-lc-sys",
  "tikv-jemallocator",
  "jemallocator",
]);

/** Tells of crates that need a C tool-chain of the target, and of those that are for one architecture. */
export const cargoNativeBuild: Rule = {
  id,
  severity: "note",
  page: {
    title: "A crate compiles C code or is for one architecture",
    what: "A crate with C code or a system library behind it (openssl-sys, rdkafka, ring, …) in a project whose image is cross-compiled, and dependencies under `[target.'cfg(target_arch = \"…\")']` that some requested platforms have no counterpart of.",
    why: "Cargo cross-compiles Rust by itself, but a build script that compiles C needs a C compiler, and often headers and libraries, of the target.",
    symptom:
      '`error: failed to run custom build command for openssl-sys`, `Could not find directory of OpenSSL installation`, `error occurred in cc-rs: failed to find tool "aarch64-linux-gnu-gcc"`.',
    fix: "Install the target's C tool-chain in the build stage and tell Cargo (`CC_aarch64_unknown_linux_gnu`, `CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER`), let tonistiigi/xx do it, or use the crate's vendored or Rust-only feature (`rustls` for `openssl`).",
    ignore: "The stage already has the tool-chain of every platform.",
  },
  *find(model) {
    const cross = crossCompiles(model);
    for (const { kind, dependencies } of model.packages ?? []) {
      if (kind !== "cargo") continue;
      for (const { name, condition, place, use } of dependencies) {
        const only = condition === undefined || !condition.includes("target_arch") ? [] : namesIn(condition);
        const hasOthers = dependencies.some((other) => other.condition !== undefined && other.condition !== condition);
        const without = model.platforms.filter(
          ({ architecture }) => only.length > 0 && !only.some((each) => each.architecture === architecture),
        );
        if (without.length > 0 && !hasOthers && !/\bnot\s*\(/.test(condition ?? "")) {
          yield {
            rule: id,
            message: `${name} is a dependency on ${only.map(({ text }) => text).join(", ")} alone: make sure that the code does without it on ${without.map(formatPlatform).join(" and ")}.`,
            platforms: without,
            place,
          };
        }
        if (cross === undefined || use === "development" || !nativeCrates.has(name)) continue;
        yield {
          rule: id,
          message: `${name} compiles C code or links a system library, and the image is cross-compiled: its build needs the C tool-chain of ${formatPlatform(cross.target)}.`,
          platforms: [cross.target],
          place,
          related: [{ place: cross.place, message: "the stage that cross-compiles" }],
        };
      }
    }
  },
};

/** A RUN that runs cargo on another platform than the wanted one. */
function crossCompiles({ executions }: Model): Execution | undefined {
  return executions.find(
    ({ kind, machine, target, trace }) =>
      kind === "run" &&
      !samePlatform(machine, target) &&
      trace.commands.some(
        ({ program, words }) => program === "cargo" && words.some((word) => textOf(word) === "build"),
      ),
  );
}

import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import { tomlBound } from "./constraint.ts";
import type { Dependency, PackageFile, PackageSetting } from "./dependency.ts";
import { readToml, startsWith, type TomlEntry } from "./toml-text.ts";

/** Reads Cargo.toml. Throws an Error for a text that is no TOML. */
export function readCargoToml(path: string, text: string, reading: Reading): PackageFile {
  const locate = locateIn(path, text);
  const entries = readToml(text);
  const own = entries.flatMap((entry): { entry: TomlEntry; name: string; table: string; cfg?: string }[] => {
    const { keys } = entry;
    const isTarget = keys[0] === "target";
    const at = isTarget ? 2 : keys[0] === "workspace" ? 1 : 0;
    const [table = "", name] = keys.slice(at);
    if (name === undefined || !/^(?:dev-|build-)?dependencies$/.test(table)) return [];
    if (keys.length > at + 2 && keys[at + 2] !== "version") return [];
    return [{ entry, name, table, ...(isTarget ? { cfg: keys[1] ?? "" } : {}) }];
  });
  const dependencies = own.map(({ entry, name, table, cfg }): Dependency => {
    const bound = tomlBound(entry.text ?? "", "caret");
    return {
      ecosystem: "cargo",
      name,
      constraint: entry.text ?? "",
      ...(bound === undefined ? {} : { bound }),
      place: locate(entry.outer, entry.end),
      use: table === "dev-dependencies" ? "development" : "program",
      platforms: reading.platforms,
      ...(cfg === undefined ? {} : { condition: cfg }),
    };
  });
  return { path, kind: "cargo", dependencies, settings: [] };
}

/** Settings of `.cargo/config.toml` and `rust-toolchain.toml` that choose a target. Throws an Error for a text that is no TOML. */
export function readCargoConfig(path: string, text: string): PackageFile {
  const locate = locateIn(path, text);
  // The old form of rust-toolchain is the channel alone.
  const entries = /^\s*[\w.-]+\s*$/.test(text) ? [] : readToml(text);
  const settings = entries.flatMap((entry): PackageSetting[] => {
    const { keys, text: value = "" } = entry;
    const isSetting =
      startsWith(keys, "build", "target") ||
      startsWith(keys, "build", "rustflags") ||
      startsWith(keys, "target", "*", "rustflags") ||
      startsWith(keys, "target", "*", "linker") ||
      startsWith(keys, "env", "*") ||
      startsWith(keys, "toolchain", "targets");
    if (!isSetting) return [];
    const name = keys.filter((key, index) => index < 2 || !/^\d+$/.test(key)).join(".");
    return [{ name, values: [value], place: locate(entry.start, entry.end) }];
  });
  return { path, kind: "cargo-config", dependencies: [], settings };
}

import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";
import { recognizeC } from "./c-language.ts";
import { recognizeJava } from "./java-language.ts";
import { recognizeNode } from "./node-language.ts";
import { recognizePython } from "./python-language.ts";
import { firstVersion } from "./version-text.ts";

/** The languages of a repository by the files at its root, in a fixed order. */
export function recognizeLanguages(files: RepositoryFiles): RecognizedLanguage[] {
  const all = [recognizeGo, recognizeNode, recognizePython, recognizeRust, recognizeJava];
  const found = all.flatMap((recognize) => recognize(files) ?? []);
  // A Makefile next to another language mostly calls that language.
  return found.length > 0 ? found : [recognizeC(files) ?? []].flat();
}

function recognizeGo(files: RepositoryFiles): RecognizedLanguage | undefined {
  const module = files.read("go.mod");
  if (module === undefined) return undefined;
  const line = /^(?:toolchain\s+go|go\s+)(\d+\.\d+)/m;
  const version = firstVersion(files.read(".go-version"), 2) ?? line.exec(module)?.[1];
  return {
    id: "go",
    title: `Go ${version ?? "(no version written)"}`,
    file: "go.mod",
    image: `golang:${version ?? "1"}`,
    steps: ["go vet ./...", "go test ./..."],
    ...(files.names.includes("go.sum") ? { cache: { path: "/go/pkg/mod", name: "gomod", lock: "go.sum" } } : {}),
  };
}

function recognizeRust(files: RepositoryFiles): RecognizedLanguage | undefined {
  const manifest = files.read("Cargo.toml");
  if (manifest === undefined) return undefined;
  const toolchain = files.read("rust-toolchain.toml") ?? files.read("rust-toolchain") ?? "";
  const written = /channel\s*=\s*["'](\d+\.\d+)/.exec(toolchain)?.[1] ?? /^\s*(\d+\.\d+)/.exec(toolchain)?.[1];
  const version = written ?? /^rust-version\s*=\s*["'](\d+\.\d+)/m.exec(manifest)?.[1];
  const locked = files.names.includes("Cargo.lock");
  return {
    id: "rust",
    title: `Rust ${version ?? "(no version written)"}`,
    file: "Cargo.toml",
    image: `rust:${version ?? "1"}`,
    steps: [`cargo test${locked ? " --locked" : ""}`],
    ...(locked ? { cache: { path: "/usr/local/cargo/registry", name: "cargo", lock: "Cargo.lock" } } : {}),
  };
}

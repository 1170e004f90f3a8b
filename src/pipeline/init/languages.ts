import type { RecognizedLanguage, RepositoryFiles } from "./repository-files.ts";
import { recognizeC } from "./c-language.ts";
import { recognizeJava } from "./java-language.ts";
import { recognizeNode } from "./node-language.ts";
import { recognizePython } from "./python-language.ts";
import { firstVersion } from "./version-text.ts";

/** Projects below the root of a repository that get a job: of more a person says which matter. */
const maxProjects = 8;

/** The languages of a repository by the files at its root, in a fixed order; where there are none, those of the folders below. */
export function recognizeLanguages(files: RepositoryFiles): RecognizedLanguage[] {
  const atRoot = recognizeProject(files);
  if (atRoot.length > 0) return atRoot;
  const folders = new Set(files.names.flatMap((name) => /^(.+)\/[^/]+$/.exec(name)?.[1] ?? []));
  const projects: RecognizedLanguage[] = [];
  for (const folder of [...folders].toSorted()) {
    // What lies in a project is a part of it.
    if (projects.some((one) => folder.startsWith(`${one.folder}/`))) continue;
    projects.push(...recognizeProject(filesBelow(files, folder)).map((one) => inFolder(one, folder)));
  }
  return projects.slice(0, maxProjects);
}

function filesBelow(files: RepositoryFiles, folder: string): RepositoryFiles {
  const start = `${folder}/`;
  return {
    names: files.names.filter((name) => name.startsWith(start)).map((name) => name.slice(start.length)),
    read: (name) => files.read(`${start}${name}`),
  };
}

function inFolder(language: RecognizedLanguage, folder: string): RecognizedLanguage {
  const { file, cache } = language;
  return {
    ...language,
    folder,
    file: `${folder}/${file}`,
    ...(cache === undefined ? {} : { cache: { ...cache, lock: `${folder}/${cache.lock}` } }),
  };
}

/** The languages of one project. */
function recognizeProject(files: RepositoryFiles): RecognizedLanguage[] {
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

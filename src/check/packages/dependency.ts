import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../place.ts";
import type { Bound } from "./version.ts";

/** Where packages come from. */
export type Ecosystem = "npm" | "pypi" | "maven" | "cargo" | "go";

/** A package that a file of the repository asks for. */
export interface Dependency {
  readonly ecosystem: Ecosystem;
  /** In the normal form of its ecosystem: PEP 503 for PyPI, `GROUP:NAME` for Maven. */
  readonly name: string;
  /** The constraint as written; empty for none. */
  readonly constraint: string;
  /** The newest version that it may be: from a lock file when one fixes it, else from its constraint; undefined when nothing limits it. */
  readonly bound?: Bound;
  /** Where it is asked for. */
  readonly place: Place;
  /** Whether what ships needs it; tests, linters and documentation are development. */
  readonly use: "program" | "development";
  /** Of the requested platforms those that it is installed on: markers are evaluated, and what is not known counts as installed. */
  readonly platforms: readonly Platform[];
  /** The files of this version that a lock file lists by their names: wheels and source archives. */
  readonly files?: readonly string[];
  /** Maven: what it is besides the main artifact, with the place of its text. */
  readonly classifier?: { readonly text: string; readonly place: Place };
  /** Maven: the property that its version comes from and that the file does not set. */
  readonly property?: string;
  /** What surrounds it so that it is not for every platform (a profile with an activation by architecture, a `cfg`), as written. */
  readonly condition?: string;
}

/** What kind of file it is. */
type PackageFileKind =
  | "package.json"
  | "requirements"
  | "pyproject"
  | "pipfile"
  | "python-lock"
  | "setup.cfg"
  | "pom"
  | "gradle"
  | "cargo"
  | "cargo-config"
  | "go.mod";

/** A file that asks for packages. */
export interface PackageFile {
  readonly path: string;
  readonly kind: PackageFileKind;
  readonly dependencies: readonly Dependency[];
  /** Files of the repository that it includes: `-r FILE` of pip. */
  readonly includes?: readonly string[];
  /** Settings that choose a platform: `cpu` in package.json, `build.target` in Cargo's configuration. */
  readonly settings: readonly PackageSetting[];
}

/** A setting of a package file. */
export interface PackageSetting {
  /** `cpu`, `build.target`, `target.TRIPLE.rustflags`, `toolchain.targets`, `target.CFG.dependencies`. */
  readonly name: string;
  readonly values: readonly string[];
  readonly place: Place;
}

import type { ReachedCommand } from "../../shell/trace.ts";
import { textOf } from "../../value.ts";

const go = ["GOARCH", "GOARM", "GOAMD64", "GOARM64", "CC", "CXX"];
const compilers = ["CC", "CXX", "AR", "LD", "STRIP", "RANLIB"];
const rust = ["CARGO_BUILD_TARGET"];

/** Variables for the build that a command would read from its environment, and that say for which architecture it builds. */
export function readsOf({ program, words }: ReachedCommand): readonly string[] {
  const [, first = "", second = ""] = words.map(textOf);
  switch (program) {
    case "go":
      return /^(?:build|install|test|run|generate|list)$/.test(first) ? go : [];
    case "make":
    case "gmake":
      return [...go, ...compilers.slice(2), ...rust];
    case "cargo":
      return /^(?:build|install|rustc|b)$/.test(first) || /^(?:build|install)$/.test(second) ? [...rust, "CC"] : [];
    case "gox":
    case "goreleaser":
    case "mage":
      return ["GOARCH", "GOARM"];
    case "configure":
    case "cmake":
    case "meson":
      return compilers;
    default:
      return [];
  }
}

/** Names that are for builds, whoever reads them. */
export const buildVariables: ReadonlySet<string> = new Set([...go, ...compilers, ...rust, "GOOS", "CGO_ENABLED"]);

import { formatPlatform } from "../../../platform/platform.ts";
import type { Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { brokenMaps } from "./broken-maps.ts";
import { wrongGoName, wrongGoNames } from "./go-names.ts";
import { wrongPlatformNames } from "./platform-names.ts";
import { unmatchedPatterns } from "./unmatched-patterns.ts";

/** A name of an architecture in the vocabulary of somebody else than who reads it. */
export const archTokenMismatch: Rule = {
  id: "arch-token-mismatch",
  severity: "error",
  page: {
    title: "The name of an architecture is not in the words of who reads it",
    what: "A comparison with a name that the asked program never prints (`armv8` or `arm64` where `uname -m` prints `aarch64` on Linux, `aarm64`), `GOARCH=aarch64`, `GOARM=v7`, `docker manifest annotate --arch arm64v8`, `--platform linux/arm64v8`, and a map whose branch for one architecture gives the name of another.",
    why: "The same CPU has a dozen names. `uname -m` says x86_64 and aarch64, Go, Docker and Debian say amd64 and arm64, `GOARM` is a bare number. A name of the wrong list matches nothing, and the branch for everything else is taken.",
    symptom:
      "`unsupported architecture: aarch64` although a branch for it seems to be there, `cmd/go: unsupported GOOS/GOARCH pair linux/aarch64`, `invalid GOARM: v7`, `manifest entry for image has unsupported os/arch combination: linux/arm64v8`.",
    fix: 'Write the name as the source prints it, or accept both:\n\n```diff\n case "$(uname -m)" in\n   x86_64) ARCH=amd64 ;;\n-  armv8) ARCH=arm64 ;;\n+  aarch64 | arm64) ARCH=arm64 ;;\n esac\n```\n\nFor Go in a Dockerfile: `GOARCH=$TARGETARCH GOARM=${TARGETVARIANT#v}`.',
    ignore: "The name is compared with something else than it seems.",
  },
  *find(model) {
    for (const execution of model.executions) {
      yield* unmatchedPatterns(execution);
      yield* brokenMaps(execution);
      yield* wrongGoNames(execution, model);
      yield* wrongPlatformNames(execution);
    }
    for (const { variants } of model.dockerfiles) {
      for (const { stages, platform } of variants) {
        for (const { variables } of stages) {
          for (const { keyword, name, value, place } of variables) {
            if (keyword !== "ENV") continue;
            const found = wrongGoName(name, textOf(value));
            if (found === undefined) continue;
            yield {
              rule: "arch-token-mismatch",
              message: `${found} (${formatPlatform(platform)}).`,
              platforms: [platform],
              place,
              key: ["arch-token-mismatch", place.path, place.line, name].join("\0"),
            };
          }
        }
      }
    }
  },
};

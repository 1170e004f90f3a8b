import { samePlatform } from "../../../platform/platform.ts";
import type { BuildCall } from "../../callers/build-call.ts";
import type { Model } from "../../model.ts";
import type { Problem, Rule } from "../../rule.ts";
import { textOf } from "../../value.ts";
import { namedArchitectures } from "./call-facts.ts";
import { onOtherArchitectures } from "./make-images.ts";

/** Builds from a Dockerfile that exists once for each architecture. */
export const perArchDockerfile: Rule = {
  id: "per-arch-dockerfile",
  severity: "note",
  page: {
    title: "There is a Dockerfile for each architecture",
    what: "A build whose Dockerfile has an architecture in its name: `-f Dockerfile.arm64`, `-f Dockerfile$(ARCHTAG)`.",
    why: "The copies drift apart: a change is made in one of them and forgotten in the others. And one build cannot make an index from several Dockerfiles.",
    symptom:
      "`failed to read dockerfile: open Dockerfile-arm64: no such file or directory` on an architecture that nobody made a copy for; or a fault that only the image of one architecture has.",
    fix: "Keep one Dockerfile, and take what differs from the automatic arguments:\n\n```Dockerfile\nFROM alpine:3.20\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /usr/bin/app\n```\n\nThen build it once: `docker buildx build --platform linux/amd64,linux/arm64 …`.",
    ignore: "The images of the architectures differ in more than names.",
  },
  *find(model) {
    const others = model.makefiles.flatMap((makefile) => onOtherArchitectures(makefile, model).calls);
    for (const call of [...model.calls, ...others]) {
      const found = problemOf(call, model);
      if (found !== undefined) yield found;
    }
  },
};

function problemOf({ fileValue, dockerfile, place, machine }: BuildCall, model: Model): Problem | undefined {
  if (fileValue === undefined) return undefined;
  const text = dockerfile ?? textOf(fileValue);
  const name = text.slice(text.lastIndexOf("/") + 1);
  if (namedArchitectures(name).size !== 1) return undefined;
  const requested = model.platforms.some((platform) => samePlatform(platform, machine));
  return {
    rule: "per-arch-dockerfile",
    message: `${requested ? "The build takes" : `On ${machine.architecture} the build takes`} ${name}, a Dockerfile for one architecture. Copies of a Dockerfile drift apart, and one build cannot make an index from them.`,
    platforms: model.platforms,
    place,
    advice: "Keep one Dockerfile, use TARGETARCH in it, and build it for all platforms at once.",
    key: `per-arch-dockerfile\0${place.path}\0${place.line}`,
  };
}

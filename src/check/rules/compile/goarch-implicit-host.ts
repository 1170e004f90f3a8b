import type { Problem, Rule } from "../../rule.ts";
import { textOf, unknownMark } from "../../value.ts";
import { commandsOf, isGoBuild, variableOf } from "./build-command.ts";

const id = "goarch-implicit-host";

/** Tells of Go programs for images that are compiled outside of them, for whatever machine that is. */
export const goarchImplicitHost: Rule = {
  id,
  severity: "note",
  page: {
    title: "A Go program for Linux takes the architecture of whoever builds it",
    what: "A `go build` in a Makefile or a script with `GOOS=linux` and no `GOARCH`: somebody thought of the system and not of the processor.",
    why: "On a colleague's arm64 laptop it makes a program for arm64, on the CI machine one for amd64. An image that copies it is right on one of them.",
    symptom: "`exec format error` for images that were built on another machine than usual.",
    fix: "Say what it is for, and let the caller choose:\n\n```make\nGOARCH ?= $(shell go env GOARCH)\nbin/app-$(GOARCH):\n\tGOOS=linux GOARCH=$(GOARCH) go build -o $@ .\n```",
    ignore: "The program only runs on the machine that builds it.",
  },
  *find(model) {
    for (const build of commandsOf(model, (program) => program === "go")) {
      const { execution, command } = build;
      if (execution.kind === "run" || !isGoBuild(build)) continue;
      const system = variableOf(command, "GOOS");
      if (system === undefined || textOf(system) !== "linux" || variableOf(command, "GOARCH") !== undefined) continue;
      if (textOf(system).includes(unknownMark)) continue;
      yield problemOf(build);
    }
  },
};

function problemOf({ execution, command }: Parameters<typeof isGoBuild>[0]): Problem {
  return {
    rule: id,
    message: "This program is for Linux on whatever architecture the machine has that runs this command.",
    platforms: [execution.machine],
    place: command.place,
    advice: "Set GOARCH too.",
    key: [id, command.place.path, command.place.line].join("\0"),
  };
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parsePlatformList } from "../../platform/platform.ts";
import type { Execution } from "../model.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import type { Reading } from "../reading.ts";
import { textOf } from "../value.ts";
import { readMakefiles } from "./read-makefiles.ts";

function read(files: Readonly<Record<string, string>>) {
  const messages: string[] = [];
  const reading: Reading = {
    repository: memoryRepository(files),
    platforms: parsePlatformList("linux/amd64,linux/arm64"),
    signal: new AbortController().signal,
    unreadable: ({ place, message }) => messages.push(`${place.path}:${place.line ?? 0} ${message}`),
  };
  return { ...readMakefiles(reading), messages };
}

/** The variables of a Makefile on arm64. */
function variables(text: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const { makefiles } = read({ Makefile: `# docker\n${text}`, ...more });
  const found = makefiles[0]?.variants.find(({ machine }) => machine.architecture === "arm64");
  return Object.fromEntries([...(found?.variables ?? [])].map(([name, { value }]) => [name, textOf(value)]));
}

/** The commands that recipes reach, `ARCHITECTURE OF THE TARGET: WORDS` each. */
function commands(executions: readonly Execution[], machine = "arm64"): string[] {
  return executions
    .filter((execution) => execution.machine.architecture === machine)
    .flatMap(({ trace, target }) =>
      trace.commands.map(({ words }) => `${target.architecture}: ${words.map(textOf).join(" ")}`),
    );
}

describe("Variables of a Makefile", () => {
  it("are assigned as GNU make does", () => {
    assert.deepEqual(
      variables(
        "A = $(B)\nB = later\nC := $(D)x\nD = no\nE ?= first\nE ?= second\nF = a\nF += b \\\n  c\noverride G = g # comment\ndefine H\none\ntwo\nendef\n",
      ),
      { A: "later", B: "later", C: "x", D: "no", E: "first", F: "a b c", G: "g ", H: "one\ntwo" },
    );
  });

  it("go through functions", () => {
    const { R, S, T, U, V, W, X, Y } = variables(
      "L = a.c b.c d.h\nR = $(L:.c=.o)\nS = $(patsubst %.c,%.x,$(filter-out d%,$(L)))\nT = $(foreach n,1 2,$(addprefix p$(n)-,x))\n" +
        "f = <$(1)|$(2)>\nU = $(call f,one,two)\nV = $(word 2,$(sort c a b)) $(words $(L)) $(lastword $(L))\nW = $(if $(EMPTY),yes,no) $(or ,x) $(and a,b)\n" +
        "X = $(dir src/a.c) $(notdir src/a.c) $(basename src/a.c) $(suffix src/a.c)\nY = $(subst -, ,a-b) $(findstring b,abc) $(join a b,1 2) $(firstword x y)\n",
    );
    assert.deepEqual(
      [R, S, T, U, V, W, X, Y],
      ["a.o b.o d.h", "a.x b.x", "p1-x p2-x", "<one|two>", "b 3 d.h", "no x b", "src/ a.c src/a .c", "a b b a1 b2 x"],
    );
  });

  it("follow conditions, also behind else", () => {
    const ladder = (arch: string) =>
      variables(
        `M := ${arch}\nifeq ($(M),amd64)\nT = one\nelse ifeq "$(M)" "arm64"\nT = two\nelse\nT = three\nendif\nifdef NOTHING\nN = 1\nendif\nifndef NOTHING\nN = 2\nendif\nifneq ($(M),x)\n\tO = tabbed\nendif\n`,
      );
    assert.equal(ladder("amd64")["T"], "one");
    assert.equal(ladder("arm64")["T"], "two");
    assert.equal(ladder("s390x")["T"], "three");
    assert.deepEqual([ladder("x")["N"], ladder("y")["O"]], ["2", "tabbed"]);
  });

  it("have the machine's own architecture where a caller is meant to set it", () => {
    const { ARCH, PLATFORM, MACHINE, PLATFORMS, FIXED_ARCH } = variables(
      "ARCH ?= amd64\nPLATFORM ?= linux/amd64\nMACHINE ?= x86_64\nPLATFORMS ?= linux/amd64\nFIXED_ARCH := amd64\n",
    );
    assert.deepEqual([ARCH, PLATFORM, MACHINE], ["arm64", "linux/arm64", "aarch64"]);
    assert.deepEqual([PLATFORMS, FIXED_ARCH], ["linux/amd64", "amd64"]);
  });

  it("ask the machine through $(shell …)", () => {
    const { A, B } = variables("A := $(shell uname -m)\nB = $(subst aarch64,arm64,$(A))\n");
    assert.deepEqual([A, B], ["aarch64", "arm64"]);
  });

  it("are unknown where both ways of a condition are possible, and the same where both agree", () => {
    const { A, B } = variables("ifeq ($(shell git status),clean)\nA = 1\nB = same\nelse\nA = 2\nB = same\nendif\n");
    assert.deepEqual([A, B], ["\uFFFC", "same"]);
  });

  it("come from included files", () => {
    assert.equal(
      variables("include mk/common.mk\nX = $(FROM_COMMON)\n", { "mk/common.mk": "FROM_COMMON = 1\n" })["X"],
      "1",
    );
  });

  it("know where each part is written", () => {
    const { makefiles } = read({ Makefile: "ARCH ?= amd64\nIMAGE = example/app-$(ARCH)\n" });
    const value = makefiles[0]?.variants[1]?.variables.get("IMAGE")?.value;
    assert.deepEqual(
      value?.pieces.map(({ text, place, through, source }) => [
        text,
        place?.line,
        place?.column,
        through?.join(">"),
        source,
      ]),
      [
        ["example/app-", 2, 9, "IMAGE", "written"],
        ["arm64", 1, 9, "IMAGE>ARCH", "architecture"],
      ],
    );
  });
});

describe("Recipes", () => {
  it("run with the values of make and of the shell", () => {
    const { executions } = read({
      Makefile: 'ARCH ?= amd64\nall: out/$(ARCH)\nout/%: in.c\n\t@-echo $$HOME; cp $< $@ && \\\n\t  strip "$@" # $*\n',
    });
    assert.deepEqual(commands(executions), [
      "arm64: echo \uFFFC",
      "arm64: cp in.c out/arm64",
      "arm64: strip out/arm64",
    ]);
  });

  it("see variables of their target, which also say what they are for", () => {
    const { executions } = read({
      Makefile:
        "NAME := app\nlinux-amd64: GOARCH := amd64\nlinux-amd64: build\nbuild:\n\tgo build -o $(NAME)-$(GOARCH)\nGOARCH ?= arm64\n",
    });
    assert.deepEqual(commands(executions).sort(), ["amd64: go build -o app-amd64", "arm64: go build -o app-arm64"]);
  });

  it("follow makes that set variables, for the platform that these name", () => {
    const { executions } = read({
      Makefile:
        "ARCH ?= amd64\nALL = amd64 arm64\nall: $(addprefix sub-,$(ALL))\nsub-%:\n\t$(MAKE) ARCH=$* image\nimage:\n\tdocker build -t app:$(ARCH) .\n",
    });
    assert.deepEqual(
      commands(executions)
        .filter((line) => line.includes("docker"))
        .sort(),
      ["amd64: docker build -t app:amd64 .", "arm64: docker build -t app:arm64 ."],
    );
  });

  it("go into other folders and loops of the shell", () => {
    const { executions } = read({
      Makefile: "all:\n\tfor a in amd64 arm64; do $(MAKE) -C image ARCH=$$a push; done\n",
      "image/Makefile": "push:\n\tdocker push example/app-$(ARCH)\n",
    });
    assert.deepEqual(
      commands(executions)
        .filter((line) => line.includes("docker push example/app-a"))
        .sort(),
      ["amd64: docker push example/app-amd64", "arm64: docker push example/app-arm64"],
    );
  });

  it("know the stem of static patterns", () => {
    const { executions } = read({
      Makefile: "T = b-amd64 b-arm64\n$(T): b-%:\n\tdocker build -t app-$* .\n",
    });
    assert.deepEqual(commands(executions), [
      "amd64: docker build -t app-amd64 .",
      "arm64: docker build -t app-arm64 .",
    ]);
  });

  it("stand in their own lines, also where a variable holds the command", () => {
    const { executions } = read({ Makefile: "BUILD := docker build\nimage:\n\t$(BUILD) -t app .\n" });
    assert.deepEqual(executions[0]?.trace.commands[0]?.place.line, 3);
  });

  it("are one script with .ONESHELL", () => {
    const { executions } = read({ Makefile: ".ONESHELL:\nall:\n\tX=docker\n\techo $$X\n" });
    assert.deepEqual(commands(executions).at(-1), "arm64: echo docker");
  });
});

describe("Hostile Makefiles", () => {
  it("with variables that refer to themselves end with a message", () => {
    const { messages } = read({ Makefile: "A = $(B)\nB = $(A)\nC := $(A) docker\n" });
    assert.match(messages.join("\n"), /Makefile:\d+ The variable [AB] refers to itself without end/);
  });

  it("with files that include each other end with a message", () => {
    const { messages } = read({ Makefile: "# docker\ninclude a.mk\n", "a.mk": "include Makefile\n" });
    assert.match(messages.join("\n"), /include each other/);
  });

  it("with loops of makes, deep brackets, and growing lists end", () => {
    const grow = Array.from({ length: 60 }, (_, at) => `V${at + 1} = $(V${at}) $(V${at})`).join("\n");
    const started = performance.now();
    read({ Makefile: `V0 = docker\n${grow}\nX := $(V60)\nall:\n\t$(MAKE) X=1 all\nY = ${"$(".repeat(5000)}\n` });
    assert.ok(performance.now() - started < 20_000);
  });

  it("larger than what is read are told", () => {
    const { messages, makefiles } = read({ Makefile: "# docker\n".repeat(500_000) });
    assert.match(messages.join("\n"), /larger than 4 MiB/);
    assert.equal(makefiles.length, 0);
  });

  it("without endif, endef or with a broken else are told, with their place", () => {
    const { messages, makefiles } = read({
      Makefile: "ARCH ?= amd64\nifeq ($(ARCH),arm64)\nelse ($(ARCH),amd64)\nX=1\nendif\nendif\nifdef ARCH\ndefine Z\n",
    });
    assert.deepEqual(
      messages.map((message) => message.slice(0, 30)),
      [
        "Makefile:3 What stands behind ",
        "Makefile:6 An endif has no con",
        "Makefile:8 A define has no end",
        "Makefile:9 A condition has no ",
      ],
    );
    assert.equal(makefiles[0]?.variants[0]?.conditionals[0]?.branches[1]?.malformed, "($(ARCH),amd64)");
  });

  it("of any kind never throw, and their places are inside of them", () => {
    const word = fc.constantFrom(
      "ARCH",
      "A",
      "$(ARCH)",
      "${A:.c=.o}",
      "$(if $(A),x)",
      "$(shell uname -m)",
      "$(call A,1)",
      "$(foreach a,b,$(a))",
      "%",
      "$@",
      "$$x",
      "amd64",
      "arm64",
      "docker build",
      "$(",
      ")",
      "\\",
      "#",
      '"',
    );
    const line = fc
      .tuple(
        fc.constantFrom("", "\t", "  "),
        fc.constantFrom(
          "",
          "ifeq (",
          "ifdef ",
          "else",
          "endif",
          "define ",
          "endef",
          "include ",
          "export ",
          "override ",
          "else ifeq ",
        ),
        fc.array(word, { maxLength: 4 }),
        fc.constantFrom("", " = ", " := ", " ?= ", " += ", ": ", ":: ", ", ", ")", " != ", " \\"),
        fc.array(word, { maxLength: 3 }),
      )
      .map(([indent, head, left, operator, right]) => `${indent}${head}${left.join(" ")}${operator}${right.join(" ")}`);
    fc.assert(
      fc.property(fc.array(line, { maxLength: 15 }), (lines) => {
        const text = `# docker\n${lines.join("\n")}`;
        const count = text.split("\n").length;
        const { makefiles, executions } = read({ Makefile: text });
        const places = [
          ...executions.map(({ place }) => place),
          ...makefiles.flatMap(({ variants }) =>
            variants.flatMap(({ variables, conditionals }) => [
              ...[...variables.values()].map(({ place }) => place),
              ...conditionals.map(({ place }) => place),
            ]),
          ),
        ];
        for (const { line, endLine } of places) assert.ok(line >= 1 && endLine <= count && line <= endLine);
      }),
      { numRuns: 150 },
    );
  });

  it("of any text never throw", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (text) => {
        read({ Makefile: `# docker\n${text}` });
      }),
      { numRuns: 100 },
    );
  });
});

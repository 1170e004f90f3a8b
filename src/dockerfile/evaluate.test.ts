import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { formatPlatform, parsePlatform } from "../platform/platform.ts";
import { evaluateDockerfile } from "./evaluate.ts";
import type { EvaluatedInstruction, EvaluateOptions, Evaluation, Stage } from "./evaluation.ts";
import { parseDockerfile } from "./parse.ts";

type Options = Partial<Omit<EvaluateOptions, "targetPlatform" | "buildPlatform">> & {
  readonly platform?: string;
  readonly build?: string;
};

function evaluate(
  text: string,
  { platform = "linux/arm64", build = "linux/amd64", ...rest }: Options = {},
): Evaluation {
  return evaluateDockerfile(parseDockerfile(text), {
    targetPlatform: parsePlatform(platform),
    buildPlatform: parsePlatform(build),
    ...rest,
  });
}

/** The value of a variable at the end of the target stage. */
function valueOf(name: string, text: string, options?: Options): string | undefined {
  return evaluate(text, options).target.environment.get(name);
}

function failure(text: string, options?: Options): ArchwayError {
  try {
    evaluate(text, options);
  } catch (error) {
    assert.ok(error instanceof ArchwayError, String(error));
    assert.equal(error.code, "DOCKERFILE_INVALID");
    return error;
  }
  return assert.fail("it was evaluated");
}

/** The images a build needs, as `REFERENCE PLATFORM`. */
function images(text: string, options?: Options): string[] {
  return evaluate(text, options).images.map(({ reference, platform }) => `${reference} ${formatPlatform(platform)}`);
}

function only<Keyword extends EvaluatedInstruction["keyword"]>(
  stage: Stage,
  keyword: Keyword,
): EvaluatedInstruction & { readonly keyword: Keyword } {
  const found = stage.instructions.filter((instruction) => isKind(instruction, keyword));
  assert.equal(found.length, 1);
  return found[0] ?? assert.fail();
}

function isKind<Keyword extends EvaluatedInstruction["keyword"]>(
  instruction: EvaluatedInstruction,
  keyword: Keyword,
): instruction is EvaluatedInstruction & { readonly keyword: Keyword } {
  return instruction.keyword === keyword;
}

describe("scopes of variables", () => {
  it("gives FROM the automatic arguments, and a stage only those it declares", () => {
    const { target } = evaluate("FROM a-$TARGETARCH\nARG TARGETARCH TARGETVARIANT BUILDPLATFORM\n", {
      platform: "arm",
    });
    assert.deepEqual(target.base, { kind: "image", reference: "a-arm" });
    const value = target.environment.get;
    assert.deepEqual(["TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM", "TARGETOS", "BUILDARCH"].map(value), [
      "arm",
      "v7",
      "linux/amd64",
      undefined,
      undefined,
    ]);
  });

  it("has an empty TARGETVARIANT for arm64 and amd64", () => {
    assert.equal(valueOf("TARGETVARIANT", "FROM a\nARG TARGETVARIANT"), "");
    assert.equal(valueOf("TARGETVARIANT", "FROM a\nARG TARGETVARIANT", { platform: "linux/amd64" }), "");
  });

  const values: readonly (readonly [
    what: string,
    text: string,
    expected: string | undefined,
    args?: Record<string, string>,
  ])[] = [
    ["a global ARG does not reach a stage by itself", "ARG X=1\nFROM a", undefined],
    ["a stage's ARG without default takes the global value", "ARG X=1\nFROM a\nARG X", "1"],
    ["a stage's default hides the global value", "ARG X=1\nFROM a\nARG X=2", "2"],
    ["a build argument beats every default", "ARG X=1\nFROM a\nARG X=2", "3", { X: "3" }],
    ["a build argument without ARG in the stage is not there", "ARG X=1\nFROM a", undefined, { X: "3" }],
    ["an empty build argument is a value", "FROM a\nARG X=2", "", { X: "" }],
    ["an ARG without value is unset", "FROM a\nARG X", undefined],
    ["a default sees ARGs before it, in the same instruction too", "FROM a\nARG Y=1 X=$Y.2", "1.2"],
    ["a global default sees automatic arguments", "ARG X=v-$TARGETARCH\nFROM a\nARG X", "v-arm64"],
    ["ENV beats an ARG before it", "FROM a\nARG X=1\nENV X=2", "2"],
    ["an ARG's default beats an ENV before it in the same stage", "FROM a\nENV X=2\nARG X=1", "1"],
    ["an ARG without value leaves ENV alone", "FROM a\nENV X=2\nARG X", "2"],
    ["ENV values are expanded before any is set", "FROM a\nENV X=1\nENV Y=2 X=$Y$X", "1"],
    ["a later stage inherits ARG and ENV of its base stage", "FROM a AS b\nARG X=1\nFROM b", "1"],
    ["and its base's ENV is applied again over ARGs", "FROM a AS b\nENV X=env\nARG X=arg\nFROM b", "env"],
    ["but not when it begins from something else", "FROM a AS b\nARG X=1\nFROM a", undefined],
    ["quotes and escapes go", "FROM a\nARG X='1 2'\\ \"3\"", "1 2 3"],
    ["the name of the target is TARGETSTAGE", "FROM a AS final\nARG TARGETSTAGE\nARG X=$TARGETSTAGE", "final"],
    ["and default without a name", "FROM a\nARG TARGETSTAGE\nARG X=$TARGETSTAGE", "default"],
    ["the old spelling of ENV is expanded", "FROM a\nARG Y=1\nENV X a $Y", "a 1"],
    [
      "SBOM switches are no variables",
      "FROM a\nARG BUILDKIT_SBOM_SCAN_STAGE=true\nARG X=[$BUILDKIT_SBOM_SCAN_STAGE]",
      "[]",
    ],
  ];
  for (const [what, text, expected, buildArgs = {}] of values) {
    it(what, () => assert.equal(valueOf("X", text, { buildArgs }), expected));
  }

  it("lets a default hide the automatic value: the same for every platform", () => {
    for (const text of ["FROM a\nARG TARGETARCH=amd64", "ARG TARGETARCH=amd64\nFROM a\nARG TARGETARCH"]) {
      assert.equal(valueOf("TARGETARCH", text), "amd64");
      assert.equal(valueOf("TARGETARCH", text, { buildArgs: { TARGETARCH: "s390x" } }), "s390x");
    }
    assert.equal(valueOf("TARGETARCH", "ARG TARGETARCH\nFROM a\nARG TARGETARCH"), "arm64");
  });

  it("says where an argument's value came from", () => {
    const text = "ARG G=1\nARG TARGETOS\nARG BUILDARCH=x\nFROM a\nARG G D=2 B=3 TARGETARCH U BUILDARCH TARGETOS";
    const { target } = evaluate(text, { buildArgs: { B: "4" } });
    assert.deepEqual(
      only(target, "ARG").args.map(({ name, origin }) => `${name} ${origin}`),
      [
        "G global",
        "D default",
        "B build-arg",
        "TARGETARCH automatic",
        "U unset",
        "BUILDARCH global",
        "TARGETOS global",
      ],
    );
  });

  it("lets each instruction see its own moment", () => {
    const { target } = evaluate("FROM a\nARG X=1\nRUN one\nENV X=2\nRUN two");
    const runs = target.instructions.filter(({ keyword }) => keyword === "RUN");
    assert.deepEqual(
      runs.map(({ environment }) => environment.get("X")),
      ["1", "2"],
    );
  });

  it("knows the base image's ENV when it is given", () => {
    const text = "FROM a\nARG X=$GOPATH/bin\nWORKDIR rel";
    const unknown = evaluate(text).target;
    assert.deepEqual(
      [unknown.environment.get("X"), unknown.environmentKnown, unknown.workdir],
      ["/bin", false, "/rel"],
    );
    const baseImage = (): { env: Record<string, string>; workdir: string } => ({
      env: { GOPATH: "/go" },
      workdir: "/src",
    });
    const known = evaluate(text, { baseImage }).target;
    assert.deepEqual(
      [known.environment.get("X"), known.environmentKnown, known.workdir],
      ["/go/bin", true, "/src/rel"],
    );
  });

  it("records variables that are set nowhere", () => {
    const text = [
      "ARG VERSION",
      "FROM a:$VERSION$TYPO",
      "ARG DECLARED",
      "COPY $DECLARED $TARGETARCH /",
      "FROM scratch",
      "LABEL x=$OTHER",
    ].join("\n");
    assert.deepEqual(evaluate(text, { buildArgs: { VERSION: "1" } }).unknownVariables, [
      { name: "TYPO", line: 2, certain: true },
      { name: "TARGETARCH", line: 4, stage: 0, certain: false },
      { name: "OTHER", line: 6, stage: 1, certain: true },
    ]);
  });

  it("lists build arguments that nothing declares", () => {
    const text = "ARG A\nFROM a-$TARGETARCH AS x\nARG B\nFROM x";
    const buildArgs = { A: "", B: "", C: "", TARGETARCH: "x", BUILDARCH: "y", HTTP_PROXY: "p", BUILDKIT_SYNTAX: "s" };
    assert.deepEqual(evaluate(text, { buildArgs }).unusedArgs, ["C", "BUILDARCH"]);
  });
});

describe("the graph of stages", () => {
  const text = [
    "FROM --platform=$BUILDPLATFORM golang:1 AS Build",
    "FROM alpine AS unused",
    "FROM build AS tested",
    "FROM --platform=linux/s390x build AS child",
    "FROM alpine",
    "COPY --from=BUILD /x /",
    "COPY --from=2 /y /",
    "COPY --from=busybox:1 /z /",
    "RUN --mount=from=tools:2,target=/t --mount=type=cache,target=/c --mount=type=bind,from=tested,target=/u true",
  ].join("\n");

  it("finds what the target needs", () => {
    const { stages, target } = evaluate(text);
    assert.equal(target.index, 4);
    assert.deepEqual(
      stages.filter(({ reachable }) => reachable).map(({ label }) => label),
      ["build", "tested", "stage-4"],
    );
    assert.equal(evaluate(text, { target: "UNUSED" }).target.index, 1);
  });

  it("gives each stage its platform: a flag before an image counts, before a stage or scratch it does not", () => {
    const platforms = evaluate(`${text}\nFROM --platform=linux/s390x scratch\n`).stages.map(({ platform }) =>
      formatPlatform(platform),
    );
    const [amd64, arm64] = ["linux/amd64", "linux/arm64"];
    assert.deepEqual(platforms, [amd64, arm64, amd64, amd64, arm64, arm64]);
    assert.deepEqual(evaluate(text).stages[0]?.platformFlag, {
      written: "$BUILDPLATFORM",
      variables: ["BUILDPLATFORM"],
    });
    assert.equal(evaluate(text).stages[3]?.platformFlag, undefined);
  });

  it("lists images with the platform that the engine asks for", () => {
    assert.deepEqual(images(text), [
      "golang:1 linux/amd64",
      "alpine linux/arm64",
      "busybox:1 linux/arm64",
      "tools:2 linux/arm64",
    ]);
    assert.deepEqual(
      evaluate(text).images.map(({ stage, line, use }) => [stage, line, use]),
      [
        [0, 1, "base"],
        [4, 5, "base"],
        [4, 8, "copy"],
        [4, 9, "mount"],
      ],
    );
    // Also from a stage on the build platform an image of --from is for the target (moby/moby#39233).
    assert.deepEqual(images("FROM --platform=$BUILDPLATFORM a\nCOPY --from=b / /"), ["a linux/amd64", "b linux/arm64"]);
  });

  it("picks the stage that a name by architecture leads to", () => {
    const byArch = "FROM a AS get_amd64\nFROM b AS get_arm64\nFROM get_$TARGETARCH";
    assert.deepEqual(images(byArch), ["b linux/arm64"]);
    assert.deepEqual(images(byArch, { platform: "linux/amd64" }), ["a linux/amd64"]);
    assert.deepEqual(images(byArch, { platform: "linux/s390x" }), ["get_s390x linux/s390x"]);
  });

  it("takes the last of stages with the same name for --from, the last before it for FROM", () => {
    const twice = "FROM a AS x\nFROM x AS y\nFROM b AS x\nFROM c\nCOPY --from=x / /";
    assert.deepEqual(images(twice), ["b linux/arm64", "c linux/arm64"]);
    assert.deepEqual(images(twice, { target: "y" }), ["a linux/arm64"]);
  });

  it("puts named contexts in the place of images and stages", () => {
    const contexts = {
      "docker.io/library/alpine:latest": "docker-image://mirror.example/alpine@sha256:" + "0".repeat(64),
      build: "../prebuilt",
      "busybox:1::linux/arm64": "docker-image://arm-box",
      "busybox:1": "docker-image://any-box",
      sources: "https://example.com/src.git",
    };
    const evaluation = evaluate(`${text}\nCOPY --from=sources / /`, { contexts });
    assert.deepEqual(evaluation.stages[0]?.base, { kind: "context", name: "build", value: "../prebuilt" });
    assert.equal(evaluation.stages[0].replaced, true);
    assert.deepEqual(
      evaluation.images.map(({ reference, context }) => [reference, context]),
      [
        ["mirror.example/alpine@sha256:" + "0".repeat(64), "docker.io/library/alpine:latest"],
        ["arm-box", "busybox:1::linux/arm64"],
        ["tools:2", undefined],
      ],
    );
    assert.deepEqual(images("FROM a", { contexts: { a: "docker-image://scratch" } }), []);
  });

  it("fires the triggers of the base stage and of the base image", () => {
    const base = "FROM tools AS x\nFROM a AS base\nARG N=1\nONBUILD ARG N=2\nONBUILD COPY --from=x /t /t\n";
    const { target, images } = evaluate(`${base}FROM base AS child\nRUN $N\nFROM child`, { target: "child" });
    assert.deepEqual(
      target.instructions.map(({ keyword, line, onbuild }) => [keyword, line, onbuild]),
      [
        ["ARG", 6, true],
        ["COPY", 6, true],
        ["RUN", 7, false],
      ],
    );
    assert.equal(only(target, "RUN").environment.get("N"), "2");
    assert.deepEqual(
      images.map(({ reference, line }) => [reference, line]),
      [
        ["tools", 1],
        ["a", 2],
      ],
    );
    // Triggers do not reach the stage after the next.
    assert.equal(evaluate(`${base}FROM base AS child\nFROM child`).target.instructions.length, 0);
    const baseImage = (reference: string): { env: object & Record<string, string>; onbuild: string[] } => {
      return { env: {}, onbuild: reference === "a" ? ["COPY . /src"] : [] };
    };
    assert.equal(only(evaluate("FROM a", { baseImage }).target, "COPY").destination, "/src");
  });

  it("expands copies, mounts and directories", () => {
    const { target } = evaluate(
      [
        "FROM a",
        "ARG TARGETARCH",
        "WORKDIR /w",
        "WORKDIR ../v/$TARGETARCH",
        "COPY --chown=$U bin/app-${TARGETARCH} 'b' d/",
        "RUN --mount=type=cache,id=go-$TARGETARCH,target=/c,sharing=locked x",
      ].join("\n"),
    );
    const copy = only(target, "COPY");
    assert.deepEqual(copy.sources, ["bin/app-arm64", "b"]);
    assert.deepEqual(
      [copy.destination, copy.workdir, copy.used, copy.unset],
      ["/v/arm64/d/", "/v/arm64", ["TARGETARCH"], ["U"]],
    );
    const [mount] = only(target, "RUN").mounts;
    assert.deepEqual(
      [mount?.type, mount?.id, mount?.sharing, mount?.readOnly, mount?.origin],
      ["cache", "go-arm64", "locked", false, { kind: "scratch" }],
    );
  });

  it("names the image that reads the file", () => {
    const directive = "# syntax=docker/dockerfile:1 extra\nFROM a";
    assert.deepEqual(evaluate(directive).syntax, { image: "docker/dockerfile:1", line: 1 });
    assert.deepEqual(evaluate(directive, { buildArgs: { BUILDKIT_SYNTAX: "my/syntax" } }).syntax, {
      image: "my/syntax",
    });
    assert.equal(evaluate("FROM a").syntax, undefined);
  });

  const refusals: readonly (readonly [text: string, message: RegExp, line?: number, column?: number, hint?: RegExp])[] =
    [
      ["ARG A", /no stages to build/],
      ["FROM $A", /base name \(\$A\) should not be blank/, 1, 6, /ARG A=… before the first FROM/],
      ["FROM --platform=$A a", /empty platform value from expression \$A/, 1, 17],
      ["FROM --platform=linux/amd46 a", /failed to parse platform linux\/amd46/, 1, 17, /amd64/],
      ["FROM Alpine", /failed to parse stage name "Alpine"/, 1, 6],
      ["FROM a AS b\nFROM a:b:c", /failed to parse stage name/, 2, 6],
      ["FROM ${A", /failed to process "\$\{A"/, 1, 6],
      ["FROM a\nCOPY ${A:?needed} /", /A: needed/, 2, 6],
      ["FROM a\nCOPY --from=$A x /", /variable expansion is not supported for --from/, 2, 13],
      ["FROM a\nCOPY --from=7 x /", /invalid stage index 7/, 2, 13],
      ["FROM a\nCOPY --from=0 x /", /circular dependency detected on stage: stage-0/, 2, 13],
      ["FROM a\nRUN --mount=type=cahe,target=/x y", /unsupported mount type "cahe" \(did you mean cache\?\)/, 2, 13],
      ["FROM a\nRUN --mount=target=/x,sourc=y z", /unexpected key 'sourc' in 'sourc=y'/, 2, 13],
      ["FROM a\nRUN --mount=type=secret z", /one of source, target required/, 2, 13],
      ["FROM a AS b\nCOPY --from=c / /\nFROM a AS c\nFROM b", /cannot copy from stage "c".*current stage "b"/, 2, 13],
      ["FROM a AS b\nRUN --mount=from=c x\nFROM a AS c\nFROM b", /cannot mount from stage "c"/, 2, 13],
      [
        "FROM a AS b\nCOPY --from=c / /\nFROM a AS c\nCOPY --from=b / /\nFROM a",
        /circular dependency detected on stage: b/,
        4,
        13,
        /b needs c needs b/,
      ],
      ["FROM a AS b\nONBUILD FOO\nFROM b", /unknown instruction: FOO/, 3, 1, /line 2/],
    ];
  for (const [text, message, line, column, hint] of refusals) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const error = failure(text);
      assert.match(error.message, message);
      assert.deepEqual([error.place?.line, error.place?.column], [line, column]);
      if (hint !== undefined) assert.match(error.hint ?? "", hint);
    });
  }

  it("refuses an unknown target and says which exist", () => {
    const error = failure("FROM a AS build\nFROM a AS final", { target: "biuld" });
    assert.match(error.message, /target stage "biuld" could not be found \(did you mean build\?\)/);
    assert.equal(error.hint, "Stages: build, final.");
  });

  it("forgives errors in stages that the target does not need", () => {
    const { stages } = evaluate("FROM a AS b\nCOPY x /\nCOPY ${A:?needed} /\nRUN y\nFROM a");
    assert.match(stages[0]?.problem ?? "", /A: needed/);
    assert.equal(stages[0]?.instructions.length, 1);
  });
});

const variable = fc.constantFrom("A", "B", "TARGETARCH", "TARGETPLATFORM", "BUILDPLATFORM", "U");
const value = fc.constantFrom("x", "$A", "${B:-d}", "$TARGETARCH", "amd64", "linux/arm64", "$BUILDPLATFORM", "");
const stageName = fc.constantFrom("s0", "s1", "s2", "S1");
const line = fc.oneof(
  fc.tuple(variable, value).map(([name, text]) => `ARG ${name}=${text}`),
  variable.map((name) => `ARG ${name}`),
  fc.tuple(variable, value).map(([name, text]) => `ENV ${name}=${text}`),
  fc.tuple(stageName, value).map(([name, text]) => `COPY --from=${name} /${text} /b`),
  stageName.map((name) => `RUN --mount=from=${name},target=/x y`),
  stageName.map((name) => `ONBUILD COPY --from=${name} a b`),
);
const stage = fc
  .tuple(
    fc.constantFrom("a", "s0", "s1", "s$A", "scratch", "${B:-c}"),
    fc.option(stageName),
    fc.array(line, { maxLength: 4 }),
  )
  .map(([base, name, lines]) => [`FROM ${base}${name === null ? "" : ` AS ${name}`}`, ...lines].join("\n"));
const dockerfile = fc
  .tuple(
    fc.array(
      fc.tuple(variable, value).map(([name, text]) => `ARG ${name}=${text}`),
      { maxLength: 2 },
    ),
    fc.array(stage, { minLength: 1, maxLength: 4 }),
  )
  .map(([args, stages]) => [...args, ...stages].join("\n"));

describe("evaluateDockerfile on anything", () => {
  it("evaluates or refuses, and what is reachable needs only what is reachable", () => {
    fc.assert(
      fc.property(dockerfile, (text) => {
        let evaluation: Evaluation;
        try {
          evaluation = evaluate(text);
        } catch (error) {
          assert.ok(error instanceof ArchwayError && error.code === "DOCKERFILE_INVALID", String(error));
          return;
        }
        const { stages, target } = evaluation;
        assert.equal(target.reachable, true);
        for (const { base, instructions, index, reachable } of stages) {
          if (!reachable) continue;
          const origins = instructions.flatMap((each) => {
            if (each.keyword === "RUN") return each.mounts.map(({ origin }) => origin);
            return each.keyword === "COPY" ? [each.origin] : [];
          });
          for (const origin of [base, ...origins]) {
            if (origin.kind !== "stage") continue;
            assert.ok(origin.index < index && stages[origin.index]?.reachable);
          }
        }
      }),
      { numRuns: 1500 },
    );
  });

  it("ends soon on values that double and chains of stages", () => {
    const doubling = `FROM a\nENV A=xx\n${"ENV A=$A$A\n".repeat(100)}`;
    assert.match(failure(doubling).message, /longer than/);
    const chain = Array.from({ length: 1000 }, (_, n) => `FROM ${n === 0 ? "a" : `s${n - 1}`} AS s${n}\nENV V${n}=$V0`);
    const start = process.cpuUsage();
    evaluate(chain.join("\n"));
    const many = Array.from({ length: 20_000 }, (_, n) => `ENV V${n}=$V0x`);
    evaluate(`FROM a\n${many.join("\n")}`);
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.ok(seconds < 3, `${seconds} s`);
    assert.match(failure("FROM a\n".repeat(1001)).message, /1001 stages/);
  });
});

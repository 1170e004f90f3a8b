import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatPlatform, parsePlatformList } from "../../platform/platform.ts";
import type { BuildCall } from "../callers/build-call.ts";
import type { DockerfileModel, Model, StageModel } from "../model.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { architectureValue, textOf, written, type Value } from "../value.ts";
import { readDockerfiles } from "./read-dockerfiles.ts";

type Files = Readonly<Record<string, string | Uint8Array>>;

interface Read {
  readonly models: readonly DockerfileModel[];
  readonly unreadable: readonly Model["unreadable"][number][];
}

function read(files: Files, calls: readonly BuildCall[] = [], platforms = "linux/amd64,linux/arm64"): Read {
  const unreadable: Model["unreadable"][number][] = [];
  const models = readDockerfiles(calls, {
    repository: memoryRepository(files),
    platforms: parsePlatformList(platforms),
    signal: new AbortController().signal,
    unreadable: (entry) => unreadable.push(entry),
  });
  return { models, unreadable };
}

function only(files: Files, calls: readonly BuildCall[] = []): DockerfileModel {
  const { models } = read(files, calls);
  assert.equal(models.length, 1);
  return models[0] ?? assert.fail();
}

/** The stages of the build for a platform on a builder of that platform. */
function stagesFor(model: DockerfileModel, platform = "linux/arm64", builder = platform): readonly StageModel[] {
  const variant = model.variants.find((each) => {
    return formatPlatform(each.platform) === platform && formatPlatform(each.buildPlatform) === builder;
  });
  return variant?.stages ?? assert.fail(`no build for ${platform}`);
}

/** The commands that RUNs reach for a platform. */
function commands(files: Files, platform?: string, builder?: string): string[] {
  const stages = stagesFor(only(files), platform, builder);
  return stages.flatMap(({ runs }) =>
    runs.flatMap(({ trace }) => trace.commands.map(({ words }) => words.map(textOf).join(" "))),
  );
}

function call(more: Partial<BuildCall> & { readonly args?: Readonly<Record<string, Value>> }): BuildCall {
  const { args = {}, ...rest } = more;
  return {
    source: "make",
    tool: "docker build",
    place: { path: "Makefile", line: 3, column: 2, endLine: 3, endColumn: 20 },
    machine: { os: "linux", architecture: "amd64" },
    dockerfile: "Dockerfile",
    context: "",
    buildArgs: new Map(Object.entries(args)),
    tags: [],
    publishes: "unknown",
    joined: false,
    forTests: false,
    ...rest,
  };
}

describe("which files are Dockerfiles", () => {
  const text = "FROM scratch\nCOPY a /a\n";
  for (const path of [
    "Dockerfile",
    "a/Dockerfile.dev",
    "a/b.Dockerfile",
    "dockerfile",
    "Containerfile",
    "Dockerfile-cli",
    "test/Dockerfile",
  ]) {
    it(path, () =>
      assert.deepEqual(
        read({ [path]: text }).models.map((model) => model.path),
        [path],
      ),
    );
  }
  for (const path of [
    "Dockerfile.dockerignore",
    "vendor/x/Dockerfile",
    "node_modules/a/Dockerfile",
    "dockerfile.go",
    "Dockerfile.md",
    "a.txt",
  ]) {
    it(`not ${path}`, () => assert.deepEqual(read({ [path]: text }), { models: [], unreadable: [] }));
  }
  it("those that a build names", () => {
    const { models } = read({ "build/image": text }, [call({ dockerfile: "build/image" })]);
    assert.deepEqual(
      models.map(({ path }) => path),
      ["build/image"],
    );
  });
  it("says where a plain one is wrong, and leaves out templates", () => {
    const { models, unreadable } = read({
      "a/Dockerfile": "FROM scratch\nRNU x\n",
      "Dockerfile.j2": "{% if x %}\nFROM {{ y }}\n",
      Dockerfile: text,
    });
    assert.deepEqual(
      models.map(({ path }) => path),
      ["Dockerfile"],
    );
    assert.deepEqual(
      unreadable.map(({ place, message }) => [place.path, place.line, message]),
      [["a/Dockerfile", 2, "unknown instruction: RNU (did you mean RUN?)"]],
    );
  });
  it("says that a binary is none", () => {
    const { models, unreadable } = read({ Dockerfile: new Uint8Array([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2]) });
    assert.deepEqual(models, []);
    assert.deepEqual(
      unreadable.map(({ place }) => place.path),
      ["Dockerfile"],
    );
  });
});

describe("ways to build", () => {
  const ways = (model: DockerfileModel): string[] => {
    return model.variants.map(({ platform, buildPlatform, call: by }) => {
      return `${platform.architecture} on ${buildPlatform.architecture}${by === undefined ? "" : " called"}`;
    });
  };
  const plain = "FROM alpine\nARG ARCH=amd64\nCOPY $ARCH /a\n";
  const source = (model: DockerfileModel, platform: string): string[] => {
    return stagesFor(model, platform).flatMap(({ copies }) => copies.flatMap(({ sources }) => sources.map(textOf)));
  };

  it("for every platform, when nobody calls it, and on every builder, when that makes a difference", () => {
    const all = ["amd64 on amd64", "amd64 on arm64", "arm64 on amd64", "arm64 on arm64"];
    assert.deepEqual(ways(only({ Dockerfile: plain })), ["amd64 on amd64", "arm64 on arm64"]);
    const built = only({ Dockerfile: `FROM --platform=$BUILDPLATFORM b AS b\n${plain}` });
    assert.deepEqual(ways(built).toSorted(), all);
  });
  it("with what make says of its machine, for that machine", () => {
    const calls = ["amd64", "arm64"].map((architecture) =>
      call({ machine: { os: "linux", architecture }, args: { ARCH: architectureValue(architecture) } }),
    );
    const model = only({ Dockerfile: plain }, calls);
    assert.deepEqual(ways(model), ["amd64 on amd64 called", "arm64 on arm64 called"]);
    assert.deepEqual(source(model, "linux/arm64"), ["arm64"]);
  });
  it("without a caller for the platform that a call for one architecture is not for", () => {
    const model = only({ Dockerfile: plain }, [call({ args: { ARCH: written("amd64") } })]);
    assert.ok(
      model.variants.every(({ platform, call: by }) => (by === undefined) === (platform.architecture === "arm64")),
    );
  });
  it("for the platforms that a call names", () => {
    const model = only({ Dockerfile: plain }, [
      call({ args: { ARCH: written("amd64") }, platforms: [written("linux/amd64"), written("linux/arm64")] }),
    ]);
    assert.deepEqual(ways(model), ["amd64 on amd64 called", "arm64 on arm64 called"]);
    const sources = stagesFor(model, "linux/arm64")[0]?.copies.flatMap((copy) => copy.sources.map(textOf));
    assert.deepEqual(sources, ["amd64"]);
  });
  it("for the architecture in the path alone", () => {
    const { models } = read({ "Dockerfile.arm64": plain, "amd64/Dockerfile": plain });
    const built = models.map(({ variants }) => [...new Set(variants.map(({ platform }) => platform.architecture))]);
    assert.deepEqual(built, [["arm64"], ["amd64"]]);
  });
  it("with what a builder must give unknown", () => {
    const model = only({ Dockerfile: "ARG BASE\nFROM $BASE\nARG A\nARG B\nCOPY bin/$A/x-${B:-amd64} /x\n" });
    const [stage] = stagesFor(model);
    assert.equal(textOf(stage?.base ?? assert.fail()), "\uFFFC");
    assert.deepEqual(source(model, "linux/arm64"), ["bin/\uFFFC/x-amd64"]);
  });
});

describe("stages", () => {
  const dispatch = [
    "FROM alpine AS build_amd64",
    "RUN curl -O https://example.com/x86_64",
    "FROM alpine AS build_arm64",
    "RUN curl -O https://example.com/aarch64",
    "FROM alpine AS other",
    "RUN other",
    "FROM build_${TARGETARCH}",
    "RUN last",
  ].join("\n");

  it("count when some build needs them, or none does", () => {
    assert.deepEqual(commands({ Dockerfile: dispatch }, "linux/arm64"), [
      "curl -O https://example.com/aarch64",
      "other",
      "last",
    ]);
  });
  it("have a role by the FROM that their chain begins with", () => {
    const text = [
      "ARG P=linux/amd64",
      "FROM --platform=$BUILDPLATFORM golang AS a",
      "FROM a AS b",
      "FROM --platform=${BUILDPLATFORM:-linux/amd64} golang AS c",
      "FROM --platform=$TARGETPLATFORM alpine AS d",
      "FROM --platform=$P alpine AS e",
      "FROM --platform=linux/amd64 a AS f",
      "FROM alpine",
      "COPY --from=b / /",
    ].join("\n");
    const roles = stagesFor(only({ Dockerfile: text })).map(({ role, isFinal }) => `${role}${isFinal ? "!" : ""}`);
    assert.deepEqual(roles, ["build", "build", "build!", "target!", "constant!", "build!", "target!"]);
  });
  it("tell copies, variables and images", () => {
    const text = [
      "FROM alpine:3 AS a",
      "WORKDIR /w",
      "ARG TARGETARCH",
      "ENV A=1 B=x-$TARGETARCH",
      "COPY a b/",
      "ADD --chown=1 https://example.com/$B.tgz /t",
      "COPY --from=busybox:1 /bin/x y",
      "COPY --from=a /q /q",
    ];
    const [, stage] = stagesFor(
      only({ Dockerfile: `FROM scratch AS q\n${text.join("\n").replace("from=a", "from=q")}` }),
    );
    assert.ok(stage !== undefined);
    assert.deepEqual(
      stage.copies.map(({ keyword, sources, path, from }) => [keyword, sources.map(textOf).join(), path, from.kind]),
      [
        ["COPY", "a", "/w/b/", "context"],
        ["ADD", "https://example.com/x-arm64.tgz", "/t", "context"],
        ["COPY", "/bin/x", "/w/y", "image"],
        ["COPY", "/q", "/q", "stage"],
      ],
    );
    assert.deepEqual(
      stage.variables.map(({ keyword, name, value, origin }) => [keyword, name, textOf(value), origin].join(" ")),
      ["ARG TARGETARCH arm64 automatic", "ENV A 1 env", "ENV B x-arm64 env"],
    );
  });
});

describe("what RUNs execute", () => {
  const run = (lines: readonly string[], more: Files = {}): string[] => {
    return commands({ Dockerfile: ["FROM alpine", ...lines].join("\n"), ...more }, "linux/arm64");
  };

  it("the shell form, with the variables of the moment", () => {
    assert.deepEqual(run(["ARG TARGETARCH", "ENV V=1", "RUN a $V \\", "# no", "  b-$TARGETARCH", "ENV V=2"]), [
      "a 1 b-arm64",
    ]);
  });
  it("the exec form", () => {
    assert.deepEqual(run(['RUN ["a", "$V", "it\'s"]', 'RUN ["/bin/sh", "-ec", "b; c"]']), ["a $V it's", "b", "c"]);
  });
  it("heredocs", () => {
    assert.deepEqual(run(["RUN <<EOF", "a", "b", "EOF"]), ["a", "b"]);
    assert.deepEqual(run(["RUN <<-EOF bash -e", "\ta", "\tEOF"]), ["a"]);
    assert.deepEqual(run(["RUN <<EOF", "#!/usr/bin/env python3", "import a", "EOF"]), []);
    assert.deepEqual(run(["RUN cat <<EOF > /x && b", "text", "EOF"]), ["cat", "b"]);
  });
  it("what the shell of SHELL reads, also in stages that begin from this one", () => {
    assert.deepEqual(run(['SHELL ["/bin/bash", "-eu", "-c"]', "RUN a"]), ["a"]);
    assert.deepEqual(run(['SHELL ["powershell", "-Command"]', "RUN Get-X"]), []);
  });
  it("at the right places", () => {
    const text = "FROM alpine\nRUN a && \\\n    # why\n    curl x\nRUN <<-EOF\n\t\tb y\nEOF\n".replace(
      "\nEOF",
      "\n\tEOF",
    );
    const [stage] = stagesFor(only({ Dockerfile: text }));
    const places = stage?.runs.flatMap(({ trace, place }) => {
      return trace.commands.map((each) => `${place.line}-${place.endLine} ${each.place.line}:${each.place.column}`);
    });
    assert.deepEqual(places, ["2-4 2:5", "2-4 4:5", "5-7 6:3"]);
  });
  it("scripts of the repository that were copied or mounted", () => {
    const script = { "hack/install.sh": "#!/bin/sh\nfetch $1\n" };
    assert.deepEqual(run(["COPY hack /opt/hack", "RUN /opt/hack/install.sh x"], script), [
      "/opt/hack/install.sh x",
      "fetch x",
    ]);
    assert.deepEqual(run(["WORKDIR /src", "COPY . .", "RUN ./hack/install.sh y"], script), [
      "./hack/install.sh y",
      "fetch y",
    ]);
    assert.deepEqual(run(["COPY hack/*.sh /x/", "RUN cd /x && ./install.sh z"], script).slice(-1), ["fetch z"]);
    assert.deepEqual(run(["RUN --mount=target=/m /m/hack/install.sh m"], script).slice(-1), ["fetch m"]);
    const stages = ["COPY hack/install.sh /i", "FROM alpine AS b", "COPY --from=0 /i /j", "RUN /j q"];
    assert.deepEqual(run(stages, script).slice(-1), ["fetch q"]);
    assert.deepEqual(run(["COPY other /x", "RUN /x/install.sh"], script), ["/x/install.sh"]);
  });
  it("on the machine of the stage", () => {
    const text =
      "FROM --platform=$BUILDPLATFORM alpine AS b\nRUN x $(uname -m)\nFROM alpine\nCOPY --from=b / /\nRUN y $(uname -m)\n";
    const printed = commands({ Dockerfile: text }, "linux/arm64", "linux/amd64").filter(
      (each) => !each.startsWith("uname"),
    );
    assert.deepEqual(printed, ["x x86_64", "y aarch64"]);
  });
});

describe("contexts", () => {
  it("are the folders in which what is copied exists", () => {
    const text = "FROM alpine\nCOPY app/main.go /a\nCOPY . /b\n";
    assert.deepEqual(only({ "build/image/Dockerfile": text, "app/main.go": "" }).contexts, [""]);
    assert.deepEqual(only({ "build/image/Dockerfile": text, "build/app/main.go": "" }).contexts, ["build"]);
    assert.deepEqual(only({ "build/image/Dockerfile": text }).contexts, ["build/image", ""]);
  });
  it("are what callers say, first", () => {
    const model = only({ Dockerfile: "FROM alpine\nCOPY a /a\n", a: "", "dist/b": "" }, [call({ context: "dist" })]);
    assert.deepEqual(model.contexts, ["dist", ""]);
  });
});

describe("readDockerfiles on anything", () => {
  it("never throws, and all places are in the file", () => {
    const line = fc.constantFrom(
      "FROM a",
      "FROM $X AS b",
      "FROM --platform=$BUILDPLATFORM b",
      "FROM --platform=x/y/z/w c",
      "ARG X",
      "ARG X=$X$TARGETARCH",
      "ENV Y=${X:-1} Z=${X,,}",
      "COPY --from=b $Y /d/",
      "COPY a b \\",
      "  c d",
      "RUN <<EOF",
      "EOF",
      "RUN a $X | b \\",
      "# c",
      "",
      "RUN --mount=from=b,target=/x /x/y.sh",
      "ADD <<E /e",
      "E",
      "ONBUILD RUN x",
      "SHELL []",
      'SHELL ["sh","-c"]',
      "WORKDIR ${X?}",
      "COPY --from=$X . .",
      "{{ if .X }}",
      "FROM",
      'RUN ["a","b\'c"]',
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 14 }), (lines) => {
        const text = lines.join("\n");
        const { models } = read({ Dockerfile: text, "y.sh": "echo $X" });
        for (const { variants } of models) {
          for (const { stages } of variants) {
            for (const { copies, runs, base } of stages) {
              const values = [
                ...copies.flatMap(({ sources, destination }) => [...sources, destination]),
                ...(base === undefined ? [] : [base]),
              ];
              const places = [
                ...values.flatMap(({ pieces }) => pieces.flatMap(({ place }) => place ?? [])),
                ...runs.flatMap(({ trace }) => trace.commands.map(({ place }) => place)),
              ].filter(({ path }) => path === "Dockerfile");
              for (const { line: at, endLine } of places)
                assert.ok(at >= 1 && at <= endLine && endLine <= lines.length);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });
  it("ends quickly for a thousand stages", () => {
    const text = Array.from(
      { length: 1000 },
      (_, index) => `FROM ${index === 0 ? "alpine" : `s${index - 1}`} AS s${index}\nCOPY a /a`,
    );
    const started = performance.now();
    assert.equal(only({ Dockerfile: text.join("\n"), a: "" }).variants.length, 2);
    assert.ok(performance.now() - started < 8000);
  });
});

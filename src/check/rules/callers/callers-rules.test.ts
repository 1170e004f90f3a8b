import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";

type Files = Readonly<Record<string, string>>;

const dockerfile = "FROM alpine:3.20\nARG TARGETARCH\nCOPY app-$TARGETARCH /app\n";

/** The findings of some rules in short, the severity before them. */
async function found(files: Files, rules: readonly string[], facts: KnownFacts = {}): Promise<string[]> {
  const findings = (await findingsIn(files, { facts })).filter(({ rule }) => rules.includes(rule));
  return brief(findings).map((line, at) => `${findings[at]?.severity ?? ""} ${line}`);
}

describe("make-arch-branch-missing", () => {
  const rules = ["make-arch-branch-missing", "arch-token-mismatch"];
  const branch = (name: string) => `ifeq ($(ARCH),${name})\n  SUFFIX := -${name}\n  VERSION ?= 1\nendif\n`;
  const use = "image:\n\tdocker run example/tool$(SUFFIX):$(VERSION)\n";

  it("finds conditions one after another that forget an architecture", async () => {
    const files = { Makefile: `ARCH ?= amd64\n${branch("amd64")}${branch("ppc64le")}${branch("s390x")}${use}` };
    assert.deepEqual(await found(files, rules), ["error make-arch-branch-missing Makefile:2 +6 +10"]);
  });

  it("finds a ladder that ends with an error", async () => {
    const files = {
      Makefile:
        "ARCH ?= amd64\nifeq ($(ARCH),amd64)\nX = 1\nelse ifeq ($(ARCH),ppc64le)\nX = 2\nelse\n$(error unsupported architecture)\nendif\nall:\n\tdocker run a/b:$(X)\n",
    };
    assert.deepEqual(await found(files, rules), ["error make-arch-branch-missing Makefile:2 +4"]);
  });

  it("finds an else with something behind it that is no condition", async () => {
    const files = {
      Makefile:
        "ARCH ?= amd64\nifeq ($(ARCH),arm64)\nX = 1\nelse ($(ARCH),amd64)\nX = 2\nendif\nall:\n\tdocker run a/b:$(X)\n",
    };
    assert.deepEqual(await found(files, rules), ["error make-arch-branch-missing Makefile:4"]);
  });

  it("finds names that the machine never has", async () => {
    const files = {
      Makefile:
        "M = $(shell uname -m)\nifeq ($(M),x86_64)\nX = 1\nelse ifeq ($(M),armv8)\nX = 2\nelse\n$(error no)\nendif\nall:\n\tdocker run a/b:$(X)\n",
    };
    assert.deepEqual(await found(files, rules), ["error arch-token-mismatch Makefile:4"]);
  });

  it("says nothing of ladders with all branches, with a default, or for one architecture alone", async () => {
    const clean = [
      `ARCH ?= amd64\n${branch("amd64")}${branch("arm64")}${branch("s390x")}${use}`,
      `ARCH ?= amd64\n${branch("amd64")}${branch("ppc64le")}VERSION ?= 2\nSUFFIX ?= -x\n${use}`,
      `ARCH ?= amd64\nifeq ($(ARCH),amd64)\nX = 1\nelse ifeq ($(ARCH),ppc64le)\nX = 2\nelse\nX = 3\nendif\n${use}`,
      `ARCH ?= amd64\nifeq ($(ARCH),amd64)\nVERSION = 2\nendif\n${use}`,
      "M = $(shell uname -m)\nifeq ($(M),x86_64)\nX = 1\nelse ifneq ($(filter aarch64 arm64,$(M)),)\nX = 2\nendif\nall:\n\tdocker run a/b:$(X)\n",
    ];
    for (const text of clean) assert.deepEqual(await found({ Makefile: text }, rules), [], text);
  });
});

describe("build-arg-not-passed", () => {
  const rules = ["build-arg-not-passed"];

  it("finds a call whose Makefile makes the file for each architecture while the Dockerfile copies one", async () => {
    const files = {
      Makefile: "ARCH ?= amd64\nimage:\n\tgo build -o bin/app-$(ARCH)\n\tdocker build -t example/app .\n",
      Dockerfile: "FROM alpine:3.20\nCOPY bin/app-amd64 /app\n",
    };
    assert.deepEqual(await found(files, rules), ["error build-arg-not-passed Makefile:4 +Dockerfile:2"]);
  });

  it("finds an argument that the call does not set", async () => {
    const files = {
      Makefile: "ARCH ?= amd64\nimage:\n\tdocker build -t example/app .\n",
      Dockerfile: "FROM alpine:3.20\nARG BIN_ARCH=amd64\nCOPY bin/app-$BIN_ARCH /app\n",
    };
    assert.deepEqual(await found(files, rules), ["error build-arg-not-passed Makefile:3 +Dockerfile:2"]);
  });

  it("says nothing when it is passed, or Docker gives it, or the Makefile knows no architecture", async () => {
    const image = "FROM alpine:3.20\nARG BIN_ARCH=amd64\nCOPY bin/app-$BIN_ARCH /app\n";
    const clean: Files[] = [
      {
        Makefile: "ARCH ?= amd64\nimage:\n\tdocker build --build-arg BIN_ARCH=$(ARCH) -t example/app .\n",
        Dockerfile: image,
      },
      { Makefile: "ARCH ?= amd64\nimage:\n\tdocker build -t example/app .\n", Dockerfile: dockerfile },
      { Makefile: "image:\n\tdocker build -t example/app .\n", Dockerfile: image },
    ];
    for (const files of clean) assert.deepEqual(await found(files, rules), []);
  });
});

describe("make-arch-default and make-target-arch", () => {
  const rules = ["make-arch-default", "make-target-arch"];
  const image = (run: string) => `FROM golang:1.22\nWORKDIR /src\nCOPY . .\nARG TARGETARCH\nRUN ${run}\n`;
  const makefile = "ARCH ?= amd64\nbuild:\n\tGOARCH=$(ARCH) go build -o app .\nlinux-amd64 linux-arm64:\n\tgo build\n";

  it("find a RUN that gets the Makefile's default, or asks for one architecture", async () => {
    assert.deepEqual(await found({ Makefile: makefile, Dockerfile: image("make build") }, rules), [
      "error make-arch-default Dockerfile:5 +Makefile:1",
    ]);
    assert.deepEqual(await found({ Makefile: makefile, Dockerfile: image("make linux-amd64") }, rules), [
      "error make-target-arch Dockerfile:5",
    ]);
  });

  it("say nothing when the call names the architecture, or the Makefile asks the machine, or is another one", async () => {
    for (const run of ["make build ARCH=$TARGETARCH", "ARCH=$TARGETARCH make build", "make linux-$TARGETARCH"])
      assert.deepEqual(await found({ Makefile: makefile, Dockerfile: image(run) }, rules), [], run);
    const asking = makefile.replace("amd64\n", "$(shell go env GOARCH)\n");
    assert.deepEqual(await found({ Makefile: asking, Dockerfile: image("make build") }, rules), []);
    const cloned = image("git clone https://example.com/x.git && cd x && make build");
    assert.deepEqual(await found({ Makefile: makefile, Dockerfile: cloned }, rules), []);
  });
});

describe("docker-build-single-platform", () => {
  const rules = ["docker-build-single-platform"];

  it("finds what is pushed for the machine alone, in Makefiles and behind scripts", async () => {
    const make = {
      Makefile: "push:\n\tdocker build -t example/app:1 .\n\tdocker push example/app:1\n",
      Dockerfile: dockerfile,
    };
    assert.deepEqual(await found(make, rules), ["warning docker-build-single-platform Makefile:2 +3"]);
    const platform = {
      Makefile: "push:\n\tdocker buildx build --push --platform linux/amd64 -t example/app:1 .\n",
      Dockerfile: dockerfile,
    };
    assert.deepEqual(await found(platform, rules), ["warning docker-build-single-platform Makefile:2"]);
  });

  it("points at the list that has one platform", async () => {
    const files = {
      Dockerfile: dockerfile,
      "one.sh*": '#!/bin/sh\ndocker buildx build --push --platform "$2" -t "example/app:$1" .\n',
      "all.sh*": "#!/bin/sh\n./one.sh 1 linux/amd64\n./one.sh 2 linux/amd64,linux/arm64\n",
    };
    assert.ok((await found(files, rules)).includes("warning docker-build-single-platform all.sh:2 +one.sh:2"));
  });

  it("says nothing of several platforms, joined tags, siblings, builder images and builds that stay here", async () => {
    const clean = [
      "push:\n\tdocker buildx build --push --platform linux/amd64,linux/arm64 -t example/app:1 .\n",
      "ARCH ?= amd64\npush:\n\tdocker build -t example/app:1-$(ARCH) .\n\tdocker push example/app:1-$(ARCH)\nall:\n\tdocker manifest create example/app:1 example/app:1-amd64 example/app:1-arm64\n",
      "push:\n\tdocker build -t example/app:1 .\n\tdocker push example/app:1\nmulti:\n\tdocker buildx build --push --platform linux/amd64,linux/arm64 -t example/app:1 .\n",
      "push:\n\tdocker build -t example/build-image:1 .\n\tdocker push example/build-image:1\n",
      "image:\n\tdocker build -t app .\n",
      "push:\n\tdocker buildx build --push $(PLATFORM_FLAGS) -t example/app:1 .\n",
    ];
    for (const Makefile of clean)
      assert.deepEqual(await found({ Makefile, Dockerfile: dockerfile }, rules), [], Makefile);
  });

  it("only notes what is for tests or graphics cards", async () => {
    const Makefile =
      "e2e-push:\n\tdocker build -t example/app:e2e .\n\tdocker push example/app:e2e\ngpu:\n\tdocker build --build-arg GPU=nvidia -t example/app:1-gpu .\n\tdocker push example/app:1-gpu\n";
    for (const line of await found({ Makefile, Dockerfile: dockerfile }, rules)) assert.match(line, /^note /);
  });
});

describe("docker-pull-no-platform", () => {
  const rules = ["docker-pull-no-platform"];

  it("finds an image that is pulled, renamed and pushed", async () => {
    const Makefile =
      "mirror:\n\tdocker pull upstream/tool:1\n\tdocker tag upstream/tool:1 example/tool:1\n\tdocker push example/tool:1\n";
    assert.deepEqual(await found({ Makefile }, rules), ["error docker-pull-no-platform Makefile:2 +3"]);
  });

  it("says nothing with a platform, or when nothing leaves", async () => {
    const clean = [
      "ARCH ?= amd64\nmirror:\n\tdocker pull --platform linux/$(ARCH) upstream/tool:1\n\tdocker tag upstream/tool:1 example/tool:1\n\tdocker push example/tool:1\n",
      "cache:\n\tdocker pull upstream/tool:1\n\tdocker tag upstream/tool:1 tool\n",
      "mirror:\n\tdocker buildx imagetools create -t example/tool:1 upstream/tool:1\n",
      "mirror:\n\tdocker pull $(DOCKER_PLATFORM) upstream/tool:1\n\tdocker tag upstream/tool:1 example/tool:1\n\tdocker push example/tool:1\n",
    ];
    for (const Makefile of clean) assert.deepEqual(await found({ Makefile }, rules), [], Makefile);
  });
});

describe("per-arch-tag and per-arch-dockerfile", () => {
  const rules = ["per-arch-tag", "per-arch-dockerfile"];

  it("find tags and Dockerfiles of one architecture each", async () => {
    const Makefile =
      "all:\n\tdocker build -t example/app:1-amd64 .\n\tdocker build -f Dockerfile.arm64 -t example/app:1-arm64 .\n\tdocker push example/app:1-amd64\n\tdocker push example/app:1-arm64\n";
    assert.deepEqual(await found({ Makefile, Dockerfile: dockerfile, "Dockerfile.arm64": dockerfile }, rules), [
      "warning per-arch-tag Makefile:2 +4 +5 +3",
      "note per-arch-dockerfile Makefile:3",
    ]);
  });

  it("find a suffix that only some architectures have", async () => {
    const Makefile =
      "ARCH ?= amd64\nifeq ($(ARCH),amd64)\nTAG ?=\nendif\nifeq ($(ARCH),ppc64le)\nTAG := -ppc64le\nendif\nTOOL_IMAGE ?= example/tool$(TAG):1\nrun:\n\tdocker run $(TOOL_IMAGE)\n";
    assert.deepEqual(await found({ Makefile }, ["per-arch-tag"]), ["warning per-arch-tag Makefile:8"]);
  });

  it("say nothing of joined tags, output folders and one name for all", async () => {
    const clean = [
      "ARCH ?= amd64\npush:\n\tdocker build -t example/app:1-$(ARCH) .\n\tdocker push example/app:1-$(ARCH)\nall:\n\tdocker manifest create example/app:1 example/app:1-amd64 example/app:1-arm64\n",
      "ARCH ?= amd64\nIMAGE_DIR = out/image-$(ARCH)\nimage:\n\tdocker build -t example/app:1 .\n",
    ];
    for (const Makefile of clean)
      assert.deepEqual(await found({ Makefile, Dockerfile: dockerfile }, rules), [], Makefile);
  });
});

describe("image-ref-arch-suffixed and image-ref-single-arch", () => {
  const rules = ["image-ref-arch-suffixed", "image-ref-single-arch"];
  const amd64 = { platforms: [{ os: "linux", architecture: "amd64" }] };
  const both = { platforms: [...amd64.platforms, { os: "linux", architecture: "arm64" }] };

  it("find images for one architecture by name, and by what the registry says, at the default of the variable", async () => {
    const Makefile =
      "TOOL ?= example/tool:1\nrun:\n\tdocker run --rm $(TOOL) true\nold:\n\tdocker run amd64/busybox:1 true\n";
    assert.deepEqual(await found({ Makefile }, rules, { images: { "example/tool:1": amd64 } }), [
      "warning image-ref-arch-suffixed Makefile:5",
      "warning image-ref-single-arch Makefile:1",
    ]);
  });

  it("say nothing without knowledge, with the platform there, of own images, and with a platform given", async () => {
    const Makefile =
      "run:\n\tdocker run example/unknown:1\n\tdocker run example/both:1\n\tdocker run --platform linux/amd64 example/tool:1\n\tdocker build -t example/own:1 .\n\tdocker run example/own:1\n\tdocker run example/tool-$$(uname -m):1\n";
    const images = { "example/both:1": both, "example/tool:1": amd64, "example/own:1": amd64 };
    assert.deepEqual(await found({ Makefile, Dockerfile: dockerfile }, rules, { images }), []);
  });
});

describe("release-matrix-missing-arch", () => {
  const rules = ["release-matrix-missing-arch"];

  it("notes lists without a requested platform", async () => {
    const files = {
      "release.sh*": "#!/bin/sh\nfor platform in linux-amd64 darwin-amd64; do echo $platform; done\n",
      Makefile: "PLATFORMS := linux/amd64 linux/s390x\nimage:\n\tdocker build .\n",
      ".goreleaser.yml": "builds:\n  - goos:\n      - linux\n    goarch:\n      - amd64\n      - 386\n",
    };
    assert.deepEqual((await found(files, rules)).toSorted(), [
      "note release-matrix-missing-arch .goreleaser.yml:4",
      "note release-matrix-missing-arch Makefile:1",
      "note release-matrix-missing-arch release.sh:2",
    ]);
  });

  it("says nothing of lists with all of them, and of other lists", async () => {
    const files = {
      "release.sh*": "#!/bin/sh\nfor platform in linux-amd64 linux-arm64; do echo; done\nfor x in a b; do echo; done\n",
      Makefile: "ALL_ARCH = amd64 arm64\nTARGETS = build test\nimage:\n\tdocker build .\n",
    };
    assert.deepEqual(await found(files, rules), []);
  });
});

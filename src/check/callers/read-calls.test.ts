import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parsePlatformList } from "../../platform/platform.ts";
import { readMakefiles } from "../make/read-makefiles.ts";
import type { Execution } from "../model.ts";
import { locateIn } from "../place.ts";
import type { Reading } from "../reading.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { runShell } from "../shell/run-shell.ts";
import { textOf } from "../value.ts";
import { readCalls } from "./read-calls.ts";
import { sameReference } from "./same-reference.ts";

const [amd64] = parsePlatformList("linux/amd64");

function reading(files: Readonly<Record<string, string>>): Reading {
  return {
    repository: memoryRepository(files),
    platforms: parsePlatformList("linux/amd64"),
    signal: new AbortController().signal,
    unreadable: () => undefined,
  };
}

/** What a script in the repository's own folder calls, with Dockerfiles in it and in `image`. */
function inScript(text: string, more: Readonly<Record<string, string>> = {}) {
  assert.ok(amd64 !== undefined);
  const read = reading({
    Dockerfile: "FROM scratch\n",
    "image/Dockerfile": "FROM scratch\n",
    "image/Other.Dockerfile": "",
    ...more,
  });
  const locate = locateIn("build.sh", text);
  const execution: Execution = {
    kind: "script",
    scope: "host",
    target: amd64,
    machine: amd64,
    trace: runShell(
      { text, locate },
      { machine: amd64, environment: new Map(), directory: "", findScript: () => undefined },
    ),
    place: locate(0, text.length),
  };
  const { calls, images } = readCalls([execution], read);
  return {
    calls: calls.map(({ buildArgs, platforms, tags, ...call }) => ({
      ...call,
      buildArgs: Object.fromEntries([...buildArgs].map(([name, value]) => [name, value && textOf(value)])),
      platforms: platforms?.map(textOf),
      tags: tags.map(textOf),
    })),
    images: images.map(({ value, platformGiven }) => [textOf(value), platformGiven]),
  };
}

describe("Build commands", () => {
  it("are read with their flags, however these are written", () => {
    const { calls } = inScript(
      "docker buildx build --push --platform=linux/amd64,linux/arm64 -t a/b:1 --tag a/b:2 --build-arg X=1 --build-arg=Y --target final -fimage/Other.Dockerfile image",
    );
    const [call] = calls;
    assert.equal(call?.tool, "docker buildx build");
    assert.deepEqual([call?.dockerfile, call?.context, call?.target], ["image/Other.Dockerfile", "image", "final"]);
    assert.deepEqual(
      [call?.tags, call?.platforms],
      [
        ["a/b:1", "a/b:2"],
        ["linux/amd64", "linux/arm64"],
      ],
    );
    assert.deepEqual(call?.buildArgs, { X: "1", Y: undefined });
    assert.equal(call?.publishes, true);
  });

  it("find their Dockerfile from where they run", () => {
    const found = (text: string) => inScript(text).calls[0]?.dockerfile;
    assert.equal(found("cd image && docker build ."), "image/Dockerfile");
    assert.equal(found("cd image\ndocker build -f Other.Dockerfile .."), "image/Other.Dockerfile");
    assert.equal(found('docker build "$(pwd)/image"'), "image/Dockerfile");
    assert.equal(found("podman build image"), "image/Dockerfile");
    assert.equal(found("buildah bud -f image/Dockerfile"), "image/Dockerfile");
    assert.equal(found("cat image/Dockerfile | docker build -"), "image/Dockerfile");
    assert.equal(found("docker build -f unknown/Dockerfile ."), undefined);
    assert.equal(found("/kaniko/executor --context image --destination=a/b"), "image/Dockerfile");
  });

  it("are published when a later push names a tag of theirs, also by another name", () => {
    const publishes = (text: string) => inScript(text).calls[0]?.publishes;
    assert.equal(publishes("docker build -t a/b:1 .\ndocker push a/b:1"), true);
    assert.equal(publishes("docker build -t b .\ndocker tag b:latest r.example/b:2\ndocker push r.example/b:2"), true);
    assert.equal(publishes("docker build -t a/b:1 .\ndocker push a/c:1"), false);
    assert.equal(publishes('docker build -t a/b:1 .\ndocker push "a/b:$W"'), "unknown");
    assert.equal(publishes("docker build -o type=registry,name=a/b ."), true);
  });

  it("are joined by manifests and imagetools", () => {
    const joined = (text: string) => inScript(text).calls[0]?.joined;
    assert.equal(joined("docker build -t a/b:1-amd64 .\ndocker manifest create a/b:1 a/b:1-amd64 a/b:1-arm64"), true);
    assert.equal(joined("docker build -t a/b:1-amd64 .\ndocker buildx imagetools create -t a/b:1 a/b:1-amd64"), true);
    assert.equal(
      joined("docker build -t a/b:1-amd64 .\nmanifest-tool push from-args --template a/b:1-ARCH --target a/b:1"),
      true,
    );
    assert.equal(joined("docker build -t a/b:1-amd64 .\ndocker manifest create a/c:1 a/c:1-amd64"), false);
  });

  it("may have platforms that are not known", () => {
    assert.deepEqual(inScript("docker buildx build $PLATFORM_FLAGS -t a/b .").calls[0]?.platforms, ["\uFFFC"]);
    assert.equal(inScript("docker build $EXTRA -t a/b .").calls[0]?.platforms, undefined);
  });

  it("are followed from a script or step through make", () => {
    const { calls } = inScript("make image TAG=7", {
      Makefile: "image:\n\tdocker build -t a/b:$(TAG) .\n",
    });
    assert.deepEqual(
      calls.map(({ tags, place, through }) => [tags, place.path, through?.map(({ path }) => path)]),
      [[["a/b:7"], "Makefile", ["build.sh"]]],
    );
  });

  it("for tests say so by their target", () => {
    const read = reading({
      Dockerfile: "FROM scratch\n",
      Makefile: "e2e-image:\n\tdocker build -t a/b .\nimage:\n\tdocker build -t a/c .\n",
    });
    const { calls } = readCalls(readMakefiles(read).executions, read);
    assert.deepEqual(
      calls.map(({ tags, forTests }) => [tags.map(textOf).join(), forTests]),
      [
        ["a/b", true],
        ["a/c", false],
      ],
    );
  });
});

describe("Images of commands", () => {
  it("stand behind the options", () => {
    const { images } = inScript(
      "docker run --rm -it -v $PWD:/src -e A=b --name x example/tool:1 sh -c 'echo'\npodman pull --platform linux/arm64 quay.io/a/b\nkubectl run x --image=busybox:1\ncrictl pull a/b\ndocker run -d --privileged $OPTIONS redis",
    );
    assert.deepEqual(images, [
      ["example/tool:1", false],
      ["quay.io/a/b", true],
      ["busybox:1", false],
      ["a/b", false],
      ["redis", false],
    ]);
  });
});

describe("References", () => {
  it("are the same with and without what goes without saying", () => {
    assert.equal(sameReference("docker.io/library/redis", "redis:latest"), true);
    assert.equal(sameReference("a/b:1", "a/b:2"), false);
    assert.equal(sameReference("a/b:\uFFFC", "a/b:2"), undefined);
    assert.equal(sameReference("a/b:\uFFFC", "a/c:2"), false);
  });
});

describe("Hostile commands", () => {
  it("never throw", () => {
    const word = fc.constantFrom(
      "docker",
      "build",
      "buildx",
      "-t",
      "--tag=",
      "--platform",
      "-f",
      "-",
      ".",
      "..",
      "$X",
      "push",
      "run",
      "--",
      "a/b:c",
      "-it",
      "make",
      "-C",
      "podman",
      "manifest",
      "create",
      "image",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 8 }), (words) => {
        inScript(`docker ${words.join(" ")}`);
      }),
      { numRuns: 200 },
    );
  });
});

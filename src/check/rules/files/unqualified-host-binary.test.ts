import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn } from "../../test-check.ts";

async function found(files: Readonly<Record<string, string>>): Promise<string[]> {
  const own = (await findingsIn(files)).filter(({ rule }) => rule === "unqualified-host-binary");
  return brief(own).map((text, index) => `${own[index]?.severity ?? ""} ${text}`);
}

const image = (source: string) => `FROM debian\nCOPY ${source} /usr/local/bin/tool\n`;

describe("programs that are compiled outside of Docker", () => {
  test("by make: the COPY, and the line that compiles", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: image("bin/tool"),
        Makefile:
          "bin/tool:\n\tCGO_ENABLED=0 go build -a -o bin/tool ./cmd/tool\nimage: bin/tool\n\tdocker build -t example/tool .\n",
      }),
      ["warning unqualified-host-binary Dockerfile:2 +Makefile:2"],
    );
    assert.deepEqual(
      await found({
        Dockerfile: image("bin/tool"),
        Makefile:
          "bin/tool:\n\tdocker run --rm golang sh -c 'go build -v -o $@ ./cmd'\nimage: bin/tool\n\tdocker build .\n",
      }),
      ["warning unqualified-host-binary Dockerfile:2 +Makefile:2"],
    );
  });

  test("by a rule for any program, into a folder, and with a wildcard", async () => {
    const makefile = "build-%:\n\tgo build -o ./bin/$* ./cmd/$*\nimage: build-tool\n\tdocker build .\n";
    for (const source of ["bin/tool", "./bin/*", "bin/"]) {
      assert.deepEqual(
        await found({ Dockerfile: image(source), Makefile: makefile, "bin/.gitkeep": "" }),
        ["warning unqualified-host-binary Dockerfile:2 +Makefile:2"],
        source,
      );
    }
    assert.deepEqual(
      await found({
        "build/Dockerfile": "FROM debian\nCOPY build/ /opt/\n",
        "build/run.sh": "",
        Makefile: "all:\n\tgo build -o build/tool .\n\tdocker build -f build/Dockerfile .\n",
      }),
      ["warning unqualified-host-binary build/Dockerfile:2 +Makefile:2"],
    );
  });

  test("by a script", async () => {
    assert.deepEqual(
      await found({ Dockerfile: image("target/release/tool"), "build.sh*": "#!/bin/sh\ncargo build --release\n" }),
      ["warning unqualified-host-binary Dockerfile:2 +build.sh:2"],
    );
    assert.deepEqual(
      await found({ Dockerfile: image("out/tool"), "build.sh*": "#!/bin/sh\ngcc -O2 -o out/tool tool.c\n" }),
      ["warning unqualified-host-binary Dockerfile:2 +build.sh:2"],
    );
  });

  test("what is put into the context first is told where that happens", async () => {
    assert.deepEqual(
      await found({
        "image/Dockerfile": "FROM debian\nCOPY bin/tool /code/\n",
        Makefile:
          "bin/tool:\n\tgo build -o $@ ./cmd\nimage: bin/tool\n\tmkdir -p image/bin\n\tcp bin/tool image/bin/\n\tdocker build image\n",
      }),
      ["warning unqualified-host-binary Makefile:5 +image/Dockerfile:2"],
    );
  });

  test("what is only put there on one architecture is told at the COPY, once", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: image("staged_tool"),
        Makefile:
          "ARCH ?= $(shell uname -m)\nall:\n\tgo build -o out/tool .\nifeq ($(ARCH),x86_64)\nimage: all\n\tcp out/tool ./staged_tool\n\tdocker build .\nendif\n",
      }),
      ["warning unqualified-host-binary Dockerfile:2 +Makefile:6"],
    );
  });

  test("paths with an architecture, loops and GoReleaser raise nothing", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: "FROM debian\nARG TARGETARCH\nCOPY bin/${TARGETARCH}/tool /tool\n",
        Makefile: "build:\n\tGOARCH=$(ARCH) go build -o bin/$(ARCH)/tool .\n",
      }),
      [],
    );
    assert.deepEqual(
      await found({
        Dockerfile: image("bin/tool"),
        "build.sh*":
          "#!/bin/sh\nfor arch in amd64 arm64; do\n  GOARCH=$arch go build -o bin/tool .\n  docker build --platform linux/$arch -t tool-$arch .\ndone\n",
      }),
      [],
    );
    assert.deepEqual(
      await found({
        Dockerfile: image("tool"),
        ".goreleaser.yml": "dockers:\n  - image_templates: [a]\n",
        "build.sh*": "#!/bin/sh\ngo build -o tool .\n",
      }),
      [],
    );
  });

  test("what is in the repository, and what is no program, raises nothing", async () => {
    assert.deepEqual(
      await found({
        Dockerfile: image("bin/tool"),
        "bin/tool": "#!/bin/sh\n",
        Makefile: "build:\n\tgo build -o bin/tool .\n",
      }),
      [],
    );
    assert.deepEqual(await found({ Dockerfile: "FROM nginx\nCOPY dist /usr/share/nginx/html\n" }), []);
    assert.deepEqual(await found({ Dockerfile: "FROM openjdk\nCOPY target/tool.jar /usr/local/bin/\n" }), []);
    assert.deepEqual(await found({ Dockerfile: "FROM debian\nCOPY LICENSE /\n" }), []);
  });

  test("a program that nothing is known of is a note", async () => {
    assert.deepEqual(await found({ Dockerfile: image("tool") }), ["note unqualified-host-binary Dockerfile:2"]);
    assert.deepEqual(await found({ Dockerfile: 'FROM scratch\nCOPY out/tool /\nENTRYPOINT ["/tool"]\n' }), [
      "note unqualified-host-binary Dockerfile:2",
    ]);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";

const own = new Set([
  "hardcoded-arch-download",
  "implicit-arch-download",
  "single-arch-checksum",
  "arch-path-reference",
]);

async function found(
  files: string | Readonly<Record<string, string>>,
  options: { readonly facts?: KnownFacts; readonly platforms?: string } = {},
): Promise<string[]> {
  const repository = typeof files === "string" ? { Dockerfile: files } : files;
  const findings = (await findingsIn(repository, options)).filter(({ rule }) => own.has(rule));
  return brief(findings).map((text, index) => `${findings[index]?.severity ?? ""} ${text}`);
}

describe("downloads of a fixed architecture", () => {
  for (const [name, dockerfile] of [
    ["curl", "FROM debian:12\nRUN curl -fsSLo /usr/bin/tool https://example.org/v1/tool-linux-amd64\n"],
    ["a pipe into tar", "FROM debian:12\nRUN curl https://example.org/tool_Linux_x86_64.tar.gz | tar xz\n"],
    ["wget with an option between", "FROM debian:12\nRUN wget -q -O- https://example.org/tool-x64.zip\n"],
    ["ADD", "FROM debian:12\nADD https://example.org/tool-linux-amd64 /usr/bin/tool\n"],
    ["a package from a URL", "FROM fedora:40\nRUN dnf install -y https://example.org/tool-1.0.x86_64.rpm\n"],
    ["an archive of Debian", "FROM debian:12\nRUN apt-get install -y https://example.org/tool_1_amd64.deb\n"],
    [
      "Python",
      "FROM debian:12\nRUN python3 -c \"from urllib.request import *; urlretrieve('https://example.org/tool-amd64.zip', 'a')\"\n",
    ],
    ["a wheel", "FROM python:3.12\nRUN pip install https://example.org/tool-1-cp312-cp312-manylinux2014_x86_64.whl\n"],
    ["sudo", "FROM debian:12\nRUN sudo wget https://example.org/tool-linux-amd64\n"],
    ["no scheme", "FROM debian:12\nRUN curl -LO dl.example.org/tool-linux-amd64\n"],
    [
      "an unknown version",
      "FROM debian:12\nRUN curl -LO https://example.org/$(curl -s https://example.org/latest)/bin/linux/amd64/tool\n",
    ],
    ["an old platform", "FROM debian:12\nRUN curl -LO https://example.org/tool-linux64.tar.gz\n"],
    [
      "a release's list",
      "FROM debian:12\nRUN curl -s https://api.github.com/repos/o/t/releases/latest | grep browser_download_url | grep linux-amd64 | cut -d '\"' -f 4 | wget -i -\n",
    ],
  ] as const) {
    test(`by ${name}`, async () => {
      assert.deepEqual(await found(dockerfile), ["error hardcoded-arch-download Dockerfile:2"]);
    });
  }

  test("that xargs gets: only when there is something to get", async () => {
    const dockerfile = "FROM debian:12\nRUN echo https://example.org/tool-linux-amd64 | xargs curl -LO\n";
    assert.deepEqual(await found(dockerfile), ["warning hardcoded-arch-download Dockerfile:2"]);
  });

  test("for whom, what and instead of what", async () => {
    const [finding] = await findingsIn({
      Dockerfile: "FROM debian:12\nRUN curl -LO https://example.org/tool-linux-amd64.tar.gz\n",
    });
    assert.deepEqual(finding?.platforms, [{ os: "linux", architecture: "arm64" }]);
    assert.equal(finding?.message, "This download is for amd64 on every platform: tool-linux-amd64.tar.gz.");
    assert.equal(finding?.fix?.title, "For linux/arm64 the file is probably called tool-linux-arm64.tar.gz.");
    assert.deepEqual(
      finding?.problems[0]?.spots?.map(({ place, text }) => [place.line, place.column, text]),
      [[2, 45, "amd64"]],
    );
  });

  test("whose other file is known to be there, or not to be", async () => {
    const Dockerfile = "FROM debian:12\nRUN curl -LO https://example.org/tool-linux-amd64.tar.gz\n";
    const other = "https://example.org/tool-linux-arm64.tar.gz";
    const [there] = await findingsIn({ Dockerfile }, { facts: { urls: { [other]: true } } });
    assert.match(there?.fix?.title ?? "", /^For linux\/arm64 the file is called tool-linux-arm64/);
    const [missing] = await findingsIn({ Dockerfile }, { facts: { urls: { [other]: false } } });
    assert.match(missing?.fix?.title ?? "", /^There is no tool-linux-arm64.tar.gz: take a package/);
  });

  test("with lines that repeat the name, a checksum and a signature", async () => {
    assert.deepEqual(
      await found(
        [
          "FROM debian:12",
          `ENV SUM=${"ab".repeat(32)}`,
          "RUN curl -LO https://example.org/tool-linux-amd64.tar.gz",
          "RUN curl -LO https://example.org/tool-linux-amd64.tar.gz.asc",
          'RUN echo "$SUM  tool-linux-amd64.tar.gz" | sha256sum -c -',
          "RUN tar xzf tool-linux-amd64.tar.gz && mv tool-linux-amd64/tool /usr/bin/tool",
        ].join("\n"),
      ),
      ["error hardcoded-arch-download Dockerfile:3 +4 +5 +6"],
    );
    assert.deepEqual(
      await found(
        [
          "FROM debian:12",
          `ENV SUM=${"ab".repeat(32)}`,
          "RUN curl -LO https://example.org/tool-linux-amd64.tar.gz \\",
          " && curl -LO https://example.org/tool-linux-amd64.tar.gz.asc \\",
          ' && echo "$SUM  tool.tar.gz" | sha256sum -c -',
        ].join("\n"),
      ),
      ["error hardcoded-arch-download Dockerfile:3 +2 +5 +4"],
    );
  });

  test("whose name is in variables, on the lines of the variables as well", async () => {
    assert.deepEqual(
      await found(
        "FROM debian:12\nARG machine=x86_64\nARG file=tool-Linux-${machine}.sh\nRUN wget https://example.org/${file}\n",
      ),
      ["error hardcoded-arch-download Dockerfile:4 +2 +3"],
    );
    assert.deepEqual(
      await found("FROM debian:12\nRUN A=amd64; \\\n U=https://example.org/tool-$A; \\\n curl -LO $U\n"),
      ["error hardcoded-arch-download Dockerfile:4 +2 +3"],
    );
  });

  test("in a stage on the build platform: when the builder is another, or the image takes it", async () => {
    const build =
      "FROM --platform=$BUILDPLATFORM debian:12 AS get\nRUN curl -Lo /tool https://example.org/tool-linux-amd64\n";
    assert.deepEqual(await found(`${build}FROM debian:12\nCOPY --from=get /etc/hosts /\n`), [
      "warning hardcoded-arch-download Dockerfile:2",
    ]);
    assert.deepEqual(await found(`${build}FROM debian:12\nCOPY --from=get /tool /usr/bin/\n`), [
      "error hardcoded-arch-download Dockerfile:2",
    ]);
  });

  test("in a script that a Dockerfile runs, and in one that nobody runs", async () => {
    const script = "#!/bin/sh\ncurl -LO https://example.org/tool-linux-amd64\n";
    assert.deepEqual(await found({ Dockerfile: "FROM debian:12\nCOPY get.sh /\nRUN sh /get.sh\n", "get.sh": script }), [
      "error hardcoded-arch-download get.sh:2",
    ]);
    assert.deepEqual(await found({ "get.sh": script }), ["note hardcoded-arch-download get.sh:2"]);
  });

  test("of which only data is taken: a note", async () => {
    const get = "FROM debian:12\nRUN curl -LO https://example.org/node-v20-linux-x64.tar.gz && ";
    const note = ["note hardcoded-arch-download Dockerfile:2"];
    const error = ["error hardcoded-arch-download Dockerfile:2"];
    assert.deepEqual(
      await found(`${get}tar xzf node-v20-linux-x64.tar.gz -C /usr node-v20-linux-x64/lib/node_modules\n`),
      note,
    );
    assert.deepEqual(await found(`${get}tar -x -f node-v20-linux-x64.tar.gz node-v20-linux-x64/bin/npm\n`), note);
    assert.deepEqual(await found(`${get}tar -x -f node-v20-linux-x64.tar.gz node-v20-linux-x64/bin/node\n`), error);
    assert.deepEqual(await found(`${get}tar xzf node-v20-linux-x64.tar.gz -C /usr\n`), error);
    const piped = "FROM debian:12\nRUN curl -L https://example.org/node-v20-linux-x64.tar.gz | tar xz";
    assert.deepEqual(await found(`${piped} node/share/doc\n`), note);
    assert.deepEqual(await found(`${piped} -C /opt\n`), error);
  });

  test("in a recipe of make", async () => {
    assert.deepEqual(await found({ Makefile: "tool:\n\tcurl -LO https://example.org/tool-linux-amd64\n" }), [
      "warning hardcoded-arch-download Makefile:2",
    ]);
  });

  test("in a variable that no download was seen to use", async () => {
    const note = ["note hardcoded-arch-download Dockerfile:2"];
    const url = "https://example.org/tool-linux-amd64.tar.gz";
    assert.deepEqual(await found(`FROM debian:12\nENV TOOL_URL=${url}\n`), note);
    assert.deepEqual(await found(`FROM debian:12\nRUN TOOL_URL=${url} ./configure\n`), note);
  });
});

describe("downloads that are right everywhere", () => {
  test("by a ladder over an argument that the caller gives", async () => {
    const run =
      "RUN case $ARCH in amd64) a=x86_64 ;; arm64) a=arm64 ;; *) exit 1 ;; esac; curl -LO https://example.org/tool-$a";
    assert.deepEqual(await found(`FROM debian:12\nARG ARCH\n${run}\n`), []);
  });

  for (const [name, dockerfile] of [
    [
      "the platform's argument",
      "FROM debian:12\nARG TARGETARCH\nRUN curl -LO https://example.org/tool-linux-${TARGETARCH}\n",
    ],
    ["the machine's name", "FROM debian:12\nRUN curl -LO https://example.org/tool-$(uname -m).tar.gz\n"],
    [
      "a ladder",
      'FROM debian:12\nRUN case "$(uname -m)" in x86_64) f=tool-amd64 ;; aarch64) f=tool-arm64 ;; esac; curl -LO https://example.org/$f\n',
    ],
    [
      "a guard",
      'FROM debian:12\nRUN if [ "$(uname -m)" = x86_64 ]; then curl -LO https://example.org/tool-amd64; fi\n',
    ],
    [
      "a map",
      "FROM debian:12\nRUN a=$(uname -m | sed -e 's/x86_64/amd64/' -e 's/aarch64/arm64/'); curl -LO https://example.org/tool-$a\n",
    ],
    [
      "another system",
      "FROM debian:12\nRUN curl -LO https://example.org/tool-windows-amd64.exe https://example.org/tool-darwin-amd64\n",
    ],
    ["text that is printed", "FROM debian:12\nRUN echo see https://example.org/tool-linux-amd64\n"],
    ["a name of a host", "FROM debian:12\nRUN curl -LO https://amd64.example.org/tool.tar.gz\n"],
    ["both names", "FROM debian:12\nRUN curl -LO https://example.org/x86_64-aarch64/tool.tar.gz\n"],
    [
      "a fixed stage that only builds",
      "FROM --platform=linux/amd64 debian:12 AS web\nRUN curl -LO https://example.org/tool-linux-amd64\nFROM debian:12\nCOPY --from=web /site /site\n",
    ],
    [
      "a cross compiler's target",
      "FROM --platform=$BUILDPLATFORM debian:12 AS b\nRUN curl -LO https://example.org/aarch64-linux-gnu-cross.tgz\nFROM scratch\n",
    ],
    ["git", "FROM debian:12\nRUN git clone https://example.org/tool-amd64.git\n"],
  ] as const) {
    test(`by ${name}`, async () => assert.deepEqual(await found(dockerfile), []));
  }

  test("for a platform that nobody asks for", async () => {
    const Dockerfile = "FROM debian:12\nRUN curl -LO https://example.org/tool-linux-amd64\n";
    assert.deepEqual(await found(Dockerfile, { platforms: "linux/amd64" }), []);
  });

  test("on a machine of CI", async () => {
    const workflow =
      "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: curl -LO https://example.org/tool-linux-amd64\n";
    assert.deepEqual(await found({ ".github/workflows/a.yml": workflow }), []);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";

async function found(
  rule: string,
  files: string | Readonly<Record<string, string>>,
  facts: KnownFacts = {},
): Promise<string[]> {
  const repository = typeof files === "string" ? { Dockerfile: files } : files;
  const findings = (await findingsIn(repository, { facts })).filter((finding) => finding.rule === rule);
  return brief(findings).map((text, index) => `${findings[index]?.severity ?? ""} ${text}`);
}

const arm64 = { os: "linux", architecture: "arm64" };
const amd64 = { os: "linux", architecture: "amd64" };

describe("repo-arch-pinned", () => {
  const error = ["error repo-arch-pinned Dockerfile:2"];
  for (const [name, run] of [
    [
      "echo",
      'echo "deb [arch=amd64 signed-by=/k.gpg] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list',
    ],
    [
      "tee",
      'echo "deb [signed-by=/k.gpg arch=amd64] https://example.org/apt stable main" | tee /etc/apt/sources.list.d/x.list',
    ],
    ["add-apt-repository", 'add-apt-repository "deb [arch=amd64] https://example.org/apt stable main"'],
    ["yum", "printf '[x]\\nbaseurl=https://example.org/el7-x86_64\\n' > /etc/yum.repos.d/x.repo"],
    ["a here-document", "<<EOF cat > /etc/yum.repos.d/x.repo\n[x]\nbaseurl=https://example.org/x86_64/\nEOF"],
  ] as const) {
    test(`finds it by ${name}`, async () => {
      const [first, ...rest] = await found("repo-arch-pinned", `FROM debian:12\nRUN ${run}\n`);
      assert.deepEqual([first?.replace(/ \+\d+$/, ""), ...rest], error);
    });
  }

  test("finds it in a file that is copied", async () => {
    assert.deepEqual(
      await found("repo-arch-pinned", {
        Dockerfile: "FROM debian:12\nCOPY x.list /etc/apt/sources.list.d/\n",
        "x.list": "# vendor\ndeb [arch=amd64] https://example.org/apt stable main\n",
      }),
      ["error repo-arch-pinned x.list:2"],
    );
  });

  for (const [name, run] of [
    [
      "dpkg's own",
      'echo "deb [arch=$(dpkg --print-architecture)] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list',
    ],
    ["both", 'echo "deb [arch=amd64,arm64] https://example.org/apt stable main" > /etc/apt/sources.list.d/x.list'],
    ["$basearch", "echo 'baseurl=https://example.org/$basearch/' > /etc/yum.repos.d/x.repo"],
    [
      "foreign packages",
      "dpkg --add-architecture amd64 && echo 'deb [arch=amd64] https://example.org/apt a b' > /etc/apt/sources.list.d/x.list",
    ],
    ["another file", "echo 'deb [arch=amd64] https://example.org/apt a b' > /usr/share/doc/note.txt"],
  ] as const) {
    test(`leaves ${name} alone`, async () => {
      assert.deepEqual(await found("repo-arch-pinned", `FROM debian:12\nRUN ${run}\n`), []);
    });
  }
});

describe("apt-mirror-x86", () => {
  const at = (run: string) => found("apt-mirror-x86", `FROM ubuntu:22.04\nRUN ${run}\n`);

  test("finds mirrors of the main archive", async () => {
    const expected = ["warning apt-mirror-x86 Dockerfile:2"];
    assert.deepEqual(
      await at("echo 'deb http://br.archive.ubuntu.com/ubuntu jammy main' > /etc/apt/sources.list"),
      expected,
    );
    assert.deepEqual(
      await at("echo 'deb http://security.ubuntu.com/ubuntu/ jammy main' >> /etc/apt/sources.list"),
      expected,
    );
    assert.deepEqual(
      await at("echo 'deb https://mirrors.example.org/ubuntu/ jammy main' > /etc/apt/sources.list"),
      expected,
    );
  });

  test("leaves ports, Debian, chosen mirrors and guards alone", async () => {
    assert.deepEqual(
      await at("echo 'deb http://ports.ubuntu.com/ubuntu-ports jammy main' > /etc/apt/sources.list"),
      [],
    );
    assert.deepEqual(
      await at("echo 'deb http://mirrors.example.org/ubuntu-ports/ jammy main' > /etc/apt/sources.list"),
      [],
    );
    assert.deepEqual(await at("echo 'deb http://deb.debian.org/debian bookworm main' > /etc/apt/sources.list"), []);
    assert.deepEqual(
      await at(
        'if [ "$(dpkg --print-architecture)" = amd64 ]; then echo "deb http://archive.ubuntu.com/ubuntu jammy main" > /etc/apt/sources.list; fi',
      ),
      [],
    );
  });
});

describe("x86-only-package", () => {
  const at = (run: string, from = "FROM debian:12") => found("x86-only-package", `${from}\nRUN ${run}\n`);
  const error = ["error x86-only-package Dockerfile:2"];
  const warning = ["warning x86-only-package Dockerfile:2"];

  test("finds packages of the table", async () => {
    assert.deepEqual(await at("apt-get update && apt-get install -y --no-install-recommends gcc-multilib"), error);
    assert.deepEqual(await at("apt-get -y install g++-12-multilib=12.2.0-1"), error);
    assert.deepEqual(await at("ACCEPT_EULA=Y apt-get install -y msodbcsql17"), error);
    assert.deepEqual(await at("apt-get install -y lib32stdc++6 \\\n lib32z1"), [
      "error x86-only-package Dockerfile:2 +3",
    ]);
    assert.deepEqual(await at("apt-get install -y gcc-multilib msodbcsql17"), [...error, ...error]);
    assert.deepEqual(await at("apt-get install -y libc6:i386"), warning);
    assert.deepEqual(await at("apt-get install -y google-chrome-stable"), warning);
    assert.deepEqual(await at("apt-get install -y linux-headers-amd64"), error);
    assert.deepEqual(await at("yum install -y glibc.i686", "FROM centos:7"), error);
    assert.deepEqual(await at("apk add --no-cache --virtual .deps glibc-bin", "FROM alpine:3.9"), error);
    assert.deepEqual(await at("npx playwright install --with-deps chromium msedge"), error);
  });

  test("stands where the package is written", async () => {
    assert.deepEqual(await at("apt-get install -y \\\n  curl \\\n  gcc-multilib"), [
      "error x86-only-package Dockerfile:4",
    ]);
  });

  test("leaves what all have, guards and other platforms alone", async () => {
    assert.deepEqual(
      await at("apt-get install -y gcc curl chromium gcc-aarch64-linux-gnu crossbuild-essential-amd64"),
      [],
    );
    assert.deepEqual(
      await at('if [ "$(dpkg --print-architecture)" = amd64 ]; then apt-get install -y gcc-multilib; fi'),
      [],
    );
    assert.deepEqual(await at("apt-get remove -y gcc-multilib"), []);
    assert.deepEqual(await at("npx playwright install --with-deps chromium firefox"), []);
    assert.deepEqual(await at("apk add gcompat libc6-compat", "FROM alpine:3.20"), []);
  });

  test("asks the package index, which knows better", async () => {
    const run = (name: string, base: string) => `FROM ${base}\nRUN apt-get install -y ${name}\n`;
    const lacks: KnownFacts = { packages: { "deb:bookworm:odd": { platforms: [amd64] } } };
    assert.deepEqual(await found("x86-only-package", run("odd", "debian:12-slim"), lacks), error);
    assert.deepEqual(await found("x86-only-package", run("odd", "debian:11"), lacks), []);
    const has: KnownFacts = { packages: { "deb:jammy:gcc-multilib": { platforms: [amd64, arm64] } } };
    assert.deepEqual(await found("x86-only-package", run("gcc-multilib", "ubuntu:22.04"), has), []);
    const apk: KnownFacts = { packages: { "apk:v3.9:odd": { platforms: [amd64] } } };
    assert.deepEqual(await found("x86-only-package", "FROM alpine:3.9.4\nRUN apk add odd\n", apk), error);
  });

  test("in stages of the builder: a warning, and a note where the argument's default hides the builder", async () => {
    const build = "FROM --platform=$BUILDPLATFORM debian:12 AS b\nRUN apt-get install -y gcc-multilib\nFROM scratch\n";
    assert.deepEqual(await found("x86-only-package", build), warning);
    assert.deepEqual(await found("x86-only-package", `ARG BUILDPLATFORM=linux/amd64\n${build}`), [
      "note x86-only-package Dockerfile:3",
    ]);
  });

  test("knows where Git LFS's own repository has nothing", async () => {
    const script = "curl -s https://packagecloud.io/install/repositories/github/git-lfs/script.deb.sh | bash";
    assert.deepEqual(await at(script, "FROM debian:buster"), warning);
    assert.deepEqual(await at(script, "FROM debian:12"), ["note x86-only-package Dockerfile:2"]);
  });
});

describe("single-arch-checksum", () => {
  const sum = "ab".repeat(32);

  test("finds one sum for files of all platforms", async () => {
    assert.deepEqual(
      await found(
        "single-arch-checksum",
        `FROM debian:12\nARG TARGETARCH\nARG SUM=${sum}\nRUN curl -LO https://example.org/tool-\${TARGETARCH} \\\n && echo "$SUM  tool-\${TARGETARCH}" | sha256sum -c -\n`,
      ),
      ["error single-arch-checksum Dockerfile:3 +4 +5"],
    );
  });

  test("leaves a table, a sum that is fetched and a file for all alone", async () => {
    const other = "cd".repeat(32);
    assert.deepEqual(
      await found(
        "single-arch-checksum",
        `FROM debian:12\nARG TARGETARCH\nRUN case $TARGETARCH in amd64) s=${sum} ;; arm64) s=${other} ;; esac; curl -LO https://example.org/tool-$TARGETARCH; echo "$s  tool" | sha256sum -c -\n`,
      ),
      [],
    );
    assert.deepEqual(
      await found(
        "single-arch-checksum",
        `FROM debian:12\nRUN curl -LO https://example.org/tool.jar; echo "${sum}  tool.jar" | sha256sum -c -\n`,
      ),
      [],
    );
    assert.deepEqual(
      await found(
        "single-arch-checksum",
        "FROM debian:12\nRUN a=$(uname -m); curl -LO https://example.org/tool-$a; curl -L https://example.org/tool-$a.sha256 | sha256sum -c -\n",
      ),
      [],
    );
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";

async function found(run: string, facts: KnownFacts = {}): Promise<string[]> {
  const Dockerfile = run.startsWith("FROM") ? run : `FROM debian:12\n${run}\n`;
  const findings = (await findingsIn({ Dockerfile }, { facts })).filter(
    ({ rule }) => rule === "implicit-arch-download",
  );
  return brief(findings).map((text, index) => `${findings[index]?.severity ?? ""} ${text}`);
}

const github = "https://github.com";

describe("downloads for amd64 that do not say so", () => {
  for (const url of [
    `${github}/krallin/tini/releases/download/v0.19.0/tini`,
    `${github}/krallin/tini/releases/download/v0.19.0/tini-static`,
    `${github}/sgerrand/alpine-pkg-glibc/releases/download/2.30-r0/glibc-2.30-r0.apk`,
    `${github}/stoplightio/spectral/releases/download/v6.1.0/spectral-linux`,
    `${github}/openfaas/faas-cli/releases/download/0.14.1/faas-cli`,
    `${github}/k3s-io/k3s/releases/download/v1.20.0/k3s`,
    `${github}/aws/aws-lambda-runtime-interface-emulator/releases/latest/download/aws-lambda-rie`,
    `${github}/mozilla/sops/releases/download/v3.7.1/sops-v3.7.1.linux`,
    "https://aka.ms/downloadazcopy-v10-linux",
    "https://mirror.openshift.com/pub/openshift-v4/clients/ocp/4.10.0/openshift-client-linux.tar.gz",
  ]) {
    test(`by the table: ${url}`, async () => {
      assert.deepEqual(await found(`RUN curl -LO ${url}`), ["error implicit-arch-download Dockerfile:2"]);
      assert.deepEqual(await found(`ADD ${url} /tool`), ["error implicit-arch-download Dockerfile:2"]);
    });
  }

  test("with a version that a variable holds, and the checksum", async () => {
    assert.deepEqual(
      await found(
        [
          "FROM debian:12",
          "ENV V=v0.19.0",
          `ENV SUM=${"12".repeat(32)}`,
          `ADD ${github}/krallin/tini/releases/download/$V/tini /usr/bin/tini`,
          'RUN echo "$SUM */usr/bin/tini" | sha256sum -c',
        ].join("\n"),
      ),
      ["error implicit-arch-download Dockerfile:4 +3 +5"],
    );
  });

  test("by a second file of the release", async () => {
    const url = `${github}/o/tool/releases/download/v1/tool`;
    assert.deepEqual(await found(`RUN curl -LO ${url}`, { urls: { [`${url}-arm64`]: true } }), [
      "error implicit-arch-download Dockerfile:2",
    ]);
    assert.deepEqual(await found(`RUN curl -LO ${url}`, { urls: { [`${url}-arm64`]: false } }), [
      "note implicit-arch-download Dockerfile:2",
    ]);
    assert.deepEqual(await found(`RUN curl -LO ${url}`), ["note implicit-arch-download Dockerfile:2"]);
  });

  test("a file that follows the platform, and is not there for it", async () => {
    const run = "RUN curl -LO https://example.org/tool-$(uname -m)";
    const urls = { "https://example.org/tool-x86_64": true, "https://example.org/tool-aarch64": false };
    assert.deepEqual(await found(run, { urls }), ["error implicit-arch-download Dockerfile:2"]);
    assert.deepEqual(await found(run, { urls: { "https://example.org/tool-aarch64": false } }), []);
    const compose = `${github}/docker/compose/releases/download/1.29.2/docker-compose-$(uname -s)-$(uname -m)`;
    assert.deepEqual(await found(`RUN curl -L ${compose} -o /usr/bin/docker-compose`), [
      "error implicit-arch-download Dockerfile:2",
    ]);
  });

  test("a cross compiler that runs on another machine", async () => {
    const build = (url: string) => found(`FROM --platform=$BUILDPLATFORM debian:12\nRUN wget ${url}\nFROM scratch\n`);
    assert.deepEqual(await build("https://musl.cc/aarch64-linux-musl-cross.tgz"), [
      "warning implicit-arch-download Dockerfile:2",
    ]);
    assert.deepEqual(await build("https://example.org/gcc-arm-10.3-x86_64-aarch64-none-linux-gnu.tar.xz"), [
      "warning implicit-arch-download Dockerfile:2",
    ]);
    assert.deepEqual(await build("https://more.musl.cc/aarch64-linux-musl/x86_64-linux-musl-cross.tgz"), []);
  });

  test("a URL in a variable that nothing was seen to get", async () => {
    assert.deepEqual(await found(`ARG URL=${github}/krallin/tini/releases/download/v0.19.0/tini`), [
      "note implicit-arch-download Dockerfile:2",
    ]);
  });
});

describe("downloads that are for all platforms, or say which", () => {
  for (const url of [
    `${github}/krallin/tini/releases/download/v0.19.0/tini-amd64`,
    `${github}/o/tool/archive/refs/tags/v1.tar.gz`,
    `${github}/o/tool/archive/v1.zip`,
    `${github}/o/tool/releases/download/v1/tool.jar`,
    `${github}/o/tool/releases/download/v1/tool_all.deb`,
    `${github}/o/tool/releases/download/v1/tool.noarch.rpm`,
    `${github}/o/tool/releases/download/v1/install.sh`,
    `${github}/o/tool/releases/download/v1/manifest.yaml`,
    `${github}/o/tool/releases/download/v1/SHA256SUMS`,
    `${github}/o/tool/releases/download/v1/tool-1.0.tar.gz`,
    `${github}/o/tool/releases/download/v1/tool.exe`,
    "https://example.org/tool",
    "https://curl.se/ca/cacert.pem",
  ]) {
    test(url, async () => assert.deepEqual(await found(`RUN curl -LO ${url}`), []));
  }

  test("a file that is chosen by the platform", async () => {
    assert.deepEqual(
      await found(
        `RUN case $(uname -m) in x86_64) f=k3s ;; aarch64) f=k3s-arm64 ;; esac; curl -LO ${github}/k3s-io/k3s/releases/download/v1/$f`,
      ),
      [],
    );
  });
});

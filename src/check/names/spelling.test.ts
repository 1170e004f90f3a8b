import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { namesIn } from "../../platform/architecture-words.ts";
import { parsePlatformList } from "../../platform/platform.ts";
import { spellingFor } from "./spelling.ts";

/** A text with its first name replaced by the platform's. */
function respell(text: string, platform = "linux/arm64"): string | undefined {
  const [name] = namesIn(text);
  const [wanted] = parsePlatformList(platform);
  if (name === undefined || wanted === undefined) return undefined;
  const spelling = spellingFor(name, wanted, text);
  return spelling === undefined ? undefined : text.slice(0, name.start) + spelling + text.slice(name.end);
}

describe("spelling of an architecture as a project writes it", () => {
  for (const [from, to, platform] of [
    ["tool-linux-amd64.tar.gz", "tool-linux-arm64.tar.gz"],
    ["tool-linux-amd64.tar.gz", "tool-linux-armv7.tar.gz", "linux/arm/v7"],
    ["tool_1_amd64.deb", "tool_1_armhf.deb", "linux/arm/v7"],
    ["tool_1_amd64.deb", "tool_1_ppc64el.deb", "linux/ppc64le"],
    ["tool-linux-amd64", "tool-linux-ppc64le", "linux/ppc64le"],
    ["tool-x86_64.tar.gz", "tool-aarch64.tar.gz"],
    ["tool_Linux_x86_64.tar.gz", "tool_Linux_arm64.tar.gz"],
    ["tool-Linux-x86_64.sh", "tool-Linux-aarch64.sh"],
    ["node-v18.0.0-linux-x64.tar.xz", "node-v18.0.0-linux-arm64.tar.xz"],
    ["tool-x86_64-unknown-linux-gnu.tar.gz", "tool-aarch64-unknown-linux-gnu.tar.gz"],
    ["tool-x86_64-unknown-linux-gnu.tar.gz", "tool-armv7-unknown-linux-gnu.tar.gz", "linux/arm/v7"],
    ["protoc-25.1-linux-x86_64.zip", "protoc-25.1-linux-aarch_64.zip"],
    ["netty-tcnative-2.0-linux-x86_64.jar", "netty-tcnative-2.0-linux-aarch_64.jar"],
    ["trivy_0.50.0_Linux-64bit.tar.gz", "trivy_0.50.0_Linux-ARM64.tar.gz"],
    ["jqlang/jq/releases/download/jq-1.7/jq-linux64", "jqlang/jq/releases/download/jq-1.7/jq-linux-arm64"],
    ["geckodriver-v0.33.0-linux64.tar.gz", "geckodriver-v0.33.0-linux-aarch64.tar.gz"],
    ["tool-AMD64.zip", "tool-ARM64.zip"],
    ["conda/linux-64/repodata.json", "conda/linux-aarch64/repodata.json"],
    ["ld-linux-x86-64.so.2", "ld-linux-aarch64.so.2"],
    ["tool-linux-arm64.tar.gz", "tool-linux-amd64.tar.gz", "linux/amd64"],
    ["tool_Linux_arm64.tar.gz", "tool_Linux_x86_64.tar.gz", "linux/amd64"],
    ["tool-aarch64.tar.gz", "tool-x86_64.tar.gz", "linux/amd64"],
  ] as const) {
    it(`${from} is ${to}`, () => assert.equal(respell(from, platform), to));
  }

  it("does not guess where nothing says how", () => {
    assert.equal(respell("chromedriver_linux64.zip"), undefined);
    assert.equal(respell("tool_linux64.zip"), undefined);
  });
});

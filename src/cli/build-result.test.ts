import assert from "node:assert/strict";
import { test } from "node:test";
import type { BuildReport, PlatformReport } from "../build/report.ts";
import type { Digest } from "../oci/descriptor.ts";
import { makeStyle } from "../report/style.ts";
import { formatBuild } from "./build-result.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const digest: Digest = `sha256:${"a".repeat(64)}`;
const id: Digest = `sha256:${"b".repeat(64)}`;

function built(platform: PlatformReport["platform"]): PlatformReport {
  return {
    platform,
    digest,
    strategy: "native",
    reason: "native",
    node: "local",
    engine: "buildah 1.44",
    seconds: { total: 1, native: 1, cross: 0, emulated: 0 },
    cachedSteps: 0,
    verdict: "pass",
    findings: [],
    resumed: false,
  };
}

/** The lines below the table. */
function told(platforms: readonly PlatformReport["platform"][], index: Partial<BuildReport["index"]>): string {
  const whole = { digest, mediaType: "m", size: 1, references: [], pushed: false, ...index };
  const report: BuildReport = { version: 1, index: whole, platforms: platforms.map(built), missing: [] };
  const lines = formatBuild(report, makeStyle(false), 200);
  return lines.slice(lines.indexOf("") + 1).join("\n");
}

test("an image without a name tells the store and its ID", () => {
  const loaded = { platform: amd64, store: "podman" } as const;
  assert.equal(
    told([amd64], { references: [`podman:${id}`], loaded }),
    `loaded into podman as ${id}\n          ${digest}`,
  );
});

test("an image that is loaded tells its names, and that the other platforms are not there", () => {
  const text = told([amd64, arm64], {
    references: ["docker:docker.io/library/a:1"],
    loaded: { platform: amd64, store: "docker" },
  });
  assert.match(text, /^loaded into docker as docker\.io\/library\/a:1\n/);
  assert.match(
    text,
    /\nonly linux\/amd64: docker takes one platform; --push or --output type=oci,dest=FILE keeps all 2\.$/,
  );
});

test("a Docker archive of one of several platforms says so", () => {
  const text = told([amd64, arm64], { references: ["docker-archive:a.tar"], loaded: { platform: arm64 } });
  assert.match(text, /^written docker-archive:a\.tar\n[^]*\nonly linux\/arm64: a Docker archive takes one platform/);
});

test("what is published has every platform", () => {
  assert.equal(
    told([amd64, arm64], { references: ["r.test/a:1"], pushed: true }),
    `published r.test/a:1\n          ${digest}`,
  );
});

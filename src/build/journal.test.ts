import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../error/error.ts";
import type { Digest } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import { GateRefusal } from "../publish/gate.ts";
import type { ImageProof } from "../verify/gate.ts";
import { keepJournal } from "./journal.ts";
import type { PlannedPlatform } from "./plan.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };
const digest: Digest = `sha256:${"a".repeat(64)}`;

/** What a report needs of a placement; the engine is never asked. */
function placement(platform: PlannedPlatform["platform"]): PlannedPlatform {
  const engine = { name: "buildkit", endpoint: "unix:///b.sock" } as PlannedPlatform["node"]["engine"];
  const info = { name: "buildkit", version: "1.0", platforms: [amd64] } as unknown as PlannedPlatform["node"]["info"];
  const node: PlannedPlatform["node"] = { engine, info, native: amd64 } as PlannedPlatform["node"];
  return { platform, node, strategy: "cross", reason: "tools are native", stages: [] } as unknown as PlannedPlatform;
}

const plan = { placements: [amd64, arm64, armv7].map(placement), missing: [] };
const broken = new ArchwayError({ code: "STEP_FAILED", kind: "failed", message: "linux/arm/v7: exit code 1" });

describe("the journal of a build that fails", () => {
  test("tells what was built and proven, with times, and what was not", () => {
    const journal = keepJournal(plan, []);
    const step = { type: "step", id: "1", name: "RUN make", runsOn: arm64, cached: false } as const;
    journal.event({ type: "built", platform: amd64, digest, at: 1 });
    journal.event({ type: "proven", platform: amd64, verdict: "pass", at: 1 });
    journal.event({ type: "engine", platform: arm64, event: { ...step, state: "started", at: 1000 } });
    journal.event({ type: "engine", platform: arm64, event: { ...step, state: "done", at: 3000 } });
    journal.event({ type: "built", platform: arm64, digest, at: 3000 });
    journal.event({ type: "failed", platform: armv7, message: "exit code 1", at: 2 });
    const report = journal.failed(broken);
    assert.deepEqual(
      report.platforms.map((one) => [formatPlatform(one.platform), one.digest, one.verdict, one.strategy]),
      [
        ["linux/amd64", digest, "pass", "cross"],
        ["linux/arm64", digest, "undecided", "emulated"],
      ],
    );
    assert.equal(report.platforms[1]?.seconds.emulated, 2);
    assert.deepEqual(report.failure, {
      code: "STEP_FAILED",
      message: "linux/arm/v7: exit code 1",
      unbuilt: [{ platform: armv7, reason: "exit code 1" }],
    });
    assert.equal(report.index, undefined);
  });

  test("takes verdicts and findings from the gate's refusal, and excuses what may be missing", () => {
    const journal = keepJournal(plan, [armv7]);
    for (const platform of [amd64, arm64]) {
      journal.event({ type: "resumed", platform, digest, at: 1 });
      journal.event({ type: "proven", platform, verdict: "pass", at: 1 });
    }
    journal.event({ type: "failed", platform: armv7, message: "exit code 1", at: 2 });
    const finding = {
      rule: "wrong-architecture",
      severity: "error",
      message: "It is amd64 code.",
      platforms: [arm64],
      path: "/bin/app",
      related: [],
    } as const;
    const shared = { digest, coverage: {} as ImageProof["coverage"], layers: [], code: [], allowed: [] };
    const report = journal.failed(
      new GateRefusal([
        { ...shared, platform: amd64, verdict: "pass", findings: [] },
        { ...shared, platform: arm64, verdict: "fail", findings: [finding] },
      ]),
    );
    assert.deepEqual(
      report.platforms.map(({ verdict, findings, resumed }) => [verdict, findings.length, resumed]),
      [
        ["pass", 0, true],
        ["fail", 1, true],
      ],
    );
    assert.equal(report.failure?.code, "GATE_REFUSED");
    assert.deepEqual(report.failure.unbuilt, []);
    assert.deepEqual(report.missing, [{ platform: armv7, reason: "exit code 1" }]);
  });

  test("says that files need no proof", () => {
    const journal = keepJournal(plan, []);
    journal.event({ type: "built", platform: amd64, at: 1 });
    const report = journal.failed(broken);
    assert.equal(report.platforms[0]?.verdict, "skipped");
    assert.equal(report.failure?.unbuilt.length, 2);
  });
});

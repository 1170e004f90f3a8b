import assert from "node:assert/strict";
import { test } from "node:test";
import type { Finding } from "../finding/finding.ts";
import { TestStore } from "../image/test-store.ts";
import { parsePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import type { ImageProof } from "../verify/gate.ts";
import { GateRefusal, requireProofs } from "./gate.ts";
import type { GatedChild } from "./gate.ts";
import { publish } from "./publish.ts";

const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");
const coverage = { layers: 1, cachedLayers: 0, unreadLayers: 0, bytes: 1, files: 1, elf: 1 };

function child(platform: Platform, proof?: Partial<ImageProof>, store = new TestStore("store")): GatedChild {
  const descriptor = { ...store.addImage(platform), platform };
  const { digest } = descriptor;
  return {
    child: { descriptor, attestations: [] },
    platform,
    store,
    ...(proof && {
      proof: { platform, digest, verdict: "pass", findings: [], coverage, layers: [], code: [], allowed: [], ...proof },
    }),
  };
}

function wrong(platform: Platform): Finding {
  return {
    rule: "wrong-architecture",
    severity: "error",
    message: "/app is x86-64.",
    platforms: [platform],
    path: "/app",
    related: [],
  };
}

function refusal(children: readonly GatedChild[]): GateRefusal {
  try {
    requireProofs(children);
  } catch (error) {
    assert.ok(error instanceof GateRefusal);
    return error;
  }
  return assert.fail("nothing was refused");
}

test("proven and waived children pass", () => {
  requireProofs([child(amd64, {}), child(arm64)]);
  requireProofs([]);
});

test("one failure refuses all, and says which platform", () => {
  const error = refusal([child(amd64, {}), child(arm64, { verdict: "fail", findings: [wrong(arm64)] })]);
  assert.equal(error.code, "GATE_REFUSED");
  assert.equal(error.kind, "failed");
  assert.equal(error.message, "The architecture gate refuses linux/arm64: no tag was moved.");
  assert.deepEqual(
    error.proofs.map(({ verdict }) => verdict),
    ["pass", "fail"],
  );
});

test("missing evidence is not a failure of the image, and beats no failure", () => {
  const undecided = child(amd64, { verdict: "undecided" });
  const alone = refusal([undecided]);
  assert.equal(alone.code, "GATE_UNDECIDED");
  assert.equal(alone.kind, "unreachable");
  assert.match(alone.message, /could not decide about linux\/amd64/);
  assert.equal(refusal([undecided, child(arm64, { verdict: "fail" })]).code, "GATE_REFUSED");
});

test("a wrong file tells which platform has the same bytes", () => {
  const file = { path: "/app", fingerprint: "f" };
  const error = refusal([
    child(amd64, { code: [{ ...file, native: true }] }),
    child(arm64, { verdict: "fail", findings: [wrong(arm64)], code: [{ ...file, native: false }] }),
  ]);
  const [finding, second] = error.proofs[1]?.findings ?? [];
  assert.match(finding?.message ?? "", /^\/app is x86-64\. \/app holds the same bytes as \/app of linux\/amd64/);
  assert.equal(second, undefined, "one wrong file is one finding");
});

test("nothing is put anywhere before the gate has passed", async () => {
  const log: string[] = [];
  const target = new TestStore("target", log);
  const children = [child(amd64, { verdict: "fail" }, target)];
  const publication = { children, targets: [{ store: target, tags: ["1.0"] }] };
  await assert.rejects(
    publish(publication, () => undefined, new AbortController().signal),
    GateRefusal,
  );
  assert.deepEqual(log, []);
});

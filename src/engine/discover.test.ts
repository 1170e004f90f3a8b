import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ArchwayError } from "../error/error.ts";
import { parsePlatform } from "../platform/platform.ts";
import { chooseEngine, engineOfEndpoint, localCandidates, noEngine, pickEngine, type Answer } from "./discover.ts";
import type { Engine, EngineName } from "./engine.ts";

const engineNamed = (name: EngineName, endpoint: string): Engine => ({
  name,
  endpoint,
  probe: () => Promise.reject(new Error("not asked here")),
  build: () => Promise.reject(new Error("not asked here")),
});

const good = (name: EngineName, reason: string): Answer => ({
  engine: engineNamed(name, "here"),
  reason,
  info: {
    name,
    version: "1",
    endpoint: "here",
    platforms: [parsePlatform("linux/amd64")],
    pushesByDigest: true,
    attests: true,
    setsEmulatedCpu: true,
    faults: [],
  },
});

const bad = (name: EngineName, reason: string, message: string): Answer => ({
  engine: engineNamed(name, "here"),
  reason,
  error: new ArchwayError({ code: "ENGINE_UNREACHABLE", kind: "unreachable", message }),
});

describe("the choice of an engine", () => {
  it("takes the first that answers and tells who was passed over", () => {
    const chosen = pickEngine("auto", [
      bad("buildx", "Docker is installed", "docker buildx cannot be used: it has gone.\nMore."),
      good("buildah", "it is installed"),
    ]);
    assert.deepEqual(
      [chosen?.engine.name, chosen?.reason],
      ["buildah", "it is installed; docker buildx cannot be used: it has gone"],
    );
  });

  it("names the wish when an engine was asked for", () => {
    assert.equal(pickEngine("buildah", [good("buildah", "it is installed")])?.reason, "--engine buildah");
  });

  it("never passes over the BuildKit that BUILDKIT_HOST names", () => {
    const answers = [bad("buildkit", "BUILDKIT_HOST names it", "gone"), good("buildah", "it is installed")];
    assert.throws(() => pickEngine("auto", answers), { code: "ENGINE_UNREACHABLE", message: "gone" });
  });

  it("says what to install when there is nothing", async () => {
    await assert.rejects(chooseEngine("auto", { PATH: "/nowhere" }, new AbortController().signal), {
      code: "NO_ENGINE",
      kind: "unreachable",
      hint: /^(?:Install|For Buildah and emulators: )/,
    });
  });

  it("says which engines answer when another one was asked for", () => {
    const other = good("buildah", "it is installed");
    assert.ok("info" in other);
    const error = noEngine("buildkit", [], [other.info]);
    assert.equal(error.message, "No buildkit answers on this machine.");
    assert.equal(error.hint, "Here buildah answers: give --engine buildah, or leave --engine out.");
    assert.match(noEngine("buildkit", [], []).hint ?? "", /Buildah|Docker/, "what to install");
  });

  it("is over when it is cancelled", async () => {
    const env = { PATH: "/nowhere", BUILDKIT_HOST: "unix:///nothing" };
    await assert.rejects(chooseEngine("auto", env, AbortSignal.abort()), { name: "AbortError" });
  });
});

describe("an endpoint", () => {
  const cases = [
    ["tcp://arm:1234", "buildkit"],
    ["unix:///run/buildkit/buildkitd.sock", "buildkit"],
    ["local", "buildah"],
    ["podman", "buildah"],
    ["my-builder", "buildx"],
  ] as const;
  for (const [endpoint, name] of cases) {
    it(`${endpoint} is ${name}'s`, () => assert.equal(engineOfEndpoint(endpoint), name));
  }

  it("in BUILDKIT_HOST comes before everything else", () => {
    const [first] = localCandidates({ PATH: "/usr/bin:/bin", BUILDKIT_HOST: "tcp://arm:1234" });
    assert.deepEqual([first?.engine.name, first?.engine.endpoint], ["buildkit", "tcp://arm:1234"]);
  });
});

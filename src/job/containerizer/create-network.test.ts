import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { engineWith } from "./test-engine.ts";

const signal = new AbortController().signal;
const labels = { run: "r", owner: "me-1-1" };

/** Docker as it tells what it is. */
const docker = (ApiVersion: string) => ({ Version: "29.0.0", ApiVersion, Arch: "amd64", Components: [] });

/** What comes of a network, and the ranges that were asked for, on an engine that refuses those that `refuses` has words for. */
async function make(version: object | undefined, refuses: (range: string) => string | undefined) {
  const ranges: string[] = [];
  const faulty = (asked: string, _: Set<string>, body: string) => {
    if (asked !== "POST /networks/create") return undefined;
    const { IPAM } = JSON.parse(body) as {
      readonly IPAM?: { readonly Config: readonly { readonly Subnet: string }[] };
    };
    const range = IPAM?.Config[0]?.Subnet ?? "any";
    ranges.push(range);
    const message = refuses(range);
    return message === undefined ? undefined : { status: 400, message };
  };
  await using place = await engineWith(faulty, version);
  const outcome = await place.engine.createNetwork("n", labels, signal).catch((error: unknown) => error);
  return { outcome, ranges };
}

describe("a network of a job", () => {
  test("is a small part of the engine's own addresses, where the engine can cut them", async () => {
    for (const version of ["1.52", "1.60", "2.0"])
      assert.deepEqual(await make(docker(version), () => undefined), { outcome: "id-of-n", ranges: ["0.0.0.0/26"] });
    // Before, that would have been a range by itself.
    for (const version of [docker("1.51"), docker(""), undefined])
      assert.deepEqual(await make(version, () => undefined), { outcome: "id-of-n", ranges: ["any"] });
  });

  test("is as the engine likes where it cannot be small", async () => {
    const made = await make(docker("1.52"), (range) => (range === "any" ? undefined : "invalid address pool"));
    assert.deepEqual(made, { outcome: "id-of-n", ranges: ["0.0.0.0/26", "any"] });
  });

  test("that the engine has no addresses for is an error of its own, with what to do", async () => {
    const words = [
      "all predefined address pools have been fully subnetted",
      "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network",
      'failed to parse pool request for address space "LocalDefault" pool "" subpool "": could not find an available predefined network',
      "could not find free subnet from subnet pools",
    ];
    for (const said of words)
      for (const version of [docker("1.52"), undefined]) {
        const { outcome } = await make(version, () => said);
        assert.ok(outcome instanceof ArchwayError, said);
        const { code, kind, message, hint = "" } = outcome;
        assert.equal(`${code} ${kind}`, "NETWORKS_FULL unreachable");
        assert.ok(message.includes(said));
        const what =
          version === undefined
            ? /podman network prune.*default_subnet_pools/
            : /docker network prune.*default-address-pools/;
        assert.match(hint, what);
      }
    const { outcome } = await make(undefined, () => "plugin not found");
    assert.ok(outcome instanceof ArchwayError && outcome.code === "ENGINE_REFUSED");
  });
});

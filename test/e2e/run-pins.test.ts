/** A tag that moves in the middle of `archway run`: all jobs still have the image that was there when the run began. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { run } from "../bed/command.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, startArchway, workplace } from "./archway.ts";
import { eventsOf, outputOf } from "./run-record.ts";

const needs = ["registry", "docker", "bases"] as const;

describe("images of a run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  before(async () => {
    bed = await startBed({ need: needs });
  });
  after(() => bed.stop());

  test("are the same for all of its jobs, however their tag moves meanwhile", async () => {
    const { host } = await bed.registry();
    const { endpoint, env } = await bed.docker();
    const [old, young] = [await bed.base("busybox"), await bed.base("alpine")];
    const image = `${host}/moving/app:1`;
    await using place = await workplace(bed, {
      files: {
        ".archway.yaml": `version: 1
platforms: [linux/amd64]
jobs:
  first: { image: "${image}", steps: ["echo waiting; until test -e /go; do sleep 0.1; done"] }
  second: { needs: first, image: "${image}", steps: ["test ! -e /etc/alpine-release"] }
  proof: { needs: first, verify: { images: "${image}" } }
  release: { needs: proof, promote: { from: "${image}", to: "${host}/moving/app:latest" } }
`,
      },
    });
    const move = async (from: string) => {
      const moved = await archway(["image", "copy", from, image], { cwd: place.dir, env: place.env });
      assert.equal(moved.code, 0, moved.stderr);
    };
    const digestOf = async (name: string) => {
      const headers = { accept: "application/vnd.oci.image.index.v1+json" };
      const answer = await fetch(`http://${host}/v2/moving/app/manifests/${name}`, { method: "HEAD", headers });
      return answer.headers.get("docker-content-digest");
    };
    await move(old.reference);
    const before = await digestOf("1");
    const started = startArchway(["run", "--publish", "--host", endpoint], { cwd: place.dir, env: place.env });
    await started.shows("│ waiting\n");
    await move(young.reference);
    assert.notEqual(await digestOf("1"), before);
    const container = await run("docker", ["ps", "--quiet"], { env });
    await run("docker", ["exec", container, "touch", "/go"], { env });
    const { code, stderr } = await started.ended;
    assert.equal(code, 0, stderr);
    const events = await eventsOf(place);
    const pulled = events.flatMap((event) => (event.type === "pulled" ? [event.digest] : []));
    assert.equal(pulled.length, 2);
    assert.equal(pulled[0], pulled[1]);
    assert.match(outputOf(events, "proof", "verify"), new RegExp(`${before}`));
    assert.equal(await digestOf("latest"), before);
  });
});

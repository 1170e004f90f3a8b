import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import { archway, workplace } from "./archway.ts";
import { explainText } from "../../src/explain/explain.ts";

const needs = ["registry", "buildkit", "buildah", "bases"] as const;

/** The beginning of a program for LoongArch (e_machine 258), for which nobody registers an emulator here. */
function foreignProgram(): Buffer {
  const header = Buffer.alloc(64);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeUInt16LE(2, 16);
  header.writeUInt16LE(258, 18);
  return header;
}

describe("a build that fails explains itself", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let mirror = "";
  before(async () => {
    bed = await startBed({ need: needs });
    mirror = (await bed.registry()).host;
    await bed.base("alpine");
  });
  after(() => bed.stop());

  const build = async (dockerfile: string, node: string) => {
    await using at = await workplace(bed, { mirror, files: { Dockerfile: dockerfile } });
    await writeFile(join(at.dir, "tool"), foreignProgram(), { mode: 0o755 });
    const ended = await archway(
      [
        "build",
        ".",
        "--platform",
        "linux/amd64",
        "--format",
        "json",
        "--progress",
        "plain",
        "--output",
        "type=oci,dest=out.tar",
        "--node",
        `linux/amd64=${node}`,
      ],
      { cwd: at.dir, env: at.env },
    );
    return ended;
  };

  const foreign = 'FROM alpine:3.6\nRUN true\nCOPY tool /usr/bin/tool\nRUN ["/usr/bin/tool"]\n';

  test("with BuildKit: the step and its platform, on standard error and in the JSON", async () => {
    const { endpoint } = await bed.buildkit("a");
    const { code, stdout, stderr } = await build(foreign, endpoint);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /E01 A program of another architecture cannot be run \(linux\/amd64\)/);
    assert.match(stderr, /RUN \["\/usr\/bin\/tool"\]/);
    const { failure } = JSON.parse(stdout);
    assert.deepEqual(
      failure.known.map((error: { code: string; platforms: string[] }) => [error.code, error.platforms]),
      [["E01", ["linux/amd64"]]],
    );
  });

  test("with Buildah", async () => {
    const { code, stderr } = await build(foreign, "buildah");
    assert.equal(code, 1, stderr);
    assert.match(stderr, /E01 A program of another architecture cannot be run \(linux\/amd64\)/);
  });

  test("a step that fails for another reason is not explained", async () => {
    const { endpoint } = await bed.buildkit("a");
    const { code, stdout, stderr } = await build("FROM alpine:3.6\nRUN echo exec format error; exit 3\n", endpoint);
    assert.equal(code, 1, stderr);
    assert.doesNotMatch(stderr, /^E\d\d /m);
    assert.deepEqual(JSON.parse(stdout).failure.known, []);
  });

  test("nothing is found in the logs of a build that succeeds", async () => {
    const { endpoint } = await bed.buildkit("a");
    const { code, stderr } = await build("FROM alpine:3.6\nRUN uname -m && ls -l / && cat /etc/os-release\n", endpoint);
    assert.equal(code, 0, stderr);
    assert.deepEqual(explainText(stderr).errors, []);
  });
});

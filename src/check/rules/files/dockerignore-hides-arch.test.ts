import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { brief, findingsIn } from "../../test-check.ts";

async function found(files: Readonly<Record<string, string>>): Promise<string[]> {
  const own = (await findingsIn(files)).filter(({ rule }) => rule === "dockerignore-hides-arch");
  return brief(own).map((text, index) => `${own[index]?.severity ?? ""} ${text}`);
}

const byPlatform = "FROM debian\nARG TARGETARCH\nCOPY dist/${TARGETARCH}/tool /tool\n";
const fixed = "FROM debian\nCOPY dist/amd64/tool /tool\nCOPY dist/amd64/more /more\n";

describe("ignore files that hide an architecture", () => {
  test("a list of what is allowed", async () => {
    const ignore = "*\n!conf\n!dist/amd64/tool\n!dist/amd64/more\n";
    assert.deepEqual(await found({ Dockerfile: byPlatform, ".dockerignore": ignore }), [
      "error dockerignore-hides-arch .dockerignore:1 +3 +Dockerfile:3",
    ]);
    // The name is fixed in the Dockerfile too: both have to change.
    assert.deepEqual(await found({ Dockerfile: fixed, ".dockerignore": ignore }), [
      "error dockerignore-hides-arch .dockerignore:1 +3 +Dockerfile:2 +4 +Dockerfile:3",
    ]);
  });

  test("a pattern that hides one", async () => {
    assert.deepEqual(await found({ Dockerfile: byPlatform, ".dockerignore": "node_modules\ndist/arm*\n" }), [
      "error dockerignore-hides-arch .dockerignore:2 +Dockerfile:3",
    ]);
  });

  test("the ignore file beside the Dockerfile", async () => {
    assert.deepEqual(
      await found({ Dockerfile: byPlatform, ".dockerignore": "*\n", "Dockerfile.dockerignore": "*\n!dist/amd64\n" }),
      ["error dockerignore-hides-arch Dockerfile.dockerignore:1 +2 +Dockerfile:3"],
    );
  });

  test("all are let through, or none is known to be needed", async () => {
    for (const ignore of [
      "*\n!dist\n",
      "*\n!dist/**\n",
      "*\n!dist/*/tool\n!dist/*/more\n",
      "*\n!dist/amd64\n!dist/arm64\n",
      "node_modules\n",
      "*.md\n",
    ]) {
      assert.deepEqual(await found({ Dockerfile: byPlatform, ".dockerignore": ignore }), [], ignore);
      assert.deepEqual(await found({ Dockerfile: fixed, ".dockerignore": ignore }), [], ignore);
    }
    assert.deepEqual(await found({ Dockerfile: "FROM debian\nCOPY a /a\n", ".dockerignore": "*\n!a-amd64\n" }), []);
  });

  test("a folder of which a part is let through is not hidden", async () => {
    const dockerfile = "FROM debian\nARG TARGETARCH\nCOPY dist/${TARGETARCH} /opt\n";
    assert.deepEqual(
      await found({ Dockerfile: dockerfile, ".dockerignore": "*\n!dist/amd64/tool\n!dist/arm64/tool\n" }),
      [],
    );
    assert.deepEqual(await found({ Dockerfile: dockerfile, ".dockerignore": "*\n!dist/amd64/tool\n" }), [
      "error dockerignore-hides-arch .dockerignore:1 +Dockerfile:3",
    ]);
  });

  test("the outputs of a release tool are a note", async () => {
    const files = {
      Dockerfile: "FROM debian\nCOPY tool_for_docker /bin/tool\n",
      ".promu.yml":
        "build:\n  binaries:\n    - name: tool\n      path: ./cmd/tool\ncrossbuild:\n  platforms:\n    - linux/amd64\n",
    };
    assert.deepEqual(await found({ ...files, ".dockerignore": "a\n/.build\n" }), [
      "note dockerignore-hides-arch .dockerignore:2 +Dockerfile:2",
    ]);
    assert.deepEqual(await found({ ...files, ".dockerignore": "a\n/.build\n!.build/linux-*\n" }), []);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { openContext, pathInContext, sourceFiles, sourceMatcher } from "./build-context.ts";
import { memoryRepository } from "./memory-repository.ts";

const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

describe("build contexts", () => {
  test("the ignore file beside the Dockerfile goes first", () => {
    const repository = memoryRepository({
      ".dockerignore": "a\n",
      "Dockerfile.dockerignore": "b\n",
      "sub/.dockerignore": "c\n",
    });
    assert.equal(openContext(repository, "Dockerfile", "").ignoreFile, "Dockerfile.dockerignore");
    assert.equal(openContext(repository, "other/Dockerfile", "").ignoreFile, ".dockerignore");
    assert.equal(openContext(repository, "other/Dockerfile", "sub").ignoreFile, "sub/.dockerignore");
    assert.equal(openContext(repository, "Dockerfile", "other").ignoreFile, "Dockerfile.dockerignore");
    assert.equal(openContext(memoryRepository({}), "Dockerfile", "").ignoreFile, undefined);
  });

  test("the last pattern that matches decides", () => {
    const context = openContext(
      memoryRepository({ ".dockerignore": "# what is sent\n*\n!dist\ndist/arm64\n!dist/arm64/keep\n" }),
      "Dockerfile",
      "",
    );
    const cases: readonly (readonly [string, boolean, number | undefined])[] = [
      ["README", true, 2],
      ["dist/amd64/app", false, 3],
      ["dist/arm64/app", true, 4],
      ["dist/arm64/keep", false, 5],
    ];
    for (const [path, hidden, line] of cases) {
      assert.equal(context.hides(path), hidden, path);
      assert.equal(context.decidedBy(path)?.line, line, path);
    }
    assert.equal(context.hides(""), false);
  });

  test("a wrong pattern hides nothing", () => {
    const context = openContext(memoryRepository({ ".dockerignore": "*\n[\n" }), "Dockerfile", "");
    assert.equal(context.hides("a"), false);
    assert.equal(context.ignoreFile, undefined);
  });

  test("what a source means", () => {
    const repository = memoryRepository({
      "ctx/.dockerignore": "bin/secret\n",
      "ctx/bin/a-amd64": "",
      "ctx/bin/a-arm64": "",
      "ctx/bin/secret": "",
      "ctx/bin/deep/x": "",
      "ctx/top": "",
      outside: "",
    });
    const context = openContext(repository, "ctx/Dockerfile", "ctx");
    const means = (source: string) => paths(sourceFiles(repository, context, source));
    assert.deepEqual(means("bin/a-amd64"), ["bin/a-amd64"]);
    assert.deepEqual(means("/bin/"), ["bin/a-amd64", "bin/a-arm64", "bin/deep/x"]);
    assert.deepEqual(means("bin/a-*"), ["bin/a-amd64", "bin/a-arm64"]);
    assert.deepEqual(means("b?n/[cd]eep"), ["bin/deep/x"]);
    assert.deepEqual(means("../outside"), []);
    assert.deepEqual(means("../top"), ["top"]);
    assert.deepEqual(means("bin/secret"), []);
    assert.equal(means(".").length, 5);
    assert.deepEqual(means("none"), []);
    assert.deepEqual(means("bin/a"), []);
  });

  test("a link to a file stands for it", () => {
    const repository = memoryRepository({ "real/tool": "x" }, [{ path: "tool", target: "real/tool" }, { path: "out" }]);
    const context = openContext(repository, "Dockerfile", "");
    assert.deepEqual(
      sourceFiles(repository, context, "tool").map(({ file, path }) => [file.path, path]),
      [["real/tool", "tool"]],
    );
    assert.deepEqual(sourceFiles(repository, context, "out"), []);
  });

  test("sources with many stars end quickly", () => {
    const matches = sourceMatcher(`${"*a".repeat(200)}b`);
    assert.equal(matches("a".repeat(5000)), false);
  });

  test("any source and ignore file", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (source, ignore, path) => {
        const repository = memoryRepository({ ".dockerignore": ignore, "a/b": "", c: "" });
        const context = openContext(repository, "Dockerfile", "");
        const found = sourceFiles(repository, context, source);
        assert.ok(found.every((file) => !context.hides(file.path)));
        context.decidedBy(path);
        assert.ok(!pathInContext(source).startsWith("/"));
      }),
    );
  });
});

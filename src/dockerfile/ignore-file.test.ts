import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { createIgnore, ignoreFilesOf } from "./ignore-file.ts";

/** Lines of an ignore file, paths that it leaves out, paths that it keeps. */
const cases: readonly (readonly [lines: string, ignored: string, kept: string])[] = [
  ["node_modules", "node_modules node_modules/a/b.js", "a/node_modules node_modules2"],
  ["/dist/", "dist dist/app", "a/dist"],
  ["./a/../b", "b b/c", "a"],
  ["  #no-comment", "#no-comment", ""],
  ["*.md", "README.md", "docs/README.md x.mdx"],
  ["*/*.md", "docs/README.md", "README.md a/b/c.md"],
  ["**/*.md", "README.md a/b/c.md", "README.mdx"],
  ["**/.git", ".git a/.git a/b/.git/HEAD", "x.git .gitignore"],
  ["**/a/**/b", "a/b a/x/b x/a/y/z/b", "ab a/bc"],
  ["a/**", "a/b a/b/c", "a ab"],
  ["a**", "a ab a/b ab/c", "ba"],
  ["**a", "a ba x/ba", "ab"],
  ["**", "a a/b .x", ""],
  ["?.txt", "a.txt", "ab.txt .txt x/a.txt"],
  ["a?b", "axb", "a/b ab"],
  ["*", "a a/b", ""],
  ["[a-c]x", "ax bx cx", "dx x"],
  ["[^a-c]x", "dx", "ax"],
  ["[!a]x", "!x ax", "bx"],
  ["\\*", "*", "a"],
  ["a\\?b", "a?b", "axb"],
  ["a.b+c(d)", "a.b+c(d)", "axb+c(d)"],
  ["*\n!keep", "a keepx", "keep keep/a"],
  ["*\n!dist/amd64/app", "dist/arm64/app dist/amd64/other src", "dist/amd64/app"],
  ["dir\n!dir/keep", "dir/a dir/b/c", "dir/keep dir/keep/x"],
  ["dir\n!**/keep", "dir/a", "dir/keep dir/b/keep"],
  ["!keep\n*", "keep", ""],
  ["*.md\n!README*.md\nREADME-secret.md", "x.md README-secret.md", "README.md README-a.md"],
  ["a/b\n!a", "a/b", "a a/c"],
  ["a\n!a/b\na/b/c", "a/x a/b/c", "a/b a/b/d"],
  ["*\n! src", "a", "src src/a"],
  ["vendor/*\n!vendor/x", "vendor/y", "vendor vendor/x/y"],
  ["é*", "été é", "e"],
];

describe("createIgnore", () => {
  for (const [lines, ignored, kept] of cases) {
    it(`reads ${JSON.stringify(lines)}`, () => {
      const ignore = createIgnore(lines);
      for (const path of ignored.split(" ").filter(Boolean))
        assert.equal(ignore.ignores(path), true, `${path} is kept`);
      for (const path of kept.split(" ").filter(Boolean))
        assert.equal(ignore.ignores(path), false, `${path} is ignored`);
    });
  }

  it("skips comments, blank lines, a byte-order mark and carriage returns", () => {
    const { patterns } = createIgnore("\ufeff# one\r\n\r\n a \r\n#!b\r\n!/c/\r\n");
    assert.deepEqual(
      patterns.map(({ text, exception }) => [text, exception]),
      [
        ["a", false],
        ["c", true],
      ],
    );
  });

  it("says which folders need not be walked", () => {
    const ignore = createIgnore("*\n!src/app\n!lib/**");
    assert.equal(ignore.excludesDirectory("node_modules"), true);
    assert.equal(ignore.excludesDirectory("node_modules/a/b"), true);
    assert.equal(ignore.excludesDirectory("src"), false);
    assert.equal(ignore.excludesDirectory("src/other"), true);
    assert.equal(ignore.excludesDirectory("src/app"), false);
    assert.equal(ignore.excludesDirectory("lib"), false);
    // An exception with a wildcard may match anywhere.
    assert.equal(createIgnore("*\n!**/keep").excludesDirectory("a"), false);
    assert.equal(createIgnore("a").excludesDirectory("a"), true);
    assert.equal(createIgnore("a").excludesDirectory("b"), false);
  });

  for (const [text, line] of [
    ["a\n!", 2],
    ["!/", 1],
    ["x\n[a", 2],
    ["a\\", 1],
  ] as const) {
    it(`refuses ${JSON.stringify(text)} with its line`, () => {
      assert.throws(
        () => createIgnore(text, "x/.dockerignore"),
        (error) =>
          error instanceof ArchwayError &&
          error.code === "IGNORE_FILE_INVALID" &&
          error.place?.file === "x/.dockerignore" &&
          error.place.line === line,
      );
    });
  }

  it("names the Dockerfile's own ignore file first", () => {
    assert.deepEqual(ignoreFilesOf("build/Dockerfile"), ["build/Dockerfile.dockerignore", ".dockerignore"]);
  });
});

const segment = fc.constantFrom("a", "b", "ab", "a.md", "*", "**", "?", "a*", "*.md", "[ab]", "[^a]", "**b", "\\*");
const pattern = fc
  .tuple(fc.boolean(), fc.array(segment, { minLength: 1, maxLength: 4 }))
  .map(([exception, parts]) => (exception ? "!" : "") + parts.join("/"));
const file = fc.array(pattern, { maxLength: 6 });
const path = fc
  .array(fc.constantFrom("a", "b", "ab", "ba", "a.md", "c", "*"), { minLength: 1, maxLength: 5 })
  .map((parts) => parts.join("/"));

describe("createIgnore on anything", () => {
  it("gives the same answers in any order of questions", () => {
    fc.assert(
      fc.property(file, fc.array(path, { maxLength: 20 }), (lines, paths) => {
        const text = lines.join("\n");
        const ignore = createIgnore(text);
        const answers = paths.map((each) => ignore.ignores(each));
        assert.deepEqual(
          paths.toReversed().map((each) => createIgnore(text).ignores(each)),
          answers.toReversed(),
        );
      }),
    );
  });

  it("keeps nothing inside a folder that need not be walked", () => {
    fc.assert(
      fc.property(file, path, path, (lines, folder, inside) => {
        const ignore = createIgnore(lines.join("\n"));
        if (ignore.excludesDirectory(folder)) assert.equal(ignore.ignores(`${folder}/${inside}`), true);
      }),
    );
  });

  it("lets the last line decide", () => {
    fc.assert(
      fc.property(file, path, (lines, each) => {
        const literal = each.replaceAll("*", "\\*");
        assert.equal(createIgnore([...lines, literal].join("\n")).ignores(each), true);
        // An exception for the path itself holds unless its folder is not walked at all, and then nothing in it is sent.
        const kept = createIgnore([...lines, `!${literal}`].join("\n"));
        assert.equal(kept.ignores(each), false);
      }),
    );
  });

  it("accepts or refuses any text", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60, unit: "binary" }), fc.string({ maxLength: 40 }), (text, each) => {
        try {
          createIgnore(text).ignores(each);
        } catch (error) {
          assert.ok(error instanceof ArchwayError && error.code === "IGNORE_FILE_INVALID", String(error));
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("createIgnore at scale", () => {
  it("answers for 50,000 files in a second", () => {
    const lines =
      "node_modules\n**/*.log\n*.md\n!README.md\n**/testdata/**\nbuild/*/out\n.git\n**/.cache\ntmp?\n[Dd]ocs";
    const ignore = createIgnore(`${lines}\n**/*.py[co]\n!src/keep/**`);
    const paths = Array.from({ length: 50_000 }, (_, n) => `src/m${n % 250}/package${n % 1000}/file-${n}.ts`);
    const start = process.cpuUsage();
    assert.equal(paths.filter((each) => ignore.ignores(each)).length, 0);
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.ok(seconds < 1, `${seconds} s`);
  });

  it("takes linear time on patterns made to be slow", () => {
    const ignore = createIgnore(`${"**/a*/".repeat(30)}b\n${"*a".repeat(100)}b`);
    const start = process.cpuUsage();
    ignore.ignores(`${"aa/".repeat(1500)}c`);
    ignore.ignores("a".repeat(4000));
    const seconds = process.cpuUsage(start).user / 1e6;
    assert.ok(seconds < 3, `${seconds} s`);
  });
});

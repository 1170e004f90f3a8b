import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { LayerEntry } from "../layer/facts.ts";
import { FileSystemView } from "./view.ts";

type Line = string;

/** `dir/`, `file`, `link -> target`, `hard => target`; the content of a file is told by `file=text`. */
function entry(line: Line): LayerEntry {
  const common = { mode: 0o755, size: 0 };
  const [link, symlinkTarget] = line.split(" -> ");
  if (symlinkTarget !== undefined) return { ...common, path: link ?? "", type: "symlink", target: symlinkTarget };
  const [hard, hardTarget] = line.split(" => ");
  if (hardTarget !== undefined) return { ...common, path: hard ?? "", type: "hardlink", target: hardTarget };
  if (line.endsWith("/")) return { ...common, path: line.slice(0, -1), type: "directory" };
  const [path = "", head = ""] = line.split("=");
  return { ...common, path, type: "file", head };
}

function view(...layers: readonly (readonly Line[])[]): FileSystemView {
  return new FileSystemView(layers.map((lines) => ({ entries: lines.map(entry) })));
}

/** Files with content and layer, in order. */
function tree(merged: FileSystemView): string[] {
  return [...merged.files()].map(({ path, file }) => `${path}=${file.entry.head}@${file.layer}`).sort();
}

describe("layers over layers", () => {
  test("a later file wins, whatever was there", () => {
    assert.deepEqual(tree(view(["a=1", "d/", "d/x=1"], ["a=2", "d=2"])), ["/a=2@1", "/d=2@1"]);
    assert.deepEqual(tree(view(["a=1"], ["a/", "a/b=2"])), ["/a/b=2@1"]);
    assert.deepEqual(
      tree(view(["d/", "d/x=1"], ["d/", "d/y=2"])),
      ["/d/x=1@0", "/d/y=2@1"],
      "a directory keeps its content",
    );
    assert.deepEqual(tree(view(["d/x=1"], ["d -> e"])), []);
  });

  test("whiteouts hide lower layers and never their own, wherever they stand", () => {
    for (const order of [(lines: Line[]) => lines, (lines: Line[]) => lines.toReversed()]) {
      assert.deepEqual(tree(view(["d/a=1", "d/b=1"], order([".wh.d", "d/c=2"]))), ["/d/c=2@1"]);
      assert.deepEqual(tree(view(["d/a=1", "d/b=1"], order(["d/.wh..wh..opq", "d/c=2"]))), ["/d/c=2@1"]);
      assert.deepEqual(tree(view(["d/a=1", "d/b=1"], order(["d/.wh.a", "d/a=2"]))), ["/d/a=2@1", "/d/b=1@0"]);
    }
    assert.deepEqual(
      tree(view(["d/a=1"], [".wh.d", "d/", "d/c=2"])),
      ["/d/a=1@0", "/d/c=2@1"],
      "a directory that comes after a whiteout takes its place, as in containerd",
    );
    assert.deepEqual(tree(view(["a=1"], [".wh..wh..opq"])), ["/a=1@0"], "the root is never opaque");
    assert.deepEqual(tree(view(["a=1"], [".wh.missing", "x/.wh.y", ".wh.", ".wh..wh.plnk"])), ["/a=1@0"]);
    assert.deepEqual(tree(view(["a=1"], [".wh.a"], ["a=3"])), ["/a=3@2"]);
  });

  test("hard links share the file, also across layers and before their target", () => {
    assert.deepEqual(tree(view(["a=1", "b => a"])), ["/a=1@0", "/b=1@0"]);
    assert.deepEqual(tree(view(["b => a", "c => b", "a=1"])), ["/a=1@0", "/b=1@0", "/c=1@0"]);
    assert.deepEqual(tree(view(["a=1"], ["d/b => a"], [".wh.a"])), ["/d/b=1@0"]);
    const dangling = view(["a => b", "c => c"]);
    assert.deepEqual(dangling.danglingLinks, [
      { path: "/a", target: "/b", layer: 0 },
      { path: "/c", target: "/c", layer: 0 },
    ]);
  });

  test("entries below a symlink of the same layer go where it leads", () => {
    assert.deepEqual(tree(view(["usr/lib/", "lib -> usr/lib", "lib/x=1", "lib/deep/y=1"])), [
      "/usr/lib/deep/y=1@0",
      "/usr/lib/x=1@0",
    ]);
    assert.deepEqual(tree(view(["lib -> nowhere", "lib/x=1"])), ["/nowhere/x=1@0"]);
  });

  test("entries below a symlink of a lower layer make a directory of it, as overlayfs stacks layers", () => {
    assert.deepEqual(tree(view(["usr/lib/x=1", "lib -> usr/lib"], ["lib/y=2"])), ["/lib/y=2@1", "/usr/lib/x=1@0"]);
    assert.equal(view(["usr/lib/x=1", "lib -> usr/lib"], ["lib/y=2"]).resolve("/lib/x").kind, "missing");
    assert.deepEqual(tree(view(["usr/lib/x=1", "lib -> usr/lib"], ["lib/.wh.x"])), ["/usr/lib/x=1@0"]);
    assert.deepEqual(
      tree(view(["usr/lib/x=1", "lib -> usr/lib"], ["lib/", "lib/y=2"])),
      ["/lib/y=2@1", "/usr/lib/x=1@0"],
      "a directory replaces the link",
    );
  });
});

describe("paths", () => {
  const merged = view([
    "usr/bin/dash=sh",
    "usr/bin/sh -> dash",
    "bin -> usr/bin",
    "abs -> /bin/sh",
    "up -> ../../../bin/./sh",
    "loop -> loop2",
    "loop2 -> loop",
    "broken -> usr/nothing",
    "file=1",
    "through -> file/x",
    "here -> .",
  ]);
  const cases: [string, string, string][] = [
    ["/bin/sh", "file", "/usr/bin/dash"],
    ["bin//./sh", "file", "/usr/bin/dash"],
    ["/abs", "file", "/usr/bin/dash"],
    ["/up", "file", "/usr/bin/dash"],
    ["/usr/bin/../bin/sh", "file", "/usr/bin/dash"],
    ["/../../bin/sh", "file", "/usr/bin/dash"],
    ["/here/here/here/bin/sh", "file", "/usr/bin/dash"],
    ["/loop", "loop", "/loop"],
    ["/broken", "missing", "/usr/nothing"],
    ["/through", "not-a-directory", "/file"],
    ["/bin", "directory", "/usr/bin"],
    ["/", "directory", "/"],
    ["/nothing/at/all", "missing", "/nothing"],
  ];
  for (const [path, kind, at] of cases) {
    test(`${path} is ${kind} ${at}`, () => {
      const resolved = merged.resolve(path);
      assert.equal(resolved.kind, kind);
      assert.equal(resolved.path, at);
    });
  }

  test("40 links are followed, 41 are too many", () => {
    const chain = (length: number) => ["0=end", ...Array.from({ length }, (_, index) => `${index + 1} -> ${index}`)];
    assert.equal(view(chain(40)).resolve("/40").kind, "file");
    assert.equal(view(chain(41)).resolve("/41").kind, "loop");
  });
});

test("links to links to links are given up after a while", () => {
  const tangle = Array.from(
    { length: 30 },
    (_, index) => `s${index} -> ${"d/../".repeat(100)}${index === 0 ? "d" : `s${index - 1}`}`,
  );
  const hard = Array.from({ length: 100 }, (_, index) => `h${index} => s29/x`);
  const layers = [{ entries: ["d/", "d/x=1", ...tangle, ...hard].map(entry) }];
  assert.equal([...new FileSystemView(layers).files()].length, 101);
  assert.throws(() => new FileSystemView(layers, 100_000), { code: "LAYER_UNSUPPORTED" });
});

describe("against a naive model", () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join("/"));
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(path, fc.constantFrom("1", "2", "3")).map(([at, content]) => `${at}=${content}`) },
    { weight: 2, arbitrary: path.map((at) => `${at}/`) },
    { weight: 2, arbitrary: path.map((at) => at.replace(/([^/]+)$/, ".wh.$1")) },
    { weight: 1, arbitrary: path.map((at) => `${at}/.wh..wh..opq`) },
  );
  /** One entry a path, as engines write layers; what they make of others, test/e2e/verify-overlay.test.ts compares. */
  const layer = fc.uniqueArray(line, {
    maxLength: 8,
    selector: (text) => entry(text).path.replace(/\.wh\.(?!\.wh)/, ""),
  });

  /** The file system as a flat list of paths: files with content and layer, directories as `undefined`. */
  function model(layers: readonly (readonly Line[])[]): string[] {
    const files = new Map<string, string | undefined>();
    const below = (path: string, directory: string) => path.startsWith(`${directory}/`);
    layers.forEach((lines, index) => {
      for (const { path } of lines.map(entry)) {
        const [directory, last] = path.includes("/")
          ? [path.replace(/\/[^/]*$/, ""), path.replace(/.*\//, "")]
          : ["", path];
        if (!last.startsWith(".wh.")) continue;
        const isOpaque = last === ".wh..wh..opq";
        const hidden = isOpaque ? directory : [directory, last.slice(4)].filter((part) => part !== "").join("/");
        for (const at of files.keys()) if (below(at, hidden) || (!isOpaque && at === hidden)) files.delete(at);
      }
      for (const { path, type, head } of lines.map(entry)) {
        const parts = path.split("/");
        for (let depth = 1; depth < parts.length; depth++) {
          const parent = parts.slice(0, depth).join("/");
          files.set(parent, undefined);
        }
        // The folder of a whiteout is one, whatever it was before.
        if (/(?:^|\/)\.wh\./.test(path)) continue;
        if (type === "file") for (const at of files.keys()) if (below(at, path)) files.delete(at);
        files.set(path, type === "file" ? `${head}@${index}` : undefined);
      }
    });
    return [...files].flatMap(([at, content]) => (content === undefined ? [] : [`/${at}=${content}`])).sort();
  }

  test("random layers of files, directories, whiteouts and opaque directories", () => {
    fc.assert(
      fc.property(fc.array(layer, { maxLength: 4 }), (layers) => {
        assert.deepEqual(tree(view(...layers)), model(layers));
      }),
      { numRuns: 3000 },
    );
  });

  test("random links never escape, throw or hang", () => {
    const link = fc
      .tuple(path, fc.constantFrom("a", "b/c", "../a", "/a/b", "..", "/", "./c", "a/../b"))
      .map(([at, target]) => `${at} -> ${target}`);
    const hard = fc.tuple(path, path).map(([at, target]) => `${at} => ${target}`);
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.oneof(line, link, hard), { maxLength: 10 }), { maxLength: 4 }),
        path,
        (layers, asked) => {
          const merged = view(...layers);
          const resolved = merged.resolve(asked);
          assert.ok(resolved.path.startsWith("/"));
          if (resolved.kind === "file") {
            assert.ok(
              [...merged.files()].some(({ path, file }) => path === resolved.path && file === resolved.file),
              "it is in the tree",
            );
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

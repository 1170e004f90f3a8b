/**
 * The merged file system that `archway verify` judges, against what engines really unpack: hand-made layers in which engines differ, and random
 * ones. We follow containerd with its overlay file system, because Docker, Kubernetes and (by the same kernel) Buildah and Podman run images
 * from it. Where it refuses a layer, nothing runs, and the specification decides.
 *
 * `ARCHWAY_SOAK=N` makes N times as many random images.
 */
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { LayoutStore } from "../../src/store/layout.ts";
import type { MadeEntry } from "../../src/verify/layer/test-image.ts";
import { putImage } from "../../src/verify/layer/test-image.ts";
import { readLayer } from "../../src/verify/layer/read-layer.ts";
import { FileSystemView } from "../../src/verify/view/view.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import { buildah, containerd, umoci } from "./unpackers.ts";
import type { Listing, Unpacker } from "./unpackers.ts";

const skip = await unavailable("docker", "buildah", "skopeo", "umoci");
const soak = Number(process.env["ARCHWAY_SOAK"] ?? 1);
/** Images that the engines unpack: containerd all of them, the slower ones every fourth. */
const images = { any: 30 * soak, regular: 20 * soak };

type Layer = readonly MadeEntry[];

const file = (name: string, size: number): MadeEntry => ({ name, content: "x".repeat(size) });
const directory = (name: string): MadeEntry => ({ name, type: "directory" });
const symlink = (name: string, target: string): MadeEntry => ({ name, type: "symlink", target });
const hardlink = (name: string, target: string): MadeEntry => ({ name, type: "link", target });

/** Layers in which engines differ or which people get wrong, with the answer of containerd's overlay, which is ours. */
const handMade: Readonly<Record<string, readonly [layers: readonly Layer[], expected: Listing | "refused"]>> = {
  "a file under a symlink of a lower layer": [
    [[directory("real"), file("real/a", 1), symlink("link", "real")], [file("link/b", 2)]],
    // umoci, and containerd without overlay, follow the link: /real/b.
    { "/link": "directory", "/link/b": "file 2", "/real": "directory", "/real/a": "file 1" },
  ],
  "a file under a symlink of its own layer": [
    [[directory("real"), symlink("link", "/real"), file("link/b", 2)]],
    { "/link": "link /real", "/real": "directory", "/real/b": "file 2" },
  ],
  "a file under a symlink to nothing": [
    [[symlink("link", "nowhere"), file("link/b", 2)]],
    { "/link": "link nowhere", "/nowhere": "directory", "/nowhere/b": "file 2" },
  ],
  "a whiteout under a symlink of a lower layer": [
    [[directory("real"), file("real/a", 1), symlink("link", "real")], [file("link/.wh.a", 0)]],
    { "/link": "directory", "/real": "directory", "/real/a": "file 1" },
  ],
  "a hard link to a symlink is the symlink": [
    [[file("a", 1), symlink("s", "a"), hardlink("b", "s")]],
    { "/a": "file 1", "/b": "link a", "/s": "link a" },
  ],
  "a hard link to a lower layer": [[[file("a", 1)], [hardlink("b", "a")]], "refused"],
  "a hard link before its target": [[[hardlink("b", "a"), file("a", 1)]], "refused"],
  "a directory over a symlink to one": [
    [
      [directory("real"), file("real/a", 1), symlink("link", "real")],
      [directory("link"), file("link/b", 2)],
    ],
    { "/link": "directory", "/link/b": "file 2", "/real": "directory", "/real/a": "file 1" },
  ],
  "a directory over a file, implied by a path": [
    [[file("a", 1)], [file("a/b", 2)]],
    { "/a": "directory", "/a/b": "file 2" },
  ],
  "a file over a directory": [[[directory("a"), file("a/b", 1)], [file("a", 2)]], { "/a": "file 2" }],
  "an opaque directory, marked last": [
    [
      [directory("a"), file("a/b", 1)],
      [directory("a"), file("a/c", 2), file("a/.wh..wh..opq", 0)],
    ],
    { "/a": "directory", "/a/c": "file 2" },
  ],
  // umoci, and containerd without overlay, empty it.
  "an opaque root": [[[file("a", 1)], [file("b", 2), file(".wh..wh..opq", 0)]], { "/a": "file 1", "/b": "file 2" }],
  "a directory that comes back after its whiteout": [
    [
      [directory("a"), file("a/b", 1)],
      [file(".wh.a", 0), directory("a"), file("a/c", 2)],
    ],
    // The specification, umoci, and containerd without overlay, hide /a/b.
    { "/a": "directory", "/a/b": "file 1", "/a/c": "file 2" },
  ],
  "a whiteout after its own file": [
    [
      [directory("a"), file("a/b", 1)],
      [directory("a"), file("a/b", 2), file("a/.wh.b", 0)],
    ],
    "refused",
  ],
  "paths that climb and start anywhere": [
    [[file("a/../../b", 1), file("./c", 2), file("/d", 3), file("e/./f", 4)]],
    { "/b": "file 1", "/c": "file 2", "/d": "file 3", "/e": "directory", "/e/f": "file 4" },
  ],
  "the same path twice": [[[file("x", 1), file("x", 2)]], { "/x": "file 2" }],
};

const names = ["a", "b", "c"];
const paths = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const whiteoutOf = (path: string) => path.replace(/([^/]+)$/, ".wh.$1");

describe("the merged file system is what containerd unpacks", { skip, timeout: 1_200_000 }, () => {
  let bed: Bed;
  let overlay: Unpacker;
  let others: readonly Unpacker[];
  const merged = new Map<string, FileSystemView>();

  const random = { any: sample(anyLayer(), images.any), regular: sample(regularLayer(), images.regular) };
  const all = new Map<string, readonly Layer[]>([
    ...Object.values(handMade).map(([layers], index) => [`hand${index}`, layers] as const),
    ...random.any.map((layers, index) => [`any${index}`, numbered(layers)] as const),
    ...random.regular.map((layers, index) => [`regular${index}`, numbered(layers)] as const),
  ]);

  before(async () => {
    bed = await startBed({ need: ["docker", "buildah", "skopeo", "umoci"] });
    const work = await mkdtemp(join(bed.dir, "overlay-"));
    const layout = join(work, "layout");
    const store = new LayoutStore(layout);
    for (const [tag, layers] of all) {
      const made = layers.map((entries) => ({ entries }));
      const image = await putImage(store, { platform: { os: "linux", architecture: "amd64" }, layers: made });
      await store.tag(tag, image);
      const facts = parseManifest(await store.manifest(image)).layers.map((layer) =>
        readLayer(store.fetch(layer), layer),
      );
      merged.set(tag, new FileSystemView(await Promise.all(facts)));
    }
    const archive = join(work, "layout.tar");
    await run("tar", ["-C", layout, "-cf", archive, "."]);
    overlay = await containerd(bed, { archive, work, snapshotter: "overlayfs" });
    others = [
      await containerd(bed, { archive, work, snapshotter: "native" }),
      await buildah(bed, layout),
      umoci(layout, work),
    ];
  });
  after(() => bed.stop());

  Object.entries(handMade).forEach(([name, [, expected]], index) => {
    test(name, async () => {
      const tag = `hand${index}`;
      const unpacked = await overlay.unpack(tag);
      if (expected === "refused") assert.ok("refused" in unpacked, JSON.stringify(unpacked));
      else {
        assert.deepEqual(unpacked, expected, "containerd");
        assertSame(merged.get(tag), expected);
      }
    });
  });

  test("random layers of any kind: where containerd unpacks them, the view is the same", async () => {
    let unpackedOnes = 0;
    for (const [index, layers] of random.any.entries()) {
      const unpacked = await overlay.unpack(`any${index}`);
      if (isRefusal(unpacked)) continue;
      unpackedOnes++;
      assertSame(merged.get(`any${index}`), unpacked, describeLayers(layers));
    }
    assert.ok(unpackedOnes > images.any / 4, `containerd unpacks ${unpackedOnes} of ${images.any}`);
  });

  test("random layers as engines write them: all engines agree, and the view with them", async () => {
    for (const [index, layers] of random.regular.entries()) {
      const words = describeLayers(layers);
      for (const engine of index % 4 === 0 ? [overlay, ...others] : [overlay]) {
        const unpacked = await engine.unpack(`regular${index}`);
        assert.ok(!isRefusal(unpacked), `${engine.name} unpacks ${words}: ${JSON.stringify(unpacked)}`);
        assertSame(merged.get(`regular${index}`), unpacked, `${engine.name}: ${words}`);
      }
    }
  });
});

/** Compares a view with a listing by what every path of both leads to. */
function assertSame(view: FileSystemView | undefined, listing: Listing, words = ""): void {
  assert.ok(view !== undefined);
  const paths = new Set([...Object.keys(listing), ...pathsOf(view)]);
  for (const path of [...paths].sort()) {
    assert.equal(seen(view, path), followed(listing, path), `${path} of ${words} in ${JSON.stringify(listing)}`);
  }
  const names = (folder: string) =>
    Object.keys(listing).flatMap((path) => (path.replace(/\/[^/]*$/, "") === folder ? [path.replace(/.*\//, "")] : []));
  for (const [path, what] of [["", "directory"], ...Object.entries(listing)] as const) {
    if (what === "directory") assert.deepEqual(view.list(path).sort(), names(path).sort(), `${path} of ${words}`);
  }
}

function seen(view: FileSystemView, path: string): string {
  const resolved = view.resolve(path);
  return resolved.kind === "file" ? `file ${resolved.file.entry.size} at ${resolved.path}` : resolved.kind;
}

function* pathsOf(view: FileSystemView, folder = ""): Generator<string> {
  for (const name of view.list(folder)) {
    const path = `${folder}/${name}`;
    yield path;
    // Links to folders are not entered.
    if (view.resolve(path).kind === "directory" && view.resolve(path).path === path) yield* pathsOf(view, path);
  }
}

/** What a path of a listing leads to, by another way than the view's: text replaced by text until no link is left. */
function followed(listing: Listing, path: string): string {
  let current = path;
  for (let links = 0; links <= 40; links++) {
    const parts = current.split("/").filter((part) => part !== "" && part !== ".");
    let at = "";
    let jumped = false;
    for (const [index, part] of parts.entries()) {
      if (part === "..") at = at.replace(/\/[^/]*$/, "");
      else {
        const what = listing[`${at}/${part}`];
        const rest = parts.slice(index + 1).join("/");
        if (what?.startsWith("link ")) {
          const target = what.slice("link ".length);
          current = target.startsWith("/") ? `${target}/${rest}` : `${at}/${target}/${rest}`;
          jumped = true;
          break;
        }
        at = `${at}/${part}`;
        if (what === undefined) return "missing";
        if (what !== "directory" && rest !== "") return "not-a-directory";
      }
    }
    if (jumped) continue;
    const what = at === "" ? "directory" : (listing[at] ?? "missing");
    return what.startsWith("file ") ? `${what} at ${at}` : what;
  }
  return "loop";
}

/** Layers with anything in any order, spelled in any way. */
function anyLayer(): fc.Arbitrary<Layer> {
  const spelled = fc
    .tuple(paths, fc.constantFrom("", "", "", "./", "/", "../", "b/../", "./././"))
    .map(([path, prefix]) => `${prefix}${path}`);
  const target = fc.constantFrom("a", "b", "c", "/a", "/b/c", "a/b", "../a", "..", ".");
  return fc.array(
    fc.oneof(
      { weight: 4, arbitrary: spelled.map((name) => file(name, 0)) },
      { weight: 3, arbitrary: spelled.map(directory) },
      { weight: 2, arbitrary: fc.tuple(spelled, target).map(([name, to]) => symlink(name, to)) },
      { weight: 1, arbitrary: fc.tuple(spelled, paths).map(([name, to]) => hardlink(name, to)) },
      { weight: 1, arbitrary: spelled.map((name) => file(whiteoutOf(name), 0)) },
      { weight: 1, arbitrary: spelled.map((name) => file(`${name}/.wh..wh..opq`, 0)) },
    ),
    { minLength: 1, maxLength: 6 },
  );
}

/**
 * Layers as engines write them: every path once, whiteouts before the rest, each folder before what is in it and never a link, hard links behind
 * their files.
 */
function regularLayer(): fc.Arbitrary<Layer> {
  const kind = fc.constantFrom("file", "file", "symlink", "whiteout", "opaque", "hardlink");
  return fc
    .uniqueArray(fc.tuple(paths, kind), { minLength: 1, maxLength: 6, selector: ([path]) => path })
    .map((chosen) => {
      // What is no folder has nothing in it.
      const leaves = chosen.filter(([path]) => !chosen.some(([other]) => other.startsWith(`${path}/`)));
      const folders = new Set(
        leaves.flatMap(([path, what]) => {
          const parts = (what === "opaque" ? `${path}/.` : path).split("/");
          return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("/"));
        }),
      );
      const of = (wanted: string) => leaves.flatMap(([path, what]) => (what === wanted ? [path] : []));
      const [first] = of("file");
      return [
        ...[...folders].sort().map(directory),
        ...of("opaque").map((path) => file(`${path}/.wh..wh..opq`, 0)),
        ...of("whiteout").map((path) => file(whiteoutOf(path), 0)),
        ...of("file").map((path) => file(path, 0)),
        ...of("symlink").map((path) => symlink(path, "/a/b")),
        ...(first === undefined ? [] : of("hardlink").map((path) => hardlink(path, first))),
      ];
    });
}

/** Images of such layers. The lowest one has no whiteouts: there is nothing to hide, and containerd unpacks it without overlay. */
function sample(layer: fc.Arbitrary<Layer>, count: number): (readonly Layer[])[] {
  const isWhiteout = ({ name }: MadeEntry) => /(?:^|\/)\.wh\.[^/]*$/.test(name);
  const image = fc
    .array(layer, { minLength: 1, maxLength: 3 })
    .map(([lowest = [], ...upper]) => [lowest.filter((entry) => !isWhiteout(entry)), ...upper]);
  return fc.sample(image, count);
}

/** Gives every file another size, by which it is known again. */
function numbered(layers: readonly Layer[]): readonly Layer[] {
  let next = 0;
  return layers.map((layer) =>
    layer.map((entry) =>
      entry.content === "" && !/(?:^|\/)\.wh\.[^/]*$/.test(entry.name)
        ? { ...entry, content: "x".repeat(++next) }
        : entry,
    ),
  );
}

function isRefusal(unpacked: Listing | { readonly refused: string }): unpacked is { readonly refused: string } {
  return "refused" in unpacked;
}

function describeLayers(layers: readonly Layer[]): string {
  const words = ({ name, type = "file", target }: MadeEntry) =>
    `${name} ${type}${target === undefined ? "" : ` ${target}`}`;
  return JSON.stringify(layers.map((layer) => layer.map(words)));
}

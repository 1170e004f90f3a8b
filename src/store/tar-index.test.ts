import assert from "node:assert/strict";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { pack } from "tar-stream";
import { ArchwayError } from "../error/error.ts";
import { indexTar } from "./tar-index.ts";

let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-tar-"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Lists a tar, and the content that each entry gives. */
async function list(bytes: Uint8Array): Promise<Map<string, string>> {
  const file = join(folder, "x.tar");
  await writeFile(file, bytes);
  await using handle = await open(file, "r");
  const contents = new Map<string, string>();
  for (const [path, { offset, size }] of await indexTar(handle, "x.tar")) {
    contents.set(path, Buffer.from(bytes.subarray(offset, offset + size)).toString());
  }
  return contents;
}

async function tarOf(fill: (tar: ReturnType<typeof pack>) => void): Promise<Buffer> {
  const tar = pack();
  fill(tar);
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) if (chunk instanceof Uint8Array) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test("files are found by path, whatever their names and lengths", async () => {
  const name = fc
    .string({ unit: "grapheme", minLength: 1, maxLength: 300 })
    .filter((text) => !/[/\0]/.test(text) && !/^\.{1,2}$/.test(text));
  await fc.assert(
    fc.asyncProperty(fc.dictionary(name, fc.string({ maxLength: 2_000 }), { noNullPrototype: true }), async (files) => {
      const tar = await tarOf((tar) => {
        tar.entry({ name: "folder/", type: "directory" });
        for (const [path, text] of Object.entries(files)) tar.entry({ name: `folder/${path}` }, text);
      });
      const expected = Object.entries(files).map(([path, text]): [string, string] => [`folder/${path}`, text]);
      assert.deepEqual(await list(tar), new Map(expected));
    }),
    { numRuns: 40 },
  );
});

test("links lead to what they name; those that lead nowhere or in a circle are not there", async () => {
  const tar = await tarOf((tar) => {
    tar.entry({ name: "a/file" }, "content");
    tar.entry({ name: "b/hard", type: "link", linkname: "a/file" });
    tar.entry({ name: "b/soft", type: "symlink", linkname: "../a/file" });
    tar.entry({ name: "b/second", type: "symlink", linkname: "soft" });
    tar.entry({ name: "b/nowhere", type: "symlink", linkname: "../../etc/passwd" });
    tar.entry({ name: "b/left", type: "symlink", linkname: "right" });
    tar.entry({ name: "b/right", type: "symlink", linkname: "left" });
  });
  const found = ["a/file", "b/hard", "b/second", "b/soft"];
  assert.deepEqual(await list(tar), new Map(found.map((path) => [path, "content"])));
});

test("a damaged tar is listed or refused, and nothing else", async () => {
  const whole = await tarOf((tar) => {
    tar.entry({ name: "index.json" }, "{}");
    tar.entry({ name: "x".repeat(150) }, "long");
    tar.entry({ name: "blobs/sha256/x" }, "y".repeat(1_000));
  });
  const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(damage, fc.nat(whole.length), async (changes, length) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of changes) bytes[at] = value;
      for (const damaged of [bytes, bytes.subarray(0, length)]) {
        await list(damaged).catch((error: unknown) => {
          assert(error instanceof ArchwayError && error.code === "INVALID_ARCHIVE", String(error));
        });
      }
    }),
  );
});

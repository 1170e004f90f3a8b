import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { resolveSecrets } from "./parse-secret.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-secret-"));
});
after(() => rm(folder, { recursive: true }));

test("secret files become absolute, and variables stay names", async () => {
  await writeFile(join(folder, "token"), "hush");
  assert.deepEqual(
    await resolveSecrets(
      [
        { id: "a", file: "token" },
        { id: "b", env: "TOKEN" },
      ],
      folder,
    ),
    [
      { id: "a", file: join(folder, "token") },
      { id: "b", env: "TOKEN" },
    ],
  );
});

test("a secret that cannot be read is refused before the build", async () => {
  await writeFile(join(folder, "large"), Buffer.alloc(500 * 1024 + 1));
  const expected: readonly (readonly [string, RegExp])[] = [
    ["missing", /The secret "a" cannot be read: missing does not exist\./],
    [".", /is not a file/],
    ["large", /has 512001 bytes, and a secret may have 512000/],
  ];
  for (const [file, message] of expected) {
    await assert.rejects(resolveSecrets([{ id: "a", file }], folder), {
      code: "SECRET_UNREADABLE",
      kind: "input",
      message,
    });
  }
});

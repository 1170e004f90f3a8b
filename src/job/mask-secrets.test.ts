import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { secretForms, SecretMask } from "./mask-secrets.ts";

function masked(secrets: readonly string[], pieces: readonly Uint8Array[]): string {
  const mask = new SecretMask(secretForms(secrets));
  return Buffer.concat(
    [...pieces.map((piece) => mask.push(piece)), mask.end()].map((one) => Buffer.from(one)),
  ).toString("utf8");
}
const one = (secrets: readonly string[], text: string) => masked(secrets, [Buffer.from(text)]);

describe("secrets in logs", () => {
  test("are hidden as they are, in base64 at each place, and in URLs", () => {
    const secret = "s3cr/et +pass";
    const hidden = [
      secret,
      encodeURIComponent(secret),
      ...["", "u", "us", "user:"].map((before) => Buffer.from(`${before}${secret}\n`).toString("base64")),
      Buffer.from(`u${secret}`).toString("base64url"),
    ];
    for (const text of hidden) {
      const shown = one([secret], `see ${text} there`);
      assert.match(shown, /^see .*\*\*\*.* there$/s, text);
      assert.ok(!shown.includes(text.slice(3, -3)), shown);
    }
  });

  test("of several lines are hidden line by line", () => {
    assert.equal(one(["-----BEGIN-----\nabcdef\n"], "x\nabcdef\ny"), "x\n***\ny");
  });

  test("that contain each other are hidden whole", () => {
    assert.equal(one(["token", "token-long"], "a token-long b token c"), "a *** b *** c");
  });

  test("never come out, however the output is cut, and everything else does", () => {
    const secret = fc.string({ minLength: 4, maxLength: 12, unit: fc.constantFrom("a", "b", "c") });
    fc.assert(
      fc.property(
        secret,
        fc.array(fc.oneof(fc.constant(0), fc.string({ unit: fc.constantFrom("a", "b", "-") }))),
        fc.integer({ min: 1, max: 7 }),
        (value, parts, size) => {
          const bytes = Buffer.from(parts.map((part) => (part === 0 ? value : part)).join("|"));
          const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
            bytes.subarray(index * size, (index + 1) * size),
          );
          const shown = masked([value], pieces);
          assert.ok(!shown.includes(value), shown);
          assert.equal(shown, one([value], bytes.toString("utf8")));
          if (!bytes.includes(value)) assert.ok(shown === bytes.toString("utf8") || shown.includes("***"));
        },
      ),
    );
  });
});

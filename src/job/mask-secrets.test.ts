import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { SecretMasks } from "./mask-secrets.ts";
import { secretForms } from "./secret-forms.ts";

function masked(secrets: readonly string[], pieces: readonly Uint8Array[]): string {
  const mask = new SecretMasks(secrets).open();
  return Buffer.concat([...pieces.map((piece) => mask.push(piece)), mask.end()]).toString("utf8");
}
const one = (secrets: readonly string[], text: string) => masked(secrets, [Buffer.from(text)]);

/** A text cut at some places. */
function cut(text: string, sizes: readonly number[]): readonly Uint8Array[] {
  const bytes = Buffer.from(text);
  const pieces: Uint8Array[] = [];
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1;
    pieces.push(bytes.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

const wrap = (text: string, width: number, lineEnd: string) =>
  text.replaceAll(new RegExp(`.{${width}}`, "g"), (line) => line + lineEnd);

const key = [
  "-----BEGIN PRIVATE KEY-----",
  "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj",
  "MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu",
  "Nabc",
  "-----END PRIVATE KEY-----",
  "",
].join("\n");

describe("secrets in logs", () => {
  test("are hidden as they are, in base64 at each place, in hexadecimal, in URLs, in JSON and in what a shell traces", () => {
    const secret = `s3cr/et +p'ass"<é>`;
    const hidden = [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).replace("'", "%27"),
      encodeURIComponent(secret).replaceAll("%20", "+").toLowerCase(),
      JSON.stringify(secret).slice(1, -1),
      String.raw`s3cr/et +p'ass\"\u003cé\u003e`,
      String.raw`s3cr/et +p'ass\"<\u00e9>`,
      secret.replace("'", String.raw`'\''`),
      Buffer.from(secret).toString("hex"),
      Buffer.from(secret).toString("hex").toUpperCase(),
      ...["", "u", "us", "user:"].map((before) => Buffer.from(`${before}${secret}\n`).toString("base64")),
      Buffer.from(`u${secret}?>`).toString("base64url"),
    ];
    for (const text of hidden) {
      const shown = one([secret], `see ${text} there`);
      assert.match(shown, /^see .{0,7}\*\*\*.{0,4} there$/s, `${text} became ${shown}`);
    }
  });

  test("are hidden in base64 and hexadecimal that is broken over lines, wherever it breaks", () => {
    const secret = "ghp_0123456789abcdefghij";
    for (const before of ["", "u", "us"]) {
      const texts = [Buffer.from(`${before}${secret}.`).toString("base64"), Buffer.from(secret).toString("hex")];
      for (const [text, width, lineEnd] of texts.flatMap((text) =>
        [1, 2, 5, 7, 11, 29].flatMap((width) => ["\n", "\r\n"].map((end) => [text, width, end] as const)),
      )) {
        const shown = one([secret], wrap(text, width, lineEnd));
        // Three letters before a break may be gone when the rest comes.
        const rest = shown.replaceAll(/\s|\*\*\*/g, "");
        assert.ok(rest.length <= 8 && !rest.includes(text.slice(5, 12)), `${wrap(text, width, lineEnd)}\n${shown}`);
        assert.equal(shown.split("\n").length, wrap(text, width, lineEnd).split("\n").length, "ends of lines stay");
      }
    }
  });

  test("of several lines are hidden line by line, and as a whole; lines that tell nothing are not secret", () => {
    const shown = one([key], `-----BEGIN PRIVATE KEY-----\n${key.split("\n")[1]}\nNabc\n`);
    assert.equal(shown, "-----BEGIN PRIVATE KEY-----\n***\nNabc\n");
    assert.equal(one([key], `${key}x`), "***\n***\n***\n***\n***\nx");
    assert.equal(one([key], key.replaceAll("\n", "\r\n")), "***\r\n***\r\n***\r\n***\r\n***\r\n");
    const encoded = Buffer.from(key).toString("base64");
    assert.match(one([key], wrap(encoded, 76, "\n")), /^(\*\*\*\n)+\*\*\*.{0,3}$/);
    assert.equal(one([key], JSON.stringify({ key })), '{"key":"***"}');
    assert.equal(one(['{\n  "token": "abcdef"\n}'], '{ "ok": {} }'), '{ "ok": {} }');
  });

  test("that contain each other or overlap are hidden whole", () => {
    assert.equal(one(["token", "token-long"], "a token-long b token c"), "a *** b *** c");
    assert.equal(one(["abcdef", "defghi"], "xabcdefghiy"), "x***y");
    assert.equal(one(["ababa"], "xababababay"), "x***y");
  });

  test("do not keep the ends of other lines waiting", () => {
    const mask = new SecretMasks(["ghp_0123456789abcdefghij", "another-s3cret-of-mine"]).open();
    const encoded = Buffer.from("ghp_0123456789abcdefghij").toString("base64");
    for (const line of ["done\n", "100 %\r", "abc\r\n", `${encoded.slice(0, 3)}\n`, "a prompt: "])
      assert.equal(Buffer.from(mask.push(Buffer.from(line))).toString(), line);
    assert.equal(mask.push(Buffer.from(`${encoded.slice(0, 4)}\n`)).length, 0);
    // What goes on with empty lines is no encoded text.
    assert.equal(mask.push(Buffer.from("\n".repeat(9))).length, 14);
  });

  test("are as hidden when the output is cut anywhere, and everything else comes out", () => {
    const secret = fc.string({ minLength: 3, maxLength: 14, unit: fc.constantFrom("a", "b", "/", "é", "\n") });
    const other = fc.string({ maxLength: 9, unit: fc.constantFrom("a", "b", "-", "\n", " ", "Y") });
    fc.assert(
      fc.property(
        fc.array(secret, { minLength: 1, maxLength: 3 }),
        fc.array(fc.tuple(other, fc.nat(), fc.constantFrom(0, 3, 5)), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
        (secrets, parts, sizes) => {
          const { whole, wrapped } = secretForms(secrets);
          const forms = [...whole, ...wrapped];
          const text = parts
            .map(([before, index, width]) => {
              const form = forms[index % Math.max(1, forms.length)] ?? "";
              return `${before}${width > 0 && wrapped.includes(form) ? wrap(form, width, "\n") : form}`;
            })
            .join("");
          const shown = masked(secrets, cut(text, sizes));
          assert.equal(shown, one(secrets, text));
          for (const form of forms) assert.ok(!shown.includes(form), `${form} is in ${shown}`);
          if (forms.every((form) => !text.replaceAll(/\s/g, "").includes(form.replaceAll(/\s/g, ""))))
            assert.equal(shown, text);
        },
      ),
    );
  });
});

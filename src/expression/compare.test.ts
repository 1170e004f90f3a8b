import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compare } from "./compare.ts";
import { evaluateTemplate, parseTemplate } from "./template.ts";

const scope = {
  names: new Map<string, string | number>([
    ["matrix.go", "1.10"],
    ["git.short_sha", "01234567"],
    ["git.tag", "v2.0.0-rc.1"],
    ["run.number", 12],
  ]),
  hash: () => "",
};

describe("comparisons", () => {
  const values: Readonly<Record<string, boolean>> = {
    "matrix.go == '1.1'": false,
    "matrix.go == 1.1": false,
    "matrix.go == 1.10": true,
    "matrix.go != '1.1'": true,
    "matrix.go >= '1.9'": true,
    "matrix.go >= 1.9": true,
    "matrix.go < '1.9'": false,
    "matrix.go <= '1.10.0'": true,
    "matrix.go > 1": true,
    "git.short_sha == '1234567'": false,
    "git.short_sha == 1234567": false,
    "git.short_sha == 01234567": true,
    "1.26.1 > matrix.go": true,
    "run.number == 12": true,
    "run.number == '12'": true,
    "run.number > 9": true,
    "'10' > '9'": true,
    "git.tag >= 'v2.0.0'": false,
    "git.tag > 'v1.10'": true,
    "git.tag < 'v2.0.0-rc.10'": true,
    "'3.14rc2' < '3.14'": true,
    "'3.14rc2' > '3.9'": true,
    "'2026-11-29' < '2026-12-01'": true,
    "'main' < 'next'": true,
    "'b' > 'a10'": true,
    "true == 'true'": true,
  };
  for (const [text, value] of Object.entries(values))
    test(text, () => assert.equal(evaluateTemplate(parseTemplate(`\${{ ${text} }}`), scope), String(value)));
});

test("numbers with points and zeros in front are written as they were", () => {
  const texts = "${{ 1.20 }} ${{ 007 }} ${{ 12345678901234567890 }} ${{ 7 }}";
  assert.equal(evaluateTemplate(parseTemplate(texts), scope), "1.20 007 12345678901234567890 7");
});

test("one of two values comes first, or both are equally far", () => {
  const part = fc.oneof(fc.nat(20).map(String), fc.constantFrom("v1.2", "1.2.0", "1.2-rc1", "1.2rc", "a", "", "-"));
  const value = fc.array(part, { maxLength: 3 }).map((parts) => parts.join("."));
  fc.assert(
    fc.property(value, value, (a, b) => {
      assert.equal(compare("<", a, b), compare(">", b, a));
      assert.equal(compare("<=", a, b), !compare(">", a, b));
      if (compare("==", a, b)) assert.ok(compare("<=", a, b) && compare(">=", a, b));
    }),
  );
});

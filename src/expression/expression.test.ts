import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { evaluateTemplate, namesOfTemplate, parseTemplate } from "./template.ts";

const scope = {
  names: new Map<string, string | number | boolean>([
    ["git.tag", ""],
    ["git.short_sha", "0123abc"],
    ["matrix.go", "1.26"],
    ["run.number", 7],
  ]),
  hash: (globs: readonly string[]) => `h(${globs.join("+")})`,
};
const evaluate = (text: string) => evaluateTemplate(parseTemplate(text), scope);
const refused = (text: string) => {
  try {
    evaluate(text);
  } catch (error) {
    assert.ok(error instanceof ArchwayError);
    return [error.message, error.hint].filter(Boolean).join(" | ");
  }
  return assert.fail(`${text} was taken`);
};

describe("expressions in texts", () => {
  const values: Readonly<Record<string, string>> = {
    "app:${{ git.tag || git.short_sha }}": "app:0123abc",
    "gomod-${{ hash('go.sum', \"*.mod\") }}": "gomod-h(go.sum+*.mod)",
    "${{ run.number > 6 && matrix.go == '1.26' }}": "true",
    "${{ 10 > 9 }} ${{ '10' > '9' }} ${{ 'b' > 'a' }}": "true true true",
    "${{ !git.tag }}": "true",
    "${{ (git.tag || 'x') != 'x' || 'last' }}": "last",
    "${{ slug('Release/1.0 beta') }}": "release-1-0-beta",
    "${{ replace(upper('a.b'), '.', '_') }}": "A_B",
    "${{ 'it''s }} here' }}": "it's }} here",
    "$${{ git.tag }} and $$HOME": "${{ git.tag }} and $$HOME",
    "no expression": "no expression",
  };
  for (const [text, value] of Object.entries(values)) test(text, () => assert.equal(evaluate(text), value));
});

describe("mistakes in expressions", () => {
  const mistakes: Readonly<Record<string, RegExp>> = {
    "${{ git.tga }}": /git\.tga }} names nothing.* \| Did you mean "git\.tag"\?/,
    "${{ lowr('a') }}": /no function "lowr" \| Did you mean "lower"\?/,
    "${{ replace('a') }}": /replace takes 3 arguments, not 1/,
    "${{ git.tag": /not closed.*Close it with/s,
    "${{ 'a }}": /not closed/,
    "${{ git.tag | 'a' }}": /"\|" is not part of the language/,
    "${{ }}": /a value is missing at its end/,
    "${{ git. }}": /a name is missing after the point/,
    "${{ (1 }}": /"\)" is missing/,
    "${{ 1 2 }}": /"2" is not expected/,
  };
  for (const [text, message] of Object.entries(mistakes)) test(text, () => assert.match(refused(text), message));

  test("whatever is written, it is a value or an error for a person", () => {
    const word = fc.constantFrom(
      "git.tag",
      "'a'",
      "1",
      "(",
      ")",
      "||",
      "!",
      "==",
      ",",
      "lower",
      "hash",
      " ",
      "}}",
      "${{",
      "$",
      ".",
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        try {
          evaluate(`\${{${words.join("")}}}`);
        } catch (error) {
          assert.ok(error instanceof ArchwayError, String(error));
        }
      }),
    );
  });

  test("a long row of operators is refused, and one of a person is not", () => {
    assert.match(refused(`\${{ ${"git.tag||".repeat(11_000)}1 }}`), /it has more than 1000 words and signs/);
    assert.equal(evaluate(`\${{ ${"git.tag||".repeat(240)}1 }}`), "1");
  });

  test("deep nesting is refused, not a crash", () => {
    assert.match(refused(`\${{ ${"(".repeat(400)}1${")".repeat(400)} }}`), /nested too deeply/);
    assert.match(refused(`\${{ ${"!".repeat(900)}1 }}`), /nested too deeply/);
  });
});

test("names are told", () => {
  assert.deepEqual(namesOfTemplate(parseTemplate("a${{ lower(git.tag) || !env.X }}b${{ 'c' }}")), [
    { name: "git.tag", at: 11 },
    { name: "env.X", at: 24 },
  ]);
});

test("nested replacements do not grow without end, and take the text as it is", () => {
  const nested = Array.from({ length: 20 }, () => "x").reduce((inner) => `replace(${inner}, 'a', 'aaaaaaaaaa')`, "'a'");
  assert.match(refused(`\${{ ${nested} }}`), /more than 1000000 characters/);
  assert.equal(evaluate("${{ replace('a-b', '-', '$&$&') }}"), "a$&$&b");
});

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { evaluateDockerfile } from "../../dockerfile/evaluate.ts";
import type { Evaluation } from "../../dockerfile/evaluation.ts";
import { expandWord } from "../../dockerfile/expand.ts";
import { parseDockerfile, type Dockerfile } from "../../dockerfile/parse.ts";
import { parsePlatform } from "../../platform/platform.ts";
import { textOf, unknownMark, unknownValue, written, type Value } from "../value.ts";
import { WordValues } from "./word-value.ts";

interface Evaluated {
  readonly dockerfile: Dockerfile;
  readonly evaluation: Evaluation;
  readonly values: WordValues;
}

function evaluated(text: string, args: Readonly<Record<string, Value>> = {}, platform = "linux/arm64"): Evaluated {
  const dockerfile = parseDockerfile(text);
  const evaluation = evaluateDockerfile(dockerfile, {
    targetPlatform: parsePlatform(platform),
    buildPlatform: parsePlatform("linux/amd64"),
    buildArgs: Object.fromEntries(Object.entries(args).map(([name, value]) => [name, textOf(value)])),
    unknownMark,
  });
  return { dockerfile, evaluation, values: new WordValues("Dockerfile", dockerfile, (name) => args[name]) };
}

/** A variable at the end of the last stage, piece by piece: `TEXT source line:column A>B`. */
function piecesOf(name: string, text: string, args: Readonly<Record<string, Value>> = {}): string[] {
  const { evaluation, values } = evaluated(text, args);
  const value = values.variable(name, evaluation.target.environment);
  assert.ok(value !== undefined);
  return value.pieces.map((piece) => {
    const { text: own, source, place, through = [], dependsOnPlatform } = piece;
    const where =
      place === undefined ? "-" : `${place.path === "Dockerfile" ? "" : `${place.path}:`}${place.line}:${place.column}`;
    return [own, source, where, through.join(">"), dependsOnPlatform === true ? "*" : ""].join(" ").trimEnd();
  });
}

describe("WordValues", () => {
  it("knows where each part is written and through which variables it came", () => {
    const text = [
      "ARG A=linux",
      "FROM scratch",
      "ARG A",
      "ARG TARGETARCH",
      "ENV B=$A-$TARGETARCH.tgz C=x",
      "ENV D=/d/${B}",
    ];
    assert.deepEqual(piecesOf("D", text.join("\n")), [
      "/d/ written 6:7",
      "linux written 1:7 B>A",
      "- written 5:9 B",
      "arm64 architecture - B>TARGETARCH *",
      ".tgz written 5:21 B",
    ]);
  });

  it("sees what a map by the architecture chose", () => {
    const text = [
      "FROM scratch",
      "ARG TARGETARCH",
      "ENV A=${TARGETARCH/arm64/aarch64} B=${TARGETARCH:+yes} C=${OTHER:-no}",
    ].join("\n");
    assert.deepEqual(piecesOf("A", text), ["aarch64 written 3:26  *"]);
    assert.deepEqual(piecesOf("B", text), ["yes written 3:51  *"]);
    assert.deepEqual(piecesOf("C", text), ["no written 3:67"]);
  });

  it("takes what the caller gives, and does not know what nobody knows", () => {
    const place = { path: "Makefile", line: 7, column: 3, endLine: 7, endColumn: 8 };
    const text = "FROM scratch\nARG A=amd64\nARG B=1\nENV C=$A-$B";
    assert.deepEqual(piecesOf("C", text, { A: written("arm64", place), B: unknownValue() }), [
      "arm64 written Makefile:7:3 A",
      "- written 4:9",
      " unknown - B",
    ]);
  });

  it("finds parts of words over several lines", () => {
    assert.deepEqual(piecesOf("A", 'FROM scratch\nENV A="ab\\\n  cd$A"'), ["ab  cd written 2:8"]);
  });

  it("has the text of the evaluation", () => {
    const part = fc.constantFrom(
      "$A",
      "${B}",
      "${C:-d}",
      "${A#a}",
      "${B%%-*}",
      "${A/a/b}",
      "${B//a/$C}",
      "${A:+x$B}",
      "a",
      "-",
      '"q $A"',
      "'$A'",
      "\\$",
      "amd64",
      "$TARGETARCH",
    );
    const word = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join(""));
    const instruction = fc
      .tuple(fc.constantFrom("ARG", "ENV"), fc.constantFrom("A", "B", "C", "TARGETARCH"), word)
      .map(([keyword, name, value]) => `${keyword} ${name}=${value}`);
    fc.assert(
      fc.property(
        fc.array(instruction, { maxLength: 12 }),
        word,
        fc.constantFrom({}, { A: unknownValue(), B: written("b-a") }),
        (lines, last, args) => {
          const { evaluation, values } = evaluated(["FROM scratch", "ARG TARGETARCH", ...lines].join("\n"), args);
          const { environment } = evaluation.target;
          for (const name of environment.names()) {
            const value = values.variable(name, environment);
            assert.equal(value === undefined ? undefined : textOf(value), environment.get(name));
          }
          const expansion = expandWord(last, environment);
          const range = { start: { line: 1, column: 1, offset: 0 }, end: { line: 1, column: 1, offset: 0 } };
          assert.ok(expansion.ok);
          assert.equal(textOf(values.word({ text: last, range }, environment)), expansion.text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("ends quickly for values that double and for long chains", () => {
    const doubling = ["FROM scratch", "ENV A=xy", ...Array.from({ length: 16 }, () => "ENV A=$A$A")].join("\n");
    const { evaluation, values } = evaluated(doubling);
    const value = values.variable("A", evaluation.target.environment);
    assert.equal(value === undefined ? 0 : textOf(value).length, 2 * 2 ** 16);
    const chain = ["FROM scratch", "ENV A=x", ...Array.from({ length: 5000 }, () => "ENV A=$A")].join("\n");
    const long = evaluated(chain);
    const end = long.values.variable("A", long.evaluation.target.environment);
    assert.equal(end === undefined ? "" : textOf(end), "x");
  });
});

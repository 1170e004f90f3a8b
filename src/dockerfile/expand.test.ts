import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { expandWord, maxExpansion } from "./expand.ts";

const environment = new Map([
  ["V", "value"],
  ["EMPTY", ""],
  ["PATH_", "a/b/c.tar.gz"],
  ["ARCH", "x86_64"],
  ["SPACES", " x  y "],
  ["STAR", "a*b"],
  ["é", "accent"],
]);

/** Word → what becomes of it. */
const expansions: Readonly<Record<string, string>> = {
  plain: "plain",
  $V: "value",
  "a${V}b": "avalueb",
  "$V.x": "value.x",
  $Vx: "",
  $: "$",
  "$.": "$.",
  $1x: "x",
  $12x: "x",
  "$@a": "a",
  "$é!": "accent!",
  "\\$V": "$V",
  "'$V'": "$V",
  '"$V"': "value",
  "\"'$V'\"": "'value'",
  "'\\a'": "\\a",
  '"\\a\\"\\$\\\\"': '\\a"$\\',
  "a\\ b\\c": "a bc",
  "end\\": "end",
  "${UNSET}": "",
  "${UNSET:-d}": "d",
  "${UNSET-d}": "d",
  "${EMPTY:-d}": "d",
  "${EMPTY-d}": "",
  "${V:-d}": "value",
  "${UNSET:-${V}}": "value",
  "${UNSET:-${UNSET:-$V}x}": "valuex",
  "${UNSET:-a\\}b}": "a}b",
  "${UNSET:-'a}b'}": "a}b",
  "${UNSET:+w}": "",
  "${UNSET+w}": "",
  "${EMPTY:+w}": "",
  "${EMPTY+w}": "w",
  "${V:+w$V}": "wvalue",
  "${V:?no}": "value",
  "${EMPTY?no}": "",
  "${PATH_#*/}": "b/c.tar.gz",
  "${PATH_##*/}": "c.tar.gz",
  "${PATH_%.*}": "a/b/c.tar",
  "${PATH_%%.*}": "a/b/c",
  "${PATH_#?/}": "b/c.tar.gz",
  "${PATH_#x}": "a/b/c.tar.gz",
  "${PATH_%}": "a/b/c.tar.gz",
  "${V#va}": "lue",
  "${V%'ue'}": "val",
  "${STAR#a\\*}": "b",
  "${STAR%\\*b}": "a",
  "${ARCH/x86_64/amd64}": "amd64",
  "${ARCH/_/-}": "x86-64",
  "${ARCH//6/}": "x8_4",
  "${ARCH//[0-9]/n}": "x86_64",
  "${PATH_/\\//-}": "a-b/c.tar.gz",
  "${PATH_//\\//-}": "a-b-c.tar.gz",
  "${PATH_//?/x}": "xxxxxxxxxxxx",
  "${PATH_/b*/z}": "a/z",
  "${V//a/$ARCH}": "vx86_64lue",
  "${UNSET//a/b}": "",
  "<<EOF": "<<EOF",
};

const failures: Readonly<Record<string, RegExp>> = {
  "'a": /matching single-quote/,
  '"a': /matching double-quote/,
  "${": /missing '}'/,
  "${V": /missing '}'/,
  "${V:-a": /missing '}'/,
  "${}": /bad substitution/,
  "${:x}": /bad substitution/,
  "${{V}}": /bad substitution/,
  "${V=x}": /unsupported modifier \(=\)/,
  "${V:=x}": /unsupported modifier \(:=\)/,
  "${V:#x}": /unsupported modifier \(:#\)/,
  "${V/x}": /missing '\/' in \$\{\}/,
  "${V#\\x}": /invalid pattern .* invalid escape '\\x'/,
  "${UNSET:?}": /UNSET: is not allowed to be unset/,
  "${UNSET?give it}": /UNSET: give it/,
  "${EMPTY:?}": /EMPTY: is not allowed to be empty/,
};

function expanded(word: string, escape = "\\"): string {
  const expansion = expandWord(word, environment, { escape });
  return expansion.ok ? expansion.text : assert.fail(`${word}: ${expansion.message}`);
}

describe("expandWord", () => {
  for (const [word, text] of Object.entries(expansions)) {
    it(`makes ${JSON.stringify(text)} of ${word}`, () => assert.equal(expanded(word), text));
  }

  for (const [word, message] of Object.entries(failures)) {
    it(`refuses ${word}`, () => {
      const expansion = expandWord(word, environment);
      assert.match(expansion.ok ? "" : expansion.message, message);
    });
  }

  it("obeys another escape character", () => {
    assert.equal(expanded("C:\\a`$V\\$V", "`"), "C:\\a$V\\value");
  });

  it("records what was looked up, also in defaults that are not taken", () => {
    const expansion = expandWord("$V ${UNSET:-$ARCH} ${EMPTY+${OTHER}} '$QUOTED' $V", environment);
    assert.ok(expansion.ok);
    assert.deepEqual(expansion.used, ["V", "ARCH", "EMPTY"]);
    assert.deepEqual(expansion.unset, ["UNSET", "OTHER"]);
  });

  it("splits words at spaces outside quotes, also those of values", () => {
    const words = (word: string): readonly string[] => {
      const expansion = expandWord(word, environment);
      return expansion.ok ? expansion.words : [];
    };
    assert.deepEqual(words("a  b"), ["a", "b"]);
    assert.deepEqual(words("1${SPACES}2"), ["1", "x", "y", "2"]);
    assert.deepEqual(words('1"${SPACES}"2'), ["1 x  y 2"]);
    assert.deepEqual(words("a\\ b '' \"c d\""), ["a b", "c d"]);
    assert.deepEqual(words("cat <<  EOF x"), ["cat", "<<  EOF", "x"]);
  });

  it("tells where each part comes from, and what chose it", () => {
    const parts = (word: string): string[] => {
      const expansion = expandWord(word, environment);
      assert.ok(expansion.ok);
      return expansion.parts.map(({ name, text, start, chosenBy }) => {
        return [`${name ?? "written"}[${start}]=${text}`, ...chosenBy].join(" ");
      });
    };
    assert.deepEqual(parts("a$V.b"), ["written[0]=a", "V[0]=value", "written[3]=.b"]);
    assert.deepEqual(parts("'a b'\"$V\""), ["written[1]=a b", "V[0]=value"]);
    assert.deepEqual(parts("${PATH_##*/}${V%ue}"), ["PATH_[4]=c.tar.gz", "V[0]=val"]);
    assert.deepEqual(parts("x${UNSET:-y$V}${V:+z}"), [
      "written[0]=x",
      "written[10]=y UNSET",
      "V[0]=value UNSET",
      "written[19]=z V",
    ]);
    assert.deepEqual(parts("${ARCH/86/_}"), ["ARCH[0]=x", "written[10]=_ ARCH", "ARCH[3]=_64"]);
    assert.deepEqual(parts("a\\$b\\c"), ["written[0]=a", "written[2]=$b", "written[5]=c"]);
  });

  it("keeps what it is told to keep", () => {
    const text = (word: string, options: Parameters<typeof expandWord>[2]): string => {
      const expansion = expandWord(word, environment, options);
      return expansion.ok ? expansion.text : expansion.message;
    };
    assert.equal(text("$U ${U} ${U:-x} ${U/a/b} $V", { keepUnset: true }), "$U ${U} ${U:-x} ${U/a/b} value");
    assert.equal(text("\"a\" '$V'", { rawQuotes: true }), "\"a\" '$V'");
    assert.equal(text('it\'s "$V"', { ignoreQuotes: true }), 'it\'s "value"');
    assert.equal(text("a\\ b", { rawEscapes: true }), "a\\ b");
  });

  it("bounds the length of results and the depth of nesting", () => {
    const long = new Map([["A", "a".repeat(maxExpansion / 2)]]);
    for (const word of [
      "$A$A$A",
      '"$A$A$A"',
      "${A//a/aaa}",
      "${A:+$A$A$A}",
      `${"${B:-".repeat(600)}x${"}".repeat(600)}`,
    ]) {
      assert.equal(expandWord(word, long).ok, false, word.slice(0, 20));
    }
    assert.equal(expandWord(`\${A#${"*a".repeat(1000)}b}`, long).ok, false);
  });
});

const fragment = fc.constantFrom(
  ..."$V|${V|${UNSET|${EMPTY|}|:-|-|:+|+|:?|?|#|##|%|%%|/|//|*|'|\"|\\|`| |<<|a|é|💥|$|{|\t|[|^|.|1".split("|"),
);

describe("expandWord on anything", () => {
  it("returns a result or a message", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), fc.boolean(), (parts, keepUnset) => {
        const expansion = expandWord(parts.join(""), environment, { keepUnset });
        if (!expansion.ok) assert.notEqual(expansion.message, "");
      }),
      { numRuns: 3000 },
    );
  });

  it("traces every part of the result", () => {
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 20 }), (fragments) => {
        const word = fragments.join("");
        const expansion = expandWord(word, environment);
        if (!expansion.ok) return;
        assert.equal(expansion.parts.map(({ text }) => text).join(""), expansion.text);
        for (const { name, text, start, end } of expansion.parts) {
          assert.equal((name === undefined ? word : (environment.get(name) ?? "")).slice(start, end), text);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it("leaves text without special characters alone", () => {
    fc.assert(fc.property(fc.stringMatching(/^[^$'"\\]*$/), (text) => assert.equal(expanded(text), text)));
  });

  it("leaves quoted text alone", () => {
    fc.assert(fc.property(fc.stringMatching(/^[^']*$/), (text) => assert.equal(expanded(`'${text}'`), text)));
  });

  it("cuts what it says it cuts", () => {
    const glob = fc.array(fc.constantFrom("a", "b", "*", "?"), { maxLength: 5 }).map((parts) => parts.join(""));
    const value = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(glob, value, fc.boolean(), fc.boolean(), (pattern, text, longest, atEnd) => {
        const regexp = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
        const operator = (atEnd ? "%" : "#").repeat(longest ? 2 : 1);
        const cut = (length: number): string => (atEnd ? text.slice(text.length - length) : text.slice(0, length));
        const lengths = Array.from({ length: text.length + 1 }, (_, length) => length);
        const length = (longest ? lengths.toReversed() : lengths).find((each) => regexp.test(cut(each))) ?? 0;
        const left = atEnd ? text.slice(0, text.length - length) : text.slice(length);
        const expansion = expandWord(`\${X${operator}${pattern}}`, new Map([["X", text]]));
        assert.equal(expansion.ok ? expansion.text : expansion.message, left);
      }),
      { numRuns: 1000 },
    );
  });
});

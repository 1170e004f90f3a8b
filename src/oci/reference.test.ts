import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import type { Reference } from "./reference.ts";
import {
  familiarReference,
  formatReference,
  isTag,
  parseReference,
  repositoryOf,
  targetOf,
  withDigest,
  withTag,
} from "./reference.ts";

const digest = `sha256:${"a".repeat(64)}` as const;

/** Cases of distribution/reference's own grammar: what is written, and the whole form. */
const accepted: readonly (readonly [string, string, string])[] = [
  ["alpine", "docker.io/library/alpine", "alpine"],
  ["alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"],
  ["library/alpine", "docker.io/library/alpine", "alpine"],
  ["team/app", "docker.io/team/app", "team/app"],
  ["docker.io/alpine", "docker.io/library/alpine", "alpine"],
  ["index.docker.io/library/alpine", "docker.io/library/alpine", "alpine"],
  ["docker.io/a/b/c", "docker.io/a/b/c", "a/b/c"],
  ["localhost/app", "localhost/app", "localhost/app"],
  ["localhost:5000/app:1", "localhost:5000/app:1", "localhost:5000/app:1"],
  ["127.0.0.1:5000/team/app", "127.0.0.1:5000/team/app", "127.0.0.1:5000/team/app"],
  ["[::1]:5000/app:v1", "[::1]:5000/app:v1", "[::1]:5000/app:v1"],
  ["Registry.Example.com/app", "registry.example.com/app", "registry.example.com/app"],
  ["ghcr.io/a-b/c__d/e.f:X_1", "ghcr.io/a-b/c__d/e.f:X_1", "ghcr.io/a-b/c__d/e.f:X_1"],
  [`app@${digest}`, `docker.io/library/app@${digest}`, `app@${digest}`],
  [`host:1/app:t@${digest}`, `host:1/app:t@${digest}`, `host:1/app:t@${digest}`],
];

const refused: readonly (readonly [string, RegExp])[] = [
  ["", /it is empty/],
  ["a".repeat(64), /an id/],
  ["App", /no capital letters; write app$/],
  ["Team/App:1", /no capital letters; write team\/app:1$/],
  ["quay.io/Team/app:V1", /no capital letters; write quay\.io\/team\/app:V1$/],
  ["app:", /"" is not a tag/],
  ["app:-x", /"-x" is not a tag/],
  [`app:${"x".repeat(129)}`, /is not a tag/],
  ["app@sha256:abc", /not a digest/],
  ["app@md5:d41d8cd98f00b204e9800998ecf8427e", /not a digest/],
  ["https://quay.io/team/app", /it is a URL/],
  ["a//b", /not the name of a repository/],
  ["host:5000/", /repository is missing/],
  ["a b", /not the name of a repository/],
  ["app_-x", /not the name of a repository/],
  ["-app", /not the name of a repository/],
  ["host:port/app", /"host:port" is not the name of a registry/],
  [`quay.io/${"a/".repeat(130)}b`, /longer than 255/],
];

describe("parseReference", () => {
  for (const [text, whole, familiar] of accepted) {
    test(`takes ${text}`, () => {
      const reference = parseReference(text);
      assert.equal(formatReference(reference), whole);
      assert.equal(familiarReference(reference), familiar);
      assert.deepEqual(parseReference(familiar), reference);
    });
  }

  for (const [text, why] of refused) {
    test(`refuses ${text.slice(0, 40) || "nothing"}`, () => {
      assert.throws(
        () => parseReference(text),
        (error) => {
          assert(error instanceof ArchwayError);
          assert.equal(error.code, "INVALID_REFERENCE");
          assert.equal(error.kind, "input");
          assert.match(error.message, why);
          return true;
        },
      );
    });
  }

  test("keeps every valid reference through both of its forms", () => {
    fc.assert(
      fc.property(references(), (reference) => {
        assert.deepEqual(parseReference(formatReference(reference)), reference);
        assert.deepEqual(parseReference(familiarReference(reference)), reference);
      }),
    );
  });

  test("answers any text with a reference or INVALID_REFERENCE", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...Array.from("aA0:/@._-[]sha256")) })),
        (text) => {
          try {
            const reference = parseReference(text);
            assert.deepEqual(parseReference(formatReference(reference)), reference);
          } catch (error) {
            assert(error instanceof ArchwayError && error.code === "INVALID_REFERENCE", String(error));
          }
        },
      ),
    );
  });
});

test("a reference can be moved to another tag or digest of its repository", () => {
  const reference = parseReference("quay.io/team/app:1");
  assert.equal(repositoryOf(reference), "quay.io/team/app");
  assert.equal(formatReference(withTag(reference, "2")), "quay.io/team/app:2");
  assert.equal(formatReference(withDigest(reference, digest)), `quay.io/team/app@${digest}`);
  assert.throws(() => withTag(reference, "a/b"), /not a tag/);
});

test("what a reference resolves to is its digest, else its tag, else latest", () => {
  assert.equal(targetOf(parseReference("app")), "latest");
  assert.equal(targetOf(parseReference("app:1")), "1");
  assert.equal(targetOf(parseReference(`app:1@${digest}`)), digest);
});

test("tags follow the grammar of distribution", () => {
  for (const tag of ["1", "v1.0-rc.1", "_x", "A".repeat(128)]) assert(isTag(tag), tag);
  for (const tag of ["", ".x", "-x", "a b", "ä", "A".repeat(129), "a\n"]) assert(!isTag(tag), tag);
});

function references(): fc.Arbitrary<Reference> {
  const letters = fc.constantFrom(...Array.from("abcxyz0189"));
  const word = fc.string({ unit: letters, minLength: 1, maxLength: 8 });
  const separator = fc.constantFrom(".", "_", "__", "-", "--");
  const component = fc
    .tuple(word, fc.array(fc.tuple(separator, word), { maxLength: 2 }))
    .map(([first, rest]) => first + rest.map((pair) => pair.join("")).join(""));
  const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const host = fc.constantFrom("docker.io", "localhost", "quay.io", "127.0.0.1:5000", "[::1]:5000", "host:1");
  const tag = fc.constantFrom("latest", "1.0", "_a-b.C");
  return fc
    .record({ host, path, tag: fc.option(tag, { nil: undefined }), pinned: fc.boolean() })
    .filter(({ path }) => !/^[a-f0-9]{64}$/.test(path))
    .map(({ host, path, tag, pinned }) => ({
      host,
      path: host === "docker.io" && !path.includes("/") ? `library/${path}` : path,
      ...(tag === undefined ? {} : { tag }),
      ...(pinned ? { digest } : {}),
    }));
}

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { attestation, cacheValue, contextName, csvField, outputValue, secretValue } from "./spelling.ts";

/** Reads one record of comma-separated values as Go's encoding/csv does. */
function readCsv(text: string): string[] {
  return [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'),
  );
}

describe("what the engines' flags take", () => {
  it("survives commas, quotes and line ends", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1 }), (fields) => {
        assert.deepEqual(readCsv(fields.map(csvField).join(",")), fields);
      }),
    );
  });

  for (const [name, known] of [
    ["alpine", "alpine"],
    ["alpine:latest", "alpine"],
    ["library/alpine", "alpine"],
    ["docker.io/library/alpine:3.4", "alpine:3.4"],
    ["index.docker.io/library/alpine:latest", "alpine"],
    ["docker.io/team/app", "team/app"],
    ["docker.io/library/team/app", "library/team/app"],
    ["registry.example:5000/app:latest", "registry.example:5000/app"],
    ["alpine@sha256:00", "alpine@sha256:00"],
    ["alpine:latest::linux/arm64", "alpine::linux/arm64"],
  ] as const) {
    it(`context ${name} is looked up as ${known}`, () => assert.equal(contextName(name), known));
  }

  it("a bare cache is a registry's", () => {
    assert.equal(cacheValue("host/app:cache"), "type=registry,ref=host/app:cache");
    assert.equal(cacheValue("type=local,src=/x"), "type=local,src=/x");
  });

  it("attestations as docker buildx users write them", () => {
    const values = [undefined, "false", "true", "mode=max", "type=provenance,mode=min", "type=sbom,disabled=true"];
    assert.deepEqual(values.map(attestation), [undefined, undefined, "", "mode=max", "mode=min", undefined]);
  });

  it("a secret is named by its place", () => {
    assert.equal(secretValue({ id: "a", file: "/x,y" }), 'id=a,"src=/x,y"');
    assert.equal(secretValue({ id: "a", env: "TOKEN" }), "id=a,env=TOKEN");
  });

  it("outputs", () => {
    assert.equal(
      outputValue({ kind: "registry", repository: "host/app", plainHttp: true }, { note: "a,b" }),
      'type=image,name=host/app,push-by-digest=true,name-canonical=true,push=true,oci-mediatypes=true,registry.insecure=true,"annotation.note=a,b"',
    );
    assert.equal(outputValue({ kind: "layout", directory: "/o" }, {}), "type=oci,tar=false,dest=/o");
    assert.equal(outputValue({ kind: "files", value: "type=tar,dest=o" }, {}), "type=tar,dest=o,platform-split=false");
    assert.equal(
      outputValue({ kind: "files", value: "type=local,dest=o,platform-split=true" }, {}),
      "type=local,dest=o,platform-split=true",
    );
  });
});

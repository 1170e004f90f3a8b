import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { explainWrongCode } from "./cause.ts";

function causeOf(createdBy: string | undefined, index = 3): string {
  const layer = { index, digest: "sha256:0", size: 1, ...(createdBy === undefined ? {} : { createdBy }) };
  return explainWrongCode({ layer, found: "amd64", wanted: "arm64" }).cause.code;
}

describe("the cause by the instruction that made the layer", () => {
  const cases: [createdBy: string | undefined, code: string, index?: number][] = [
    ["/bin/sh -c #(nop) ADD file:0123 in / ", "S01", 0],
    ["# debian.sh --arch 'amd64' out/ 'bookworm'", "S01", 0],
    ["ADD alpine-minirootfs-3.20.tar.gz / # buildkit", "S01", 0],
    [undefined, "S01", 0],
    ["RUN |1 TARGETARCH=amd64 /bin/sh -c make # buildkit", "S02"],
    ["RUN |2 TARGETOS=linux TARGETPLATFORM=linux/amd64 /bin/sh -c make # buildkit", "S02"],
    ["RUN |1 TARGETARCH=arm64 /bin/sh -c GOARCH=amd64 go build . # buildkit", "S03"],
    ["RUN /bin/sh -c cargo build --target x86_64-unknown-linux-musl # buildkit", "S03"],
    ["COPY /out/app /usr/bin/ # buildkit", "S04"],
    ["COPY app / # buildkit", "S04", 0],
    ["/bin/sh -c #(nop) COPY file:0123 in /usr/bin/app ", "S04"],
    ["RUN /bin/sh -c wget https://example.org/s6-overlay-x86_64.tar.xz # buildkit", "S05"],
    ["ADD https://example.org/tini-amd64 /tini # buildkit", "S05"],
    ["RUN /bin/sh -c curl -LO https://example.org/$TARGETARCH/tool # buildkit", "S16"],
    ["RUN |1 VERSION=1 /bin/sh -c curl -LO https://example.org/${TARGETARCH}/tool # buildkit", "S16"],
    ["RUN /bin/sh -c TARGETARCH=$(uname -m) && curl -LO https://example.org/$TARGETARCH/tool # buildkit", "S05"],
    ["RUN /bin/sh -c apt-get install -y thing # buildkit", "wrong-step"],
    [undefined, "wrong-step"],
  ];
  for (const [createdBy, code, index] of cases) {
    test(`${createdBy} at ${index ?? 3}`, () => assert.equal(causeOf(createdBy, index), code));
  }

  test("it names what the line says", () => {
    const line = "RUN /bin/sh -c curl -o /x https://example.org/tool-linux-amd64.tgz # buildkit";
    const { cause, fix } = explainWrongCode({
      layer: { index: 1, digest: "", size: 0, createdBy: line },
      found: "amd64",
      wanted: "arm64",
    });
    assert.match(cause.text, /https:\/\/example\.org\/tool-linux-amd64\.tgz/);
    assert.match(fix.title, /\$TARGETARCH.*arm64/);
  });

  test("no instruction takes long", () => {
    const started = performance.now();
    for (const piece of ["a", "RUN ", "curl ", "/", "$TARGETARCH", "ADD x", "|1 ", "TARGETARCH= "])
      causeOf(`RUN ${piece.repeat(1_000_000)}`);
    assert.ok(performance.now() - started < 5_000);
  });
});

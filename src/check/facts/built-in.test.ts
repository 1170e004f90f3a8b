import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPlatform, parsePlatformList } from "../../platform/platform.ts";
import { builtInFacts } from "./built-in.ts";
import { imageKeyOf } from "./image-key.ts";
import { officialImages } from "./official-images.ts";
import { otherImages } from "./other-images.ts";

const facts = builtInFacts(parsePlatformList("linux/amd64,linux/arm64"));

function platformsOf(name: string): string | undefined {
  const found = imageKeyOf(name);
  assert.ok(found);
  return facts.image(found.reference)?.platforms.map(formatPlatform).join(" ");
}

const both = "linux/amd64 linux/arm64";

test("official images by their first tag with arm64, in any spelling", () => {
  const expected: Readonly<Record<string, string | undefined>> = {
    "alpine:3.4": "linux/amd64",
    "docker.io/library/alpine:3.5": "linux/amd64",
    "index.docker.io/alpine:3.6": both,
    alpine: both,
    "mysql:5.7": "linux/amd64",
    "mysql:5.7.30": "linux/amd64",
    "mysql:8.0.29": both,
    "elasticsearch:7.7.1": "linux/amd64",
    "elasticsearch:7.8.0": both,
    "centos:6": "linux/amd64",
    "centos:7": both,
    "ubuntu:20.04": both,
    "debian:bookworm-slim": both,
    "golang:1.7-alpine": "linux/amd64",
    "golang:1.22-alpine": both,
    "alpine:no-such-tag": undefined,
    "library/no-such-image:1": undefined,
    "example.org/alpine:3.4": undefined,
  };
  for (const [name, platforms] of Object.entries(expected)) assert.equal(platformsOf(name), platforms, name);
});

test("images of other projects", () => {
  const expected: Readonly<Record<string, string | undefined>> = {
    "confluentinc/cp-kafka:6.2.5": "linux/amd64",
    "confluentinc/cp-kafka:7.2.1": both,
    "mcr.microsoft.com/mssql/server:2019-latest": "linux/amd64",
    "mcr.microsoft.com/mssql/server:2022-CU13-ubuntu-22.04": "linux/amd64",
    "gcr.io/kaniko-project/executor:v1.9.0": both,
    "gcr.io/kaniko-project/executor:v0.19.0": "linux/amd64",
    "gcr.io/distroless/static:nonroot": both,
    "wurstmeister/kafka:2.12-2.5.0": "linux/amd64",
    "k8s.gcr.io/kube-proxy:v1.11.0": "linux/amd64",
    "jenkins/jenkins:2.303.2": undefined,
  };
  for (const [name, platforms] of Object.entries(expected)) assert.equal(platformsOf(name), platforms, name);
});

test("nothing is said of a digest, nor of platforms that the table does not cover", () => {
  assert.equal(platformsOf(`alpine:3.4@sha256:${"a".repeat(64)}`), undefined);
  const other = builtInFacts(parsePlatformList("linux/amd64,linux/arm/v7"));
  assert.equal(other.image({ host: "docker.io", path: "library/alpine", tag: "3.4" }), undefined);
});

test("the nearest later tag of the same kind", () => {
  const later = (path: string, tag: string) => facts.laterTag({ host: "docker.io", path, tag });
  assert.equal(later("library/alpine", "3.4"), "3.6");
  assert.equal(later("library/golang", "1.7-alpine"), "1.9-alpine");
  assert.equal(later("library/alpine", "latest"), undefined);
});

test("every entry has a source and a date, and every line of the table can be read", () => {
  for (const { image, source, asOf, tags } of otherImages) {
    assert.ok(URL.canParse(source), image);
    assert.match(asOf, /^20\d\d-\d\d-\d\d$/, image);
    assert.match(tags, line, image);
  }
  for (const [name, tags] of Object.entries(officialImages.images)) assert.match(tags, line, name);
  assert.match(officialImages.commit, /^[0-9a-f]{40}$/);
});

const run = String.raw`(?:[\d.,]+(?:\.\.[\d.,]+)?)?[+-]`;
const line = new RegExp(String.raw`^(?:\S+(?: ${run})+(?:\n|$))*$`);

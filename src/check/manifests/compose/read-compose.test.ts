import assert from "node:assert/strict";
import { test } from "node:test";
import { briefCall, imagesIn, manifestsIn } from "../test-manifests.ts";

test("reads images with variables of .env and defaults, for every platform or the one that is given", () => {
  const files = {
    ".env": "# versions\nTAG=1.2 # current\nEMPTY=\nNAME='me/app'\n",
    "docker-compose.yml": `services:
  a: {image: "\${NAME}:$TAG"}
  b: {image: "\${OTHER:-other}:\${EMPTY:-\${TAG}}"}
  c:
    image: old
    platform: linux/amd64
  d: {image: "x:\${UNSET}"}
  e: {image: me/e, build: .}
`,
  };
  assert.deepEqual(imagesIn(files), [
    "docker-compose.yml:2:15 compose me/app:1.2 linux/amd64,linux/arm64",
    "docker-compose.yml:3:15 compose other:1.2 linux/amd64,linux/arm64",
    "docker-compose.yml:5:12 compose old linux/amd64!",
    "docker-compose.yml:7:15 compose x:\uFFFC linux/amd64,linux/arm64",
  ]);
  const tag = manifestsIn(files).images[0]?.value.pieces.at(-1);
  assert.deepEqual([tag?.place?.path, tag?.place?.line, tag?.through], [".env", 2, ["TAG"]]);
});

test("reads builds, also of what services inherit", () => {
  const text = `x-base: &base
  build:
    context: ./app
    dockerfile: Dockerfile.dev
    target: dev
    args: [A=1, "B=\${B:-2}", C]
    platforms: [linux/amd64]
services:
  app:
    <<: *base
    image: me/app
  twin:
    extends: {service: app}
  remote: {build: "https://github.com/a/b.git"}
`;
  const { calls } = manifestsIn({ "deploy/compose.yaml": text });
  assert.deepEqual(calls.filter(({ machine }) => machine.architecture === "arm64").map(briefCall), [
    "deploy/compose.yaml:9-9 compose deploy/app/Dockerfile.dev in deploy/app target dev for linux/amd64 A=1 B=2 C= as me/app publishes false",
    "deploy/compose.yaml:14-14 compose ? in ? publishes false",
  ]);
});

test("takes other YAML for no compose file", () => {
  assert.deepEqual(manifestsIn({ "compose-notes.yaml": "a: 1\nb: [c]\n" }).manifests, []);
});

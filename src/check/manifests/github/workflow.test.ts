import assert from "node:assert/strict";
import { test } from "node:test";
import { briefCall, briefCommands, imagesIn, manifestsIn } from "../test-manifests.ts";

const workflow = (text: string) => ({ ".github/workflows/a.yml": text });

test("reads builds of docker/build-push-action with matrix, environment and outputs", () => {
  const { calls } = manifestsIn(
    workflow(`on: push
env:
  IMAGE: me/app
jobs:
  release:
    runs-on: ubuntu-latest
    strategy:
      matrix:
        base: [debian, alpine]
        exclude:
          - base: alpine
        include:
          - base: ubi
    steps:
      - run: echo "TAGS=$IMAGE:1-\${{ matrix.base }}" >> $GITHUB_ENV
      - uses: docker/build-push-action@v5
        with:
          context: .
          file: ./\${{ matrix.base }}/Dockerfile
          platforms: linux/amd64
          build-args: |
            A=1
            B=\${{ env.IMAGE }}
          push: true
          tags: \${{ env.TAGS }}
`),
  );
  assert.deepEqual(calls.map(briefCall), [
    ".github/workflows/a.yml:16-25 docker/build-push-action debian/Dockerfile in . for linux/amd64 A=1 B=me/app as me/app:1-debian publishes true",
    ".github/workflows/a.yml:16-25 docker/build-push-action ubi/Dockerfile in . for linux/amd64 A=1 B=me/app as me/app:1-ubi publishes true",
  ]);
  assert.equal(calls[0]?.platforms?.[0]?.pieces[0]?.place?.line, 20);
});

test("tells what is published, joined to an index, and for tests", () => {
  const step = (given: string) => `on: push
jobs:
  test:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/build-push-action@v5
        with: {${given}}
`;
  const briefs = (text: string) => manifestsIn(workflow(text)).calls.map(briefCall);
  const start = ".github/workflows/a.yml:6-7 docker/build-push-action Dockerfile in .";
  assert.deepEqual(briefs(step("load: true")), [`${start} publishes false for tests`]);
  assert.deepEqual(briefs(step('push: "${{ github.event_name }}"')), [`${start} publishes unknown`]);
  assert.deepEqual(briefs(step('outputs: "type=image,push-by-digest=true,push=true"')), [
    `${start} publishes true joined`,
  ]);
  const joined = `${step("push: true")}      - run: docker buildx imagetools create -t a b c\n`;
  assert.deepEqual(briefs(joined), [`${start} publishes true joined`]);
});

test("runs steps on the runner's platform, with conditions and expressions", () => {
  const { executions } = manifestsIn(
    workflow(`on: push
jobs:
  build:
    runs-on: \${{ matrix.arch == 'arm64' && 'ubuntu-24.04-arm' || 'ubuntu-latest' }}
    strategy:
      matrix: {arch: [amd64, arm64]}
    steps:
      - if: matrix.arch == 'arm64'
        run: make arm
      - run: |
          make build ARCH='\${{ matrix.arch }}'
      - shell: pwsh
        run: Get-Item x
  windows:
    runs-on: windows-latest
    steps:
      - run: make windows
`),
  );
  assert.deepEqual(briefCommands(executions), [
    "11 amd64 make build ARCH=amd64",
    "9 arm64 make arm",
    "11 arm64 make build ARCH=arm64",
  ]);
  const [first] = executions;
  const piece = first?.trace.commands[0]?.words[2]?.pieces.at(-1);
  assert.equal(piece?.dependsOnPlatform, true);
  assert.equal(piece?.place?.line, 6);
});

test("follows actions and workflows of the repository with what their callers give", () => {
  const files = {
    ".github/workflows/release.yml":
      "on: push\njobs:\n  a:\n    uses: ./.github/workflows/build.yml\n    with: {platforms: linux/arm64}\n",
    ".github/workflows/build.yml":
      "on:\n  workflow_call:\n    inputs:\n      platforms: {type: string}\njobs:\n  b:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./.github/actions/image\n        with:\n          platforms: ${{ inputs.platforms }}\n",
    ".github/actions/image/action.yml":
      "inputs:\n  platforms: {default: linux/amd64}\n  push: {default: 'true'}\nruns:\n  using: composite\n  steps:\n    - uses: docker/build-push-action@v5\n      with:\n        platforms: ${{ inputs.platforms }}\n        push: ${{ inputs.push }}\n",
  };
  assert.deepEqual(manifestsIn(files).calls.map(briefCall), [
    ".github/actions/image/action.yml:7-10 docker/build-push-action Dockerfile in . for linux/arm64 publishes true",
  ]);
});

test("reads images of containers, services and docker:// steps for the runner's platform", () => {
  const text = `on: push
jobs:
  a:
    runs-on: ubuntu-24.04-arm
    container: node:20
    services:
      db: {image: "postgres:\${{ '16' }}"}
    steps:
      - uses: docker://alpine:3.19
`;
  assert.deepEqual(imagesIn(workflow(text)), [
    ".github/workflows/a.yml:5:16 ci node:20 linux/arm64",
    ".github/workflows/a.yml:7:19 ci postgres:16 linux/arm64",
    ".github/workflows/a.yml:9:24 ci alpine:3.19 linux/arm64",
  ]);
});

test("ends on workflows that call themselves and on matrices without measure", () => {
  const call = "on: workflow_call\njobs:\n  a:\n    uses: ./.github/workflows/a.yml\n";
  assert.deepEqual(manifestsIn(workflow(call)).calls, []);
  const list = JSON.stringify(Array.from({ length: 100 }, (_, index) => index));
  const text = `on: push\njobs:\n  a:\n    runs-on: x\n    strategy:\n      matrix: {a: ${list}, b: ${list}, c: ${list}}\n    steps: [{run: make}]\n`;
  assert.equal(manifestsIn(workflow(text)).executions.length, 1);
});

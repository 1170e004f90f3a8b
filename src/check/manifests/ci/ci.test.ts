import assert from "node:assert/strict";
import { test } from "node:test";
import { briefCall, briefCommands, imagesIn, manifestsIn } from "../test-manifests.ts";

function read(
  path: string,
  text: string,
): { commands: string[]; calls: string[]; images: string[]; systems: string[] } {
  const { executions, calls, manifests } = manifestsIn({ [path]: text });
  return {
    commands: briefCommands(executions),
    calls: calls.map(briefCall),
    images: imagesIn({ [path]: text }),
    systems: manifests.flatMap((manifest) => (manifest.kind === "ci" ? [manifest.system] : [])),
  };
}

test("reads GitLab's jobs: templates, references, matrix, variables and runners", () => {
  const { commands, images } = read(
    ".gitlab-ci.yml",
    `variables: {IMAGE: $CI_REGISTRY_IMAGE/app}
.base:
  image: docker:26
  before_script: [docker login]
build:
  extends: .base
  parallel:
    matrix:
      - ARCH: [amd64, arm64]
  tags: [linux-$ARCH]
  script:
    - docker build --platform linux/$ARCH -t me/app:$ARCH .
    - !reference [.base, before_script]
`,
  );
  assert.deepEqual(commands, [
    "4 amd64 docker login",
    "12 amd64 docker build --platform linux/amd64 -t me/app:amd64 .",
    "4 amd64 docker login",
    "4 arm64 docker login",
    "12 arm64 docker build --platform linux/arm64 -t me/app:arm64 .",
    "4 arm64 docker login",
  ]);
  assert.deepEqual(images, [".gitlab-ci.yml:3:10 ci docker:26 linux/amd64,linux/arm64"]);
});

test("reads Drone's pipelines: platform, plugins, and the step that joins", () => {
  const pipeline = (arch: string) => `kind: pipeline
name: ${arch}
platform: {os: linux, arch: ${arch}}
steps:
- name: publish
  image: plugins/docker
  settings:
    repo: me/app
    tags: [latest-${arch}]
    build_args: [A=1]
- name: build
  image: golang:1.22
  commands: [make all]
`;
  const join = "---\nkind: pipeline\nsteps:\n- image: plugins/manifest\n";
  const { calls, commands } = read(".drone.yml", `${pipeline("amd64")}---\n${pipeline("arm64")}${join}`);
  assert.deepEqual(calls, [
    ".drone.yml:5-10 plugins/docker Dockerfile in . A=1 as me/app:latest-amd64 publishes true joined",
    ".drone.yml:19-24 plugins/docker Dockerfile in . A=1 as me/app:latest-arm64 publishes true joined",
  ]);
  assert.deepEqual(commands, ["13 amd64 make all", "27 arm64 make all"]);
  assert.deepEqual(read(".drone.yml", pipeline("amd64")).calls, [
    ".drone.yml:5-10 plugins/docker Dockerfile in . A=1 as me/app:latest-amd64 publishes true",
  ]);
});

test("reads Woodpecker's steps with settings, labels and matrix", () => {
  const { calls, commands } = read(
    ".woodpecker/a.yaml",
    `matrix: {ARCH: [amd64, arm64]}
labels: {platform: "linux/\${ARCH}"}
steps:
  image:
    image: woodpeckerci/plugin-docker-buildx:2
    settings: {repo: me/app, platforms: "linux/amd64,linux/arm64", dry_run: true}
  test:
    image: alpine
    commands: [uname -m]
`,
  );
  assert.deepEqual(calls.slice(0, 1), [
    ".woodpecker/a.yaml:5-6 woodpeckerci/plugin-docker-buildx Dockerfile in . for linux/amd64,linux/arm64 as me/app:latest publishes false for tests",
  ]);
  assert.deepEqual(commands, ["9 amd64 uname -m", "9 arm64 uname -m"]);
});

test("reads CircleCI's jobs with executors, commands, parameters and matrices", () => {
  const { commands, images } = read(
    ".circleci/config.yml",
    `version: 2.1
executors:
  arm: {machine: {image: "ubuntu-2204:current"}, resource_class: arm.medium}
commands:
  push:
    parameters: {tag: {type: string, default: latest}}
    steps: [{run: "docker push me/app:<< parameters.tag >>"}]
jobs:
  build:
    parameters: {arch: {type: string}}
    docker: [{image: "cimg/base:2024"}]
    steps:
      - run: {command: "make << parameters.arch >>"}
      - push: {tag: "<< parameters.arch >>"}
  native:
    executor: arm
    steps: [push]
workflows:
  main:
    jobs:
      - native
      - build: {matrix: {parameters: {arch: [amd64, arm64]}}}
`,
  );
  assert.deepEqual(commands, [
    "13 amd64 make amd64",
    "7 amd64 docker push me/app:amd64",
    "13 amd64 make arm64",
    "7 amd64 docker push me/app:arm64",
    "7 arm64 docker push me/app:latest",
  ]);
  assert.deepEqual(images, [".circleci/config.yml:11:23 ci cimg/base:2024 linux/amd64"]);
});

test("reads Travis' jobs with architectures, environment and phases", () => {
  const { commands } = read(
    ".travis.yml",
    `arch: [amd64, arm64]
env:
  global: [IMAGE=me/app]
  jobs: [V=1]
script: docker build -t $IMAGE:$V .
after_success: docker push $IMAGE:$V
`,
  );
  assert.deepEqual(commands, [
    "5 amd64 docker build -t me/app:1 .",
    "6 amd64 docker push me/app:1",
    "5 arm64 docker build -t me/app:1 .",
    "6 arm64 docker push me/app:1",
  ]);
  const included = read(
    ".travis.yml",
    "jobs:\n  include:\n    - arch: arm64\n      script: make a\n    - os: osx\n      script: make b\n",
  );
  assert.deepEqual(included.commands, ["4 arm64 make a"]);
});

test("reads Azure's stages, variables, matrix and the Docker task", () => {
  const { commands, calls } = read(
    "azure-pipelines.yml",
    `variables: {image: me/app}
stages:
- stage: release
  jobs:
  - job: a
    pool: {vmImage: ubuntu-22.04}
    strategy: {matrix: {x: {arch: amd64}, y: {arch: arm64}}}
    steps:
    - script: make $(arch) IMAGE=$(image) DATE=$(date)
    - task: Docker@2
      inputs: {command: buildAndPush, Dockerfile: app/Dockerfile, repository: $(image), tags: "1"}
`,
  );
  assert.deepEqual(
    commands.filter((command) => command.includes("make")).map((command) => command.slice(0, 34)),
    ["9 amd64 make amd64 IMAGE=me/app DA", "9 amd64 make arm64 IMAGE=me/app DA"],
  );
  assert.deepEqual(calls, ["azure-pipelines.yml:10-11 Docker@2 app/Dockerfile in app as me/app:1 publishes true"]);
});

test("reads kaniko's arguments and the scripts of Tekton's tasks", () => {
  const { commands, calls } = read(
    "task.yaml",
    `apiVersion: tekton.dev/v1
kind: Task
spec:
  steps:
  - image: alpine
    script: |
      #!/bin/sh -e
      make $(params.target)
  - image: gcr.io/kaniko-project/executor:v1.9.0
    args: ["--context=dir:///workspace/source/app", "--dockerfile=Dockerfile", "--destination=me/app:1", "--custom-platform=linux/arm64"]
`,
  );
  assert.deepEqual(commands, ["8 amd64 make \uFFFC"]);
  assert.deepEqual(calls, ["task.yaml:9-10 kaniko app/Dockerfile in app for linux/arm64 as me/app:1 publishes true"]);
});

test("reads Concourse's builds, tasks and images", () => {
  const { commands, calls, images } = read(
    "ci/pipeline.yml",
    `resources:
- {name: repo, type: git, source: {uri: x}}
- {name: image, type: docker-image, source: {repository: me/app}}
jobs:
- name: build
  plan:
  - get: repo
  - task: compile
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: golang, tag: "1.22"}}
      run: {path: sh, args: [-ec, "make all"]}
  - task: oci
    config:
      platform: linux
      image_resource: {type: registry-image, source: {repository: concourse/oci-build-task}}
      params: {CONTEXT: repo/app, IMAGE_PLATFORM: "linux/amd64,linux/arm64"}
      run: {path: build}
  - put: image
    params: {build: repo}
`,
  );
  assert.deepEqual(commands, ["12 amd64 make all"]);
  assert.deepEqual(calls, [
    "ci/pipeline.yml:13-18 oci-build-task app/Dockerfile in app for linux/amd64,linux/arm64 publishes unknown",
    "ci/pipeline.yml:19-20 docker-image Dockerfile in . as me/app:\uFFFC publishes true",
  ]);
  assert.deepEqual(images[0], "ci/pipeline.yml:11:67 ci golang:1.22 linux/amd64");
});

test("says nothing of files that only look like CI", () => {
  for (const path of [".travis.yml", ".drone.yml", ".gitlab-ci.yml", ".circleci/config.yml", "azure-pipelines.yml"]) {
    assert.deepEqual(read(path, "- a\n- b: {c: [1]}\n").calls, []);
    assert.deepEqual(read(path, "jobs: 1\nsteps: 2\npipeline: x\ninclude: {}\n").commands, []);
  }
});

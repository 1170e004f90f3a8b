import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { parseConfig } from "../../config/parse-config.ts";
import { parsePlatformList } from "../../platform/platform.ts";
import { writeFirstPipeline } from "./first-pipeline.ts";
import { mainBranch, suggestDestination } from "./git-facts.ts";
import { recognizeImages } from "./images.ts";
import { recognizeLanguages } from "./languages.ts";
import type { RepositoryFiles } from "./repository-files.ts";

/** A repository in memory. */
function repository(content: Readonly<Record<string, string>>): RepositoryFiles {
  return { names: Object.keys(content), read: (name) => content[name] };
}

function pipelineOf(content: Readonly<Record<string, string>>): string {
  const files = repository(content);
  const text = writeFirstPipeline({
    platforms: parsePlatformList("amd64,arm64"),
    branch: mainBranch(files),
    languages: recognizeLanguages(files),
    images: recognizeImages(files),
    destination: suggestDestination(files),
  });
  const { jobs } = parseConfig(text, "/repository/.archway.yaml");
  assert.ok(Object.keys(jobs).length > 0, "the file is a pipeline");
  return text;
}

test("a Go repository with a Dockerfile gets a test job and an image job", () => {
  const text = pipelineOf({
    "go.mod": "module example.com/app\n\ngo 1.26.1\n",
    "go.sum": "",
    Dockerfile: "FROM scratch\n",
    ".git/config": '[remote "origin"]\n\turl = git@github.com:Team/App.git\n',
  });
  assert.equal(
    text,
    `version: 1
platforms: [linux/amd64, linux/arm64]
on:
  push: { branches: [main] }
  tag: ["v*"]
  pull_request: {}
jobs:
  test:
    platforms: all # one job per platform, each on a machine of that platform
    image: golang:1.26
    cache: [{ path: /go/pkg/mod, key: "gomod-\${{ hash('go.sum') }}" }]
    steps:
      - go vet ./...
      - go test ./...
  image:
    needs: test
    build: {}
    # To publish the image, write this instead (and the login of the registry under registries):
    # build: { tags: ["ghcr.io/team/app:\${{ git.tag || git.short_sha }}"], push: true }
`,
  );
});

test("versions are taken from where they are written", () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, image: string])[] = [
    [{ "go.mod": "module a\n" }, "golang:1"],
    [{ "go.mod": "go 1.24\ntoolchain go1.26.2\n" }, "golang:1.24"],
    [{ "package.json": '{"engines":{"node":">=22.15"}}' }, "node:22"],
    [{ "package.json": "{}", ".nvmrc": "v24.1.0\n" }, "node:24"],
    [{ "package.json": "{}", ".nvmrc": "lts/*\n" }, "node:lts"],
    [{ "pyproject.toml": '[project]\nrequires-python = ">=3.11,<4"\n' }, "python:3.11"],
    [{ "requirements.txt": "flask\n", ".python-version": "3.13.1\n" }, "python:3.13"],
    [{ "setup.py": 'setup(python_requires=">=3.9")' }, "python:3.9"],
    [{ "Cargo.toml": '[package]\nrust-version = "1.80"\n' }, "rust:1.80"],
    [{ "Cargo.toml": "", "rust-toolchain.toml": '[toolchain]\nchannel = "1.90.0"\n' }, "rust:1.90"],
    [{ "Cargo.toml": "", "rust-toolchain": "stable\n" }, "rust:1"],
    [{ "pom.xml": "<java.version>1.8</java.version>" }, "maven:3-eclipse-temurin-8"],
    [{ "build.gradle.kts": "kotlin { jvmToolchain(17) }" }, "gradle:jdk17"],
    [{ "build.gradle": "sourceCompatibility = JavaVersion.VERSION_1_8", gradlew: "" }, "eclipse-temurin:8"],
    [{ "CMakeLists.txt": "project(a)" }, "debian:stable"],
    [{ Makefile: "all:\n", "main.c": "" }, "gcc:14"],
  ];
  for (const [content, image] of cases) {
    pipelineOf(content);
    assert.deepEqual(
      recognizeLanguages(repository(content)).map((language) => language.image),
      [image],
    );
  }
});

test("tests run with the tools that the repository uses", () => {
  const steps = (content: Readonly<Record<string, string>>) => recognizeLanguages(repository(content))[0]?.steps;
  const tested = '{"scripts":{"test":"x"}}';
  assert.deepEqual(steps({ "package.json": tested, "package-lock.json": "" }), ["npm ci", "npm test"]);
  assert.deepEqual(steps({ "package.json": "{}" }), ["npm install"]);
  assert.deepEqual(steps({ "package.json": tested, "yarn.lock": "" }), ["yarn install --frozen-lockfile\nyarn test"]);
  assert.match(
    steps({ "package.json": tested, "pnpm-lock.yaml": "" })?.[0] ?? "",
    /corepack enable\npnpm install[^]*pnpm test$/,
  );
  assert.deepEqual(steps({ "requirements.txt": "pytest\n" }), [
    "pip install --requirement requirements.txt\npip install pytest\npython -m pytest",
  ]);
  assert.deepEqual(steps({ "setup.py": "" }), ["pip install .\npython -m unittest discover"]);
  assert.deepEqual(steps({ Makefile: "test := 1\ncheck: all\n" }), ["make", "make check"]);
  assert.deepEqual(steps({ "Cargo.toml": "", "Cargo.lock": "" }), ["cargo test --locked"]);
});

test("several languages and Dockerfiles get a job each, and the images wait for all tests", () => {
  const text = pipelineOf({
    "go.mod": "go 1.26\n",
    "package.json": "not JSON",
    Makefile: "test:\n",
    "docker/Dockerfile": "",
    "web_ui/Dockerfile": "",
  });
  const { jobs } = parse(text) as {
    readonly jobs: Readonly<Record<string, { readonly needs?: unknown; readonly build?: unknown }>>;
  };
  assert.deepEqual(Object.keys(jobs), ["test-go", "test-node", "image-docker", "image-web-ui"]);
  assert.deepEqual(jobs["image-docker"], { needs: ["test-go", "test-node"], build: { file: "docker/Dockerfile" } });
  assert.deepEqual(jobs["image-web-ui"]?.build, { context: "web_ui" });
  assert.match(text, /# package\.json is not readable as JSON/);
});

test("a repository of nothing known gets a job to start from", () => {
  assert.match(pipelineOf({ "README.md": "" }), /jobs:\n {2}test:\n[^]*image: alpine:3\n[^]*- uname -m\n$/);
});

test("branch and destination come from Git", () => {
  const git = (content: Readonly<Record<string, string>>) => repository(content);
  assert.equal(mainBranch(git({ ".git/refs/remotes/origin/HEAD": "ref: refs/remotes/origin/trunk\n" })), "trunk");
  assert.equal(mainBranch(git({ ".git/HEAD": "ref: refs/heads/master\n" })), "master");
  assert.equal(mainBranch(git({ ".git/HEAD": "ref: refs/heads/feature\n" })), "main");
  const remote = (url: string) => suggestDestination(git({ ".git/config": `[remote "origin"]\n\turl = ${url}\n` }));
  assert.equal(remote("https://user:token@gitlab.com/a/b/c.git"), "registry.gitlab.com/a/b/c");
  assert.equal(remote("ssh://git@git.example:2222/a/b"), "registry.example/a/b");
  assert.equal(remote("/srv/git/a b"), "registry.example/app");
});

test("projects in folders get a job each, which runs in its folder", () => {
  const text = pipelineOf({
    "services/api/go.mod": "module a\n\ngo 1.26\n",
    "services/api/go.sum": "",
    "services/api/Dockerfile": "FROM scratch\n",
    "services/api/tools/go.mod": "module tools\n",
    "web/package.json": '{ "scripts": { "test": "x" } }',
    "docker/base/Dockerfile": "FROM scratch\n",
  });
  const { jobs } = parseConfig(text, "/r/.archway.yaml");
  assert.deepEqual(Object.keys(jobs), ["test-services-api", "test-web", "image-services-api", "image-docker-base"]);
  assert.match(text, /key: "gomod-\$\{\{ hash\('services\/api\/go\.sum'\) \}\}"/);
  assert.match(text, /- directory: services\/api\n {8}run: go test \.\/\.\.\.\n/);
  assert.match(text, /build: \{ file: docker\/base\/Dockerfile \}/);
});

test("tests of Python in a folder that is no package are named", () => {
  const text = pipelineOf({ "setup.py": "", "tests/test_a.py": "" });
  assert.match(text, /python -m unittest discover --start-directory tests\n/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { allMinimumVersions } from "../../packages/minimum-versions.ts";
import type { CheckFinding } from "../../check.ts";
import { findingsIn, type KnownFacts } from "../../test-check.ts";
import { packagesRules } from "./packages-rules.ts";

const own = new Set(packagesRules.map(({ id }) => id));

async function found(files: Record<string, string>, facts?: KnownFacts): Promise<string[]> {
  const findings = await findingsIn(files, facts === undefined ? {} : { facts });
  return findings
    .filter(({ rule }) => own.has(rule))
    .map(brief)
    .toSorted();
}

const brief = ({ rule, path, line, severity }: CheckFinding): string => `${severity} ${rule} ${path}:${line ?? 0}`;

const slim = (install: string, packages = ""): string => `FROM python:3.9-slim
${packages === "" ? "" : `RUN apt-get update && apt-get install -y ${packages}\n`}COPY requirements.txt ./
RUN ${install}
`;

test("a pinned package without a wheel is found, and what the image lacks to compile it", async () => {
  assert.deepEqual(
    await found({
      "requirements.txt": "flask==1.0\nlz4==2.0.0\n",
      Dockerfile: slim("pip install -r requirements.txt"),
    }),
    ["error pip-sdist-needs-toolchain Dockerfile:3", "warning pip-no-arm64-wheel requirements.txt:2"],
  );
  assert.deepEqual(
    await found({
      "requirements.txt": "lz4==2.0.0\n",
      Dockerfile: slim("pip install -r requirements.txt", "gcc libc6-dev"),
    }),
    ["note pip-no-arm64-wheel requirements.txt:1"],
  );
});

test("a compiler is not enough for a package that needs a library's headers", async () => {
  const files = { "requirements.txt": "confluent-kafka==1.5.0\n" };
  assert.deepEqual(await found({ ...files, Dockerfile: slim("pip install -r requirements.txt", "build-essential") }), [
    "error pip-sdist-needs-toolchain Dockerfile:4",
    "warning pip-no-arm64-wheel requirements.txt:1",
  ]);
  assert.deepEqual(
    await found({ ...files, Dockerfile: slim("pip install -r requirements.txt", "build-essential librdkafka-dev") }),
    ["note pip-no-arm64-wheel requirements.txt:1"],
  );
  // The list of packages is not known: nothing can be said to be missing.
  assert.deepEqual(await found({ ...files, Dockerfile: slim("pip install -r requirements.txt", "$(cat packages)") }), [
    "warning pip-no-arm64-wheel requirements.txt:1",
  ]);
  assert.deepEqual(
    await found({ ...files, Dockerfile: "FROM registry.example/own\nCOPY . .\nRUN pip install -r requirements.txt\n" }),
    ["warning pip-no-arm64-wheel requirements.txt:1"],
  );
});

test("markers, open ranges, pure packages and newer versions raise nothing", async () => {
  assert.deepEqual(
    await found({
      "requirements.txt":
        "lz4==2.0.0 ; platform_machine == 'x86_64'\ngrpcio>=1.30\ngrpcio-tools\nnumpy==1.21.0\nrequests==2.0\nlxml>=4,!=4.2\npsycopg2==2.8.6\n",
      Dockerfile: slim("pip install -r requirements.txt"),
    }),
    [],
  );
});

test("wheels for glibc do not count on Alpine: both platforms compile", async () => {
  assert.deepEqual(
    await found({
      "requirements.txt": "lz4==2.0.0\n",
      Dockerfile: "FROM python:3.9-alpine\nCOPY requirements.txt .\nRUN pip install -r requirements.txt\n",
    }),
    [],
  );
});

test("what only development needs is lighter", async () => {
  assert.deepEqual(
    await found({
      "requirements-dev.txt": "lz4==2.0.0\n",
      "pyproject.toml": '[tool.poetry.group.dev.dependencies]\nregex = "2019.1.1"\n',
    }),
    ["note pip-no-arm64-wheel pyproject.toml:2", "note pip-no-arm64-wheel requirements-dev.txt:1"],
  );
});

test("packages that a command names are found at the command", async () => {
  assert.deepEqual(
    await found({ Dockerfile: "FROM python:3.9-slim\nRUN pip install --no-cache-dir flask lz4==2.0.0\n" }),
    ["error pip-sdist-needs-toolchain Dockerfile:2"],
  );
  assert.deepEqual(await found({ Dockerfile: "FROM python:3.9\nRUN pip install lz4==2.0.0\n" }), [
    "note pip-no-arm64-wheel Dockerfile:2",
  ]);
});

test("facts win over the table, and the wheels in a lock file count", async () => {
  const files = { "requirements.txt": "lz4==2.0.0\nownpkg==1.0\n" };
  const [amd64] = [{ os: "linux", architecture: "amd64" }];
  assert.deepEqual(
    await found(files, {
      packages: { "pypi:lz4@2.0.0": { platforms: "all" }, "pypi:ownpkg@1.0": { platforms: [amd64] } },
    }),
    ["warning pip-no-arm64-wheel requirements.txt:2"],
  );
  assert.deepEqual(
    await found({
      "pyproject.toml": '[project]\ndependencies = ["own>=1"]\n',
      "uv.lock":
        '[[package]]\nname = "own"\nversion = "1.2"\nwheels = [\n{ url = "https://x/own-1.2-cp39-cp39-manylinux2014_x86_64.whl" },\n]\n\n[[package]]\nname = "good"\nversion = "1"\nwheels = [\n{ url = "https://x/good-1-py3-none-any.whl" },\n]\n',
    }),
    ["warning pip-no-arm64-wheel pyproject.toml:2"],
  );
});

test("packages of npm with a binary", async () => {
  const json = (dependencies: Record<string, string>, dev: Record<string, string> = {}): string =>
    JSON.stringify({ dependencies, devDependencies: dev }, undefined, 1);
  assert.deepEqual(
    await found({ "package.json": json({ "node-sass": "^7.0.1", sharp: "^0.30.0", grpc: "*" }, { cypress: "9.0.0" }) }),
    ["note npm-native-no-arm64 package.json:8", "warning npm-native-no-arm64 package.json:3"],
  );
  assert.deepEqual(
    await found({
      "package.json": json({ sqlite3: "^5.0.0" }),
      "package-lock.json": '{"packages":{"node_modules/sqlite3":{"version":"5.0.2"}}}',
    }),
    ["warning npm-native-no-arm64 package.json:3"],
  );
  assert.deepEqual(await found({ "package.json": json({ sqlite3: "^5.0.0" }) }), []);
  const install = (base: string): string => `FROM ${base}\nCOPY package.json ./\nRUN npm ci\n`;
  assert.deepEqual(await found({ "package.json": json({ sqlite3: "5.0.2" }), Dockerfile: install("node:18") }), [
    "note npm-native-no-arm64 package.json:3",
  ]);
  assert.deepEqual(await found({ "package.json": json({ sqlite3: "5.0.2" }), Dockerfile: install("node:18-slim") }), [
    "warning npm-native-no-arm64 package.json:3",
  ]);
  assert.deepEqual(
    await found({
      "package.json": json({ puppeteer: "^10.0.0" }),
      Dockerfile: "FROM node:18\nENV PUPPETEER_SKIP_DOWNLOAD=true\nRUN npm ci\n",
    }),
    [],
  );
  assert.deepEqual(await found({ "package.json": json({ "@esbuild/linux-x64": "0.17.0" }) }), [
    "warning npm-native-no-arm64 package.json:3",
  ]);
  assert.deepEqual(
    await found({
      "package.json": '{"optionalDependencies": {"@esbuild/linux-x64": "1",\n"@esbuild/linux-arm64": "1"}}',
      "package-lock.json":
        '{"packages":{"node_modules/@esbuild/linux-x64":{"version":"1.0.0","cpu":["x64"],"optional":true}}}',
    }),
    [],
  );
  assert.deepEqual(await found({ "package.json": '{"dependencies": {},\n"cpu": ["x64"]}' }), [
    "warning npm-native-no-arm64 package.json:2",
  ]);
  assert.deepEqual(await found({ "package.json": '{"dependencies": {},\n"cpu": ["x64", "arm64"]}' }), []);
});

const dependency = (group: string, name: string, more: string): string =>
  `<dependency>\n<groupId>${group}</groupId>\n<artifactId>${name}</artifactId>\n${more}\n</dependency>\n`;

test("classifiers of Maven and Gradle", async () => {
  const pom = (inner: string): string => `<project><dependencies>\n${inner}</dependencies></project>`;
  const epoll = (classifier: string): string =>
    dependency("io.netty", "epoll", `<classifier>${classifier}</classifier>`);
  assert.deepEqual(await found({ "pom.xml": pom(epoll("linux-x86_64")) }), ["warning maven-arch-classifier pom.xml:5"]);
  for (const good of [
    epoll("linux-x86_64") + epoll("linux-aarch_64"),
    epoll("${os.detected.classifier}"),
    epoll("sources"),
    epoll("osx-x86_64"),
  ])
    assert.deepEqual(await found({ "pom.xml": pom(good) }), [], good);
  assert.deepEqual(
    await found({
      "pom.xml": `<project><profiles><profile><activation><os><arch>amd64</arch></os></activation><dependencies>\n${epoll("linux-x86_64")}</dependencies></profile></profiles></project>`,
    }),
    [],
  );
  assert.deepEqual(await found({ "build.gradle": "implementation 'io.netty:epoll:4.1.60:linux-x86_64'\n" }), [
    "warning maven-arch-classifier build.gradle:1",
  ]);
  assert.deepEqual(
    await found({
      "build.gradle.kts":
        'implementation("io.netty:epoll:4.1.60:linux-x86_64")\nimplementation("io.netty:epoll:4.1.60:linux-aarch_64")\n',
    }),
    [],
  );
});

test("jars with native libraries, also through others and in scripts", async () => {
  const project = (inner: string): string => `<project>\n<dependencies>\n${inner}</dependencies>\n</project>`;
  const leveldb = dependency("org.fusesource.leveldbjni", "leveldbjni-all", "<version>1.8</version>");
  assert.deepEqual(await found({ "pom.xml": project(leveldb) }), ["warning jvm-native-lib pom.xml:5"]);
  assert.deepEqual(
    await found({ "pom.xml": project(dependency("org.xerial.snappy", "snappy-java", "<version>1.1.8</version>")) }),
    [],
  );
  const cassandra = dependency("org.apache.cassandra", "cassandra-all", "<version>${c.version}</version>");
  const script = (version: string): string =>
    `cat > pom.xml <<'EOF'\n${project(cassandra)}\nEOF\nmvn -q -Dc.version=${version} dependency:copy-dependencies\n`;
  const image = "FROM maven:3\nCOPY get.sh .\nRUN sh get.sh\n";
  assert.deepEqual(await found({ "get.sh": script("3.11.9"), Dockerfile: image }), ["warning jvm-native-lib get.sh:6"]);
  assert.deepEqual(await found({ "get.sh": script("4.0.1"), Dockerfile: image }), []);
  assert.deepEqual(await found({ "get.sh": script("$UNKNOWN"), Dockerfile: image }), ["note jvm-native-lib get.sh:6"]);
  const repaired = cassandra + dependency("net.java.dev.jna", "jna", "<version>5.6.0</version>");
  assert.deepEqual(await found({ "pom.xml": project(repaired) }), []);
});

test("crates and Go packages are told as notes", async () => {
  assert.deepEqual(
    await found({
      "Cargo.toml":
        '[dependencies]\nserde = "1"\nopenssl-sys = "0.9"\n[target.\'cfg(target_arch = "x86_64")\'.dependencies]\nfast = "1"\n',
      Dockerfile:
        "FROM --platform=$BUILDPLATFORM rust:1 AS build\nARG TARGETARCH\nRUN cargo build --release --target $(cat target)\nFROM debian\nCOPY --from=build /a /a\n",
    }),
    ["note cargo-native-build Cargo.toml:3", "note cargo-native-build Cargo.toml:5"],
  );
  assert.deepEqual(await found({ "Cargo.toml": '[dependencies]\nopenssl-sys = "0.9"\n' }), []);
  assert.deepEqual(await found({ "sum/sum.go": "package sum\n", "sum/sum_amd64.s": "TEXT" }), [
    "note go-assembly-only sum/sum_amd64.s:1",
  ]);
  assert.deepEqual(await found({ "sum/sum_generic.go": "package sum\n", "sum/sum_amd64.s": "TEXT" }), []);
  assert.deepEqual(await found({ "sum/sum.go": "//go:build !amd64\n\npackage sum\n", "sum/sum_amd64.s": "TEXT" }), []);
});

test("every entry of the table has a source with a date", () => {
  const entries = allMinimumVersions();
  assert.ok(entries.length > 100);
  for (const { name, since, source } of entries) {
    assert.match(source.url, /^https:\/\//, name);
    assert.match(source.date, /^20\d\d-\d\d-\d\d$/, name);
    assert.match(since, /^(?:never|\d[\w.]*)$/, name);
  }
});

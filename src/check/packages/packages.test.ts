import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePlatform, parsePlatformList } from "../../platform/platform.ts";
import type { Model } from "../model.ts";
import type { Reading } from "../reading.ts";
import { memoryRepository } from "../repository/memory-repository.ts";
import { mavenBound, npmBound, pythonBound, tomlBound } from "./constraint.ts";
import type { Dependency, PackageFile } from "./dependency.ts";
import { evaluateMarker } from "./marker.ts";
import { readPackages } from "./read-packages.ts";
import { compareVersions, isOlder } from "./version.ts";
import { hasWheel } from "./wheel.ts";

function readAll(files: Record<string, string>): { files: PackageFile[]; unreadable: Model["unreadable"][number][] } {
  const unreadable: Model["unreadable"][number][] = [];
  const reading: Reading = {
    repository: memoryRepository(files),
    platforms: parsePlatformList("linux/amd64,linux/arm64"),
    signal: new AbortController().signal,
    unreadable: (entry) => unreadable.push(entry),
  };
  return { files: readPackages(reading), unreadable };
}

function dependencies(files: Record<string, string>): Dependency[] {
  return readAll(files).files.flatMap(({ dependencies }) => dependencies);
}

const brief = ({ name, bound, place, use, platforms }: Dependency): string =>
  `${name} ${bound === undefined ? "any" : `${bound.inclusive ? "" : "<"}${bound.version}`} ${place.path}:${place.line}:${place.column} ${use}${platforms.length === 2 ? "" : ` ${platforms.map(({ architecture }) => architecture).join()}`}`;

test("versions are compared by their numbers, pre-releases before releases", () => {
  for (const [older, newer] of [
    ["1.9", "1.10"],
    ["1.0rc1", "1.0"],
    ["2.0.0-beta.1", "2.0.0"],
    ["4.1.50", "4.1.50.Final"],
    ["1.10.0", "1.10.0.post3"],
    ["5.18.3", "5.18.4"],
  ] as const)
    if (newer === "4.1.50.Final") assert.equal(compareVersions(older, newer), 0);
    else assert.ok(compareVersions(older, newer) < 0, `${older} < ${newer}`);
  assert.equal(compareVersions("1.0", "1.0.0"), 0);
  assert.ok(isOlder({ version: "2.0", inclusive: false }, "2.0"));
  assert.ok(!isOlder({ version: "2.0", inclusive: true }, "2.0"));
});

test("constraints tell the newest version that they let in", () => {
  assert.deepEqual(pythonBound("==3.0.2"), { version: "3.0.2", inclusive: true });
  assert.deepEqual(pythonBound(">=1.4,<2"), { version: "2", inclusive: false });
  assert.deepEqual(pythonBound("~=1.4.2"), { version: "1.5", inclusive: false });
  assert.deepEqual(pythonBound("==1.4.*"), { version: "1.5", inclusive: false });
  assert.equal(pythonBound(">=1.4"), undefined);
  assert.equal(pythonBound("!=1.4"), undefined);
  assert.deepEqual(npmBound("^4.14.1"), { version: "5", inclusive: false });
  assert.deepEqual(npmBound("^0.2.3"), { version: "0.3", inclusive: false });
  assert.deepEqual(npmBound("~1.2"), { version: "1.3", inclusive: false });
  assert.deepEqual(npmBound("1.2.3"), { version: "1.2.3", inclusive: true });
  assert.deepEqual(npmBound("1.x"), { version: "2", inclusive: false });
  assert.deepEqual(npmBound("1 || 3.0.1"), { version: "3.0.1", inclusive: true });
  assert.deepEqual(npmBound(">=1 <3"), { version: "3", inclusive: false });
  for (const open of ["*", "latest", ">=2", "github:a/b", "1 || *", "workspace:*"])
    assert.equal(npmBound(open), undefined, open);
  assert.deepEqual(tomlBound("^1.2", "caret"), { version: "2", inclusive: false });
  assert.deepEqual(tomlBound("1.2", "caret"), { version: "2", inclusive: false });
  assert.deepEqual(tomlBound("1.2", "exact"), { version: "1.2", inclusive: true });
  assert.deepEqual(tomlBound(">=1,<1.5", "caret"), { version: "1.5", inclusive: false });
  assert.deepEqual(mavenBound("4.1.50.Final"), { version: "4.1.50.Final", inclusive: true });
  assert.deepEqual(mavenBound("[1.0,2.0)"), { version: "2.0", inclusive: false });
  assert.equal(mavenBound("[1.0,)"), undefined);
  assert.equal(mavenBound("${x.version}"), undefined);
});

test("markers are evaluated per platform, with three values", () => {
  const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
  for (const [marker, onAmd64, onArm64] of [
    ["platform_machine == 'x86_64'", true, false],
    ["platform_machine != 'aarch64'", true, false],
    ["sys_platform == 'linux' and platform_machine == \"aarch64\"", false, true],
    ["python_version < '3.8'", undefined, undefined],
    ["python_version < '3.8' and platform_machine == 'x86_64'", undefined, false],
    ["python_version < '3.8' or platform_system == 'Linux'", true, true],
    ["(platform_machine in 'x86_64 amd64') and os_name != 'nt'", true, false],
    ["platform_machine not in 'x86_64'", false, true],
    ["nonsense", undefined, undefined],
  ] as const) {
    assert.equal(evaluateMarker(marker, amd64), onAmd64, marker);
    assert.equal(evaluateMarker(marker, arm64), onArm64, marker);
  }
});

test("the names of wheels tell for which platforms they are", () => {
  const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
  const files = [
    "a-1-cp39-cp39-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "a-1-cp39-cp39-macosx_11_0_arm64.whl",
    "a-1.tar.gz",
  ];
  assert.equal(hasWheel(files, amd64, "glibc"), true);
  assert.equal(hasWheel(files, arm64, "glibc"), false);
  assert.equal(hasWheel(files, arm64, "musl"), undefined);
  assert.equal(hasWheel(["a-1-py3-none-any.whl"], arm64, "glibc"), true);
  assert.equal(hasWheel(["a-1.tar.gz"], arm64, "glibc"), undefined);
});

test("requirements are read with their markers, includes and continued lines", () => {
  assert.deepEqual(
    dependencies({
      "requirements.txt":
        "-r more/base.in\n# no\nFoo_Bar==1.2 \\\n    --hash=sha256:abcd\nother[extra]>=1,<2 ; platform_machine == 'x86_64'\nplain\n./local\nhttps://x.example/a.whl\n-e .\n",
      "more/base.in": "numpy==1.18.0\n",
      "requirements-dev.txt": "black == 19.10\n",
    }).map(brief),
    [
      "numpy 1.18.0 more/base.in:1:1 program",
      "black 19.10 requirements-dev.txt:1:1 development",
      "foo-bar 1.2 requirements.txt:3:1 program",
      "other <2 requirements.txt:5:1 program amd64",
      "plain any requirements.txt:6:1 program",
    ],
  );
});

test("projects of Python are read", () => {
  const found = dependencies({
    "pyproject.toml": `[project]
dependencies = [
  "grpcio==1.30.0",
  "lz4<3; platform_machine != 'aarch64'",
]
[project.optional-dependencies]
fast = ["orjson~=2.0"]
dev = ["numpy==1.0"]
[tool.poetry.dependencies]
python = "^3.8"
gevent = "^1.5"
pandas = { version = "1.0.*", markers = "sys_platform == 'win32'" }
here = { path = "../here" }
[tool.poetry.group.dev.dependencies]
regex = "2019.1.1"
`,
    Pipfile: '[packages]\nlxml = "==4.0"\nany = "*"\n[dev-packages]\nujson = {version = "<2"}\n',
    "setup.cfg":
      "[options]\ninstall_requires =\n    bcrypt==3.0\n    cffi\n[options.extras_require]\ntest =\n    scipy==1.0\n",
    "Pipfile.lock": '{"default": {"lxml": {"version": "==4.0", "hashes": []}}, "develop": {"x": {"version": "==1"}}}',
  });
  assert.deepEqual(
    found.map(brief),
    [
      "lxml 4.0 Pipfile:2:1 program",
      "any any Pipfile:3:1 program",
      "ujson <2 Pipfile:5:1 development",
      "lxml 4.0 Pipfile.lock:1:14 program",
      "x 1 Pipfile.lock:1:71 development",
      "grpcio 1.30.0 pyproject.toml:3:3 program",
      "lz4 <3 pyproject.toml:4:3 program amd64",
      "orjson <3 pyproject.toml:7:9 program",
      "numpy 1.0 pyproject.toml:8:8 development",
      "gevent <2 pyproject.toml:11:1 program",
      "pandas <1.1 pyproject.toml:12:1 program",
      "regex <2020 pyproject.toml:15:1 development",
      "bcrypt 3.0 setup.cfg:3:5 program",
      "cffi any setup.cfg:4:5 program",
      "scipy 1.0 setup.cfg:7:5 development",
    ].map((line) => (line.startsWith("pandas") ? `${line} ` : line)),
  );
});

test("lock files of Python give versions and wheels", () => {
  const found = dependencies({
    "poetry.lock": `[[package]]
name = "Pandas"
version = "1.0.0"

[package.dependencies]
numpy = ">=1"

[metadata.files]
pandas = [
    {file = "pandas-1.0.0-cp38-cp38-manylinux1_x86_64.whl", hash = "sha256:1"},
    {file = "pandas-1.0.0.tar.gz", hash = "sha256:2"},
]
`,
    "uv.lock": `version = 1

[[package]]
name = "lz4"
version = "2.0.0"
source = { registry = "x" }
sdist = { url = "https://files.example/a/lz4-2.0.0.tar.gz", hash = "sha256:1" }
wheels = [
    { url = "https://files.example/b/lz4-2.0.0-cp38-cp38-manylinux1_x86_64.whl", hash = "sha256:2" },
]
`,
  });
  assert.deepEqual(found.map(brief), ["pandas 1.0.0 poetry.lock:2:1 program", "lz4 2.0.0 uv.lock:4:1 program"]);
  assert.deepEqual(
    found.map(({ files }) => files?.length),
    [2, 2],
  );
});

test("package.json takes versions from the lock file", () => {
  const found = dependencies({
    "package.json":
      '{\n  "dependencies": {"a": "^1.0.0", "b": "npm:c@~2.1"},\n  "devDependencies": {\n    "d": "*"\n  }, "cpu": ["x64"]\n}',
    "package-lock.json":
      '{"packages": {"node_modules/a": {"version": "1.4.0"}, "node_modules/d": {"version": "3.0.0"}}}',
    "yarn/package.json": '{"dependencies": {"@s/e": "^1"}, "cpu": []}',
    "yarn/yarn.lock": '"@s/e@^1", "@s/e@^1.2":\n  version "1.9.0"\n',
    "pnpm/package.json": '{"dependencies": {"f": "^1"}, "cpu": []}',
    "pnpm/pnpm-lock.yaml":
      "importers:\n  .:\n    dependencies:\n      f:\n        specifier: ^1\n        version: 1.2.3(x@1)\npackages:\n",
    "node_modules/z/package.json": '{"dependencies": {"no": "1"}}',
  });
  assert.deepEqual(found.map(brief), [
    "a 1.4.0 package.json:2:20 program",
    "c <2.2 package.json:2:35 program",
    "d 3.0.0 package.json:4:5 development",
    "f 1.2.3 pnpm/package.json:1:19 program",
    "@s/e 1.9.0 yarn/package.json:1:19 program",
  ]);
});

test("poms are read with properties, managed versions, parents, profiles and in here-documents", () => {
  const found = dependencies({
    "pom.xml": `<project>
  <properties><netty.version>4.1.40.Final</netty.version></properties>
  <dependencyManagement><dependencies><dependency>
    <groupId>io.netty</groupId><artifactId>epoll</artifactId><version>\${netty.version}</version>
  </dependency></dependencies></dependencyManagement>
</project>`,
    "app/pom.xml": `<project>
  <parent><groupId>g</groupId><artifactId>p</artifactId></parent>
  <dependencies>
    <dependency>
      <groupId>io.netty</groupId>
      <artifactId>epoll</artifactId>
      <classifier>linux-x86_64</classifier>
    </dependency>
    <dependency><groupId>a</groupId><artifactId>b</artifactId><version>\${not.set}</version><scope>test</scope></dependency>
  </dependencies>
  <profiles><profile><activation><os><arch>amd64</arch></os></activation><dependencies>
    <dependency><groupId>c</groupId><artifactId>d</artifactId><version>1</version></dependency>
  </dependencies></profile></profiles>
  <protocArtifact>com.google.protobuf:protoc:3.1.0:exe:linux-x86_64</protocArtifact>
</project>`,
    "get.sh":
      "cat > pom.xml <<EOF\n<project>\n<dependencies><dependency>\n<groupId>x</groupId>\n<artifactId>y</artifactId><version>2</version></dependency></dependencies>\n</project>\nEOF\n",
  });
  assert.deepEqual(found.map(brief), [
    "io.netty:epoll 4.1.40.Final app/pom.xml:6:7 program",
    "a:b any app/pom.xml:9:37 development",
    "c:d 1 app/pom.xml:12:37 program",
    "com.google.protobuf:protoc 3.1.0 app/pom.xml:14:3 program",
    "x:y 2 get.sh:5:1 program",
  ]);
  assert.equal(found[0]?.classifier?.place.line, 7);
  assert.equal(found[1]?.property, "not.set");
  assert.equal(found[2]?.condition, "amd64");
});

test("Gradle, Cargo and Go are read", () => {
  const found = dependencies({
    "build.gradle":
      "ext.nettyVersion = '4.1.1'\nimplementation \"io.netty:epoll:$nettyVersion:linux-x86_64\"\ntestImplementation 'a.b:c:1.0'\napi group: 'g.h', name: 'n', version: '2.0', classifier: 'linux-x86_64'\n// implementation 'no.no:no:1'\n",
    "Cargo.toml":
      '[dependencies]\nring = "0.16"\n[target.\'cfg(target_arch = "x86_64")\'.dependencies]\nfast = { version = "1", features = ["x"] }\n',
    ".cargo/config.toml":
      '[build]\ntarget = "x86_64-unknown-linux-musl"\n[target.x86_64-unknown-linux-gnu]\nrustflags = ["-C", "target-cpu=haswell"]\n',
    "rust-toolchain": "nightly\n",
    "go.mod":
      "module m\n\ngo 1.20\n\nrequire github.com/a/b v1.2.3\n\nrequire (\n\tgithub.com/c/d v0.0.1 // indirect\n)\n",
  });
  assert.deepEqual(found.map(brief), [
    "ring <0.17 Cargo.toml:2:1 program",
    "fast <2 Cargo.toml:4:1 program",
    "io.netty:epoll 4.1.1 build.gradle:2:16 program",
    "a.b:c 1.0 build.gradle:3:20 development",
    "g.h:n 2.0 build.gradle:4:5 program",
    "github.com/a/b 1.2.3 go.mod:5:9 program",
    "github.com/c/d 0.0.1 go.mod:8:2 program",
  ]);
  assert.equal(found[1]?.condition, 'cfg(target_arch = "x86_64")');
});

test("a broken file is told, and the others are read", () => {
  const { files, unreadable } = readAll({
    "a/package.json": '{"cpu": {',
    "b/pyproject.toml": "dependencies = [[[",
    "c/pom.xml": "<project><classifier>",
    "d/requirements.txt": "a==1\n",
    "e/pom.xml": "<classifier>".repeat(5000),
    "f/pyproject.toml": `dependencies = ${"[".repeat(5000)}`,
    "g/package.json": `{"cpu": ${"[".repeat(100_000)}`,
    "h/pom.xml": "<project><classifier/><parent><relativePath>../h/pom.xml</relativePath></parent><jna/></project>",
  });
  assert.deepEqual(
    files.map(({ path }) => path),
    ["d/requirements.txt", "h/pom.xml"],
  );
  assert.deepEqual(unreadable.map(({ place }) => place.path).toSorted(), [
    "a/package.json",
    "b/pyproject.toml",
    "c/pom.xml",
    "e/pom.xml",
    "f/pyproject.toml",
    "g/package.json",
  ]);
});

const names = [
  "package.json",
  "package-lock.json",
  "yarn.lock",
  "pnpm-lock.yaml",
  "requirements.txt",
  "pyproject.toml",
  "Pipfile",
  "Pipfile.lock",
  "poetry.lock",
  "setup.cfg",
  "pom.xml",
  "get.sh",
  "build.gradle",
  "Cargo.toml",
  ".cargo/config.toml",
  "go.mod",
];

const fragments = fc.array(
  fc.oneof(
    fc.constantFrom(
      '{"dependencies":',
      '{"a":"^1"}',
      "}",
      "[",
      "]",
      "\n",
      "<project>",
      "</project>",
      "<dependency>",
      "<artifactId>a</artifactId>",
      "${a}",
      "a==1",
      "; platform_machine == 'x86_64'",
      "[dependencies]\n",
      '"a:b:1"',
      "require (\n",
      "\ta/b v1.0.0\n",
      "[[package]]\n",
      'name = "a"\n',
      'version = "1"\n',
      "install_requires =\n  a==1",
      "\\\n",
      "\\",
    ),
    fc.string({ unit: "grapheme", maxLength: 12 }),
  ),
  { maxLength: 30 },
);

test("any text is read or told to be unreadable, quickly, and places lie in it", () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fragments, (name, parts) => {
      const text = parts.join("");
      const lines = text.split("\n");
      const started = performance.now();
      const { files } = readAll({
        [name]: text,
        "package.json": name === "package.json" ? text : '{"dependencies":{"a":"1"}}',
      });
      assert.ok(performance.now() - started < 1000);
      for (const { place } of files.flatMap(({ dependencies, settings }) => [...dependencies, ...settings])) {
        if (place.path !== name) continue;
        assert.ok(place.line >= 1 && place.endLine <= lines.length && place.endLine >= place.line);
        assert.ok(place.endColumn <= (lines[place.endLine - 1]?.length ?? 0) + 1);
      }
    }),
    { numRuns: 400 },
  );
});

test("long hostile texts end quickly", () => {
  for (const [name, text] of [
    ["requirements.txt", `a${"-".repeat(500_000)}`],
    ["requirements.txt", "a \\\n".repeat(100_000)],
    ["requirements.txt", `a; ${"(".repeat(100_000)}`],
    ["build.gradle", `"${"a.".repeat(200_000)}`],
    ["poetry.lock", `[[package]]\nname = "a"\n${"a.whl ".repeat(200_000)}`],
    ["yarn.lock", `"${"a@".repeat(200_000)}`],
    ["get.sh", `<artifactId>${"<project ".repeat(50_000)}`],
    ["setup.cfg", `[options]\ninstall_requires =\n ${" ".repeat(200_000)}x`],
    ["go.mod", `require ${"a".repeat(500_000)}`],
    [
      "pom.xml",
      `<project><properties><a>\${a}\${a}</a></properties><dependency><artifactId>\${a}</artifactId></dependency></project>`,
    ],
  ] as const) {
    const started = performance.now();
    readAll({ [name]: text, "package.json": '{"dependencies":{"a":"1"}}' });
    assert.ok(performance.now() - started < 1500, `${name} ${text.slice(0, 20)}: ${performance.now() - started} ms`);
  }
});

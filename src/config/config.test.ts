import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { ArchwayError } from "../error/error.ts";
import { defaultConfig, loadConfig } from "./config.ts";
import { parseConfig } from "./parse-config.ts";

const file = "/repo/.archway.yaml";

/** What a person sees of the error that a configuration gives: `line:column: message | hint`. */
function refusal(content: string): string {
  try {
    parseConfig(content, file);
  } catch (error) {
    assert.ok(error instanceof ArchwayError, `${String(error)} is no ArchwayError`);
    assert.equal(error.kind, "input");
    assert.equal(error.code, "CONFIG_INVALID");
    assert.equal(error.place?.file, file);
    return `${error.place.line}:${error.place.column}: ${error.message}${error.hint ? ` | ${error.hint}` : ""}`;
  }
  return "accepted";
}

test("a full configuration is read with platforms normalised and files absolute", () => {
  const config = parseConfig(
    `version: 1
platforms: [linux/amd64, aarch64, linux/arm/v7]
engine: buildkit
nodes:
  linux/arm64/v8: ["tcp://10.0.0.7:1234", "ssh://pi"]
registries:
  docker.io: { mirrors: [mirror.example:5000], ca: certs/ca.pem }
build:
  context: app
  file: app/Dockerfile.release
  tags: [registry.example/team/app:1.0]
  args: { VERSION: "1.20" }
  jobs: 2
verify:
  allow: [{ path: /opt/firmware/**, reason: runs on the microcontroller }]
check:
  ignore: [{ rule: no-arm-package, reason: replaced at run time }]
`,
    file,
  );
  assert.deepEqual(config.platforms, [
    { os: "linux", architecture: "amd64" },
    { os: "linux", architecture: "arm64" },
    { os: "linux", architecture: "arm", variant: "v7" },
  ]);
  assert.deepEqual(config.nodes, [
    { platform: { os: "linux", architecture: "arm64" }, endpoints: ["tcp://10.0.0.7:1234", "ssh://pi"] },
  ]);
  assert.deepEqual(config.registries, {
    "docker.io": { mirrors: ["mirror.example:5000"], ca: "/repo/certs/ca.pem", insecure: false },
  });
  assert.equal(config.build.context, "/repo/app");
  assert.equal(config.build.file, "/repo/app/Dockerfile.release");
  assert.deepEqual(config.build.args, { VERSION: "1.20" });
  assert.equal(config.file, file);
});

test("an exception of verify names a file or folder by any of its letters", () => {
  for (const path of ["/usr/**", "**/*.ko", "/app/a.jar!/**", "/?/x*"]) {
    const content = `version: 1\nverify: { allow: [{ path: "${path}", reason: b }] }\n`;
    assert.deepEqual(parseConfig(content, file).verify.allow, [{ path, reason: "b" }]);
  }
});

test("everything but the version may be left out", () => {
  assert.deepEqual(parseConfig("version: 1\n", file), { ...defaultConfig, file });
});

describe("what is wrong is told with line, column and what to do", () => {
  const cases: readonly (readonly [content: string, told: string])[] = [
    ["", 'undefined:undefined: the configuration is empty. | Write at least "version: 1".'],
    ["# nothing\n", 'undefined:undefined: the configuration is empty. | Write at least "version: 1".'],
    ["- 1\n", "1:1: the configuration must be a mapping."],
    ["platforms: []\n", "1:1: version is missing."],
    ["version: 2\n", "1:10: version must be 1. | Other versions of the format need another version of Archway."],
    [
      "version: 2\nstages: []\n",
      "1:10: version must be 1. | Other versions of the format need another version of Archway.",
    ],
    ["version: 1\nplatfroms: []\n", '2:1: unknown key "platfroms". | Did you mean "platforms"?'],
    [
      "version: 1\nbuild:\n  tags: []\n  cache-to: []\n",
      '4:3: unknown key "cache-to" in build. | Did you mean "cache_to"?',
    ],
    [
      "version: 1\nregistries:\n  docker.io:\n    mirror: [a]\n",
      '4:5: unknown key "mirror" in registries.docker.io. | Did you mean "mirrors"?',
    ],
    [
      "version: 1\nverify:\n  allow:\n    - path: /a\n      reason: b\n      note: c\n",
      '6:7: unknown key "note" in verify.allow[0]. | Known keys: path, reason.',
    ],
    [
      "version: 1\nbuild:\n  args:\n    GO: 1.20\n",
      '4:9: build.args.GO must be a text, and 1.20 is not one for YAML. | Quote it: "1.20"',
    ],
    ["version: 1\nbuild: [a]\n", "2:8: build must be a mapping."],
    ...["/**", "**", "*", "**/?*", "/*/**", "**/*.*", "/", ""].map(
      (glob) =>
        [
          `version: 1\nverify:\n  allow:\n    - { path: "${glob}", reason: b }\n`,
          "4:15: verify.allow[0].path covers the whole image: name the files or folders that are meant.",
        ] as const,
    ),
    ['version: 1\nverify: { allow: [{ path: /a, reason: " " }] }\n', "2:39: verify.allow[0].reason is empty."],
    ["version: 1\nbuild: { native_only: yes }\n", "2:23: build.native_only must be true or false."],
    ["version: 1\nbuild: { cacheFrom: [a] }\n", '2:10: unknown key "cacheFrom" in build. | Did you mean "cache_from"?'],
    ["version: 1\nbuild: { jobs: 0 }\n", "2:16: build.jobs must be 1 or more."],
    [
      "version: 1\nengine: buildkitt\n",
      '2:9: engine must be one of auto, buildkit, buildx, buildah. | Did you mean "buildkit"?',
    ],
    ["version: 1\ncheck:\n  ignore: [{ rule: a }]\n", "3:12: check.ignore[0].reason is missing."],
    ["version: 1\nplatforms:\n  - arm64\n  - linux/aarch64\n", "4:5: linux/arm64 is listed twice."],
    ["version: 1\nnodes: { arm64: [a], aarch64: [b] }\n", "2:22: aarch64 and arm64 are the same platform."],
    ["version: 1\nnodes: { arm64: [] }\n", "2:17: nodes.arm64 is empty."],
    [
      "version: 1\nregistries: { docker.io: { mirrors: [https://m.example] } }\n",
      "2:38: registries.docker.io.mirrors[0] must be HOST or HOST:PORT in small letters, without scheme or path.",
    ],
    [
      "version: 1\nbuild:\n  tags: [a]\n  tags: [b]\n",
      '4:3: the key "tags" is already in this mapping. | Give one of the two another name, or join them.',
    ],
    [
      "version: 1\nbuild: !!python/object {}\n",
      '2:8: the tag !!python/object is unknown. | Write the value without a tag. A text that begins with "!" wants quotes.',
    ],
    ['version: 1\nbuild: { target: "a }\n', '2:18: the text that begins here has no closing ". | Write " at its end.'],
    [
      "version: 1\nbuild:\n\ttarget: a\n",
      "3:1: a tab stands at the beginning of the line, and YAML takes only spaces there. | Indent with two spaces.",
    ],
    [
      "version: 1\n---\nversion: 1\n",
      '2:1: a second document begins here, and one is expected. | Remove the "---", or put what follows into a file of its own.',
    ],
    [`version: 1\nplatforms: ${"[".repeat(50_000)}`, "stack"],
  ];
  for (const [content, told] of cases) {
    test(JSON.stringify(content.slice(0, 60)), () => {
      if (told === "stack") assert.match(refusal(content), /^2:\d+: values lie too deep inside of others\./);
      else assert.equal(refusal(content), told);
    });
  }
});

test("a wrong platform is told with the nearest one, at the entry or the key", () => {
  assert.match(refusal("version: 1\nplatforms: [linux/amd46]\n"), /^2:13: .*linux\/amd64/);
  assert.match(refusal("version: 1\nnodes:\n  linux/arn64: [a]\n"), /^3:3: .*linux\/arm64/);
});

test("several problems are listed in the order of the file", () => {
  assert.equal(
    refusal("version: 1\nengine: x\nbuild:\n  jobs: a\nverfy: {}\n").replaceAll("\n", " / "),
    "2:9: engine must be one of auto, buildkit, buildx, buildah. / /repo/.archway.yaml:4:9: build.jobs must be a number." +
      ' / /repo/.archway.yaml:5:1: unknown key "verfy".',
  );
});

test("anchors and aliases are data, and a bomb of them is refused quickly", () => {
  const config = parseConfig("version: 1\nplatforms: &p [arm64]\nbuild: { tags: [a] }\ncheck: {}\n", file);
  assert.equal(config.platforms.length, 1);
  assert.equal(refusal("version: 1\nbuild:\n  args: &a { A: b }\n  labels: *a\n"), "accepted");
  assert.match(refusal("version: 1\nbuild:\n  labels: *a\n"), /^3:11: nothing before this line is called &a\./);
  let bomb = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (let level = 1; level < 12; level++) {
    bomb += `a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]\n`;
  }
  assert.match(refusal(bomb), /^3:10: aliases of aliases make this file far larger/);
});

test("an error inside an aliased value is told where the value is written", () => {
  assert.match(
    refusal("version: 1\nbuild:\n  args: &a { A: 1 }\n  labels: *a\n"),
    /^3:17: build\.args\.A must be a text.*\n.*:3:17: build\.labels\.A must be a text/,
  );
});

test("whatever the text, the answer is a configuration or one ArchwayError", () => {
  const fragment = fc.constantFrom(
    "version: 1",
    "\n",
    "  ",
    "- ",
    "build:",
    "args: ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!x ",
    "? ",
    ": ",
    '"',
    "|\n",
    "#",
    "---\n",
    "\t",
    "nodes: ",
    "linux/arm64",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fragment, { maxLength: 25 }).map((parts) => parts.join("")),
      ),
      (content) => {
        refusal(content);
      },
    ),
    { numRuns: 500 },
  );
});

describe("the file", () => {
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), "archway-config-"));
    await mkdir(join(root, "repo", ".git"), { recursive: true });
    await mkdir(join(root, "repo", "app", "inner"), { recursive: true });
    await mkdir(join(root, "loose", "inner"), { recursive: true });
    await writeFile(join(root, ".archway.yaml"), "version: 1\nengine: buildx\n");
    await writeFile(join(root, "repo", ".archway.yaml"), "version: 1\nengine: buildah\n");
  });
  after(() => rm(root, { recursive: true }));

  test("is found from a folder inside the repository, and never outside of it", async () => {
    assert.equal((await loadConfig({ directory: join(root, "repo", "app", "inner") })).engine, "buildah");
    await rm(join(root, "repo", ".archway.yaml"));
    assert.equal((await loadConfig({ directory: join(root, "repo", "app") })).engine, undefined);
  });

  test("is found without a repository in the folder itself alone", async () => {
    assert.equal((await loadConfig({ directory: root })).engine, "buildx");
    assert.deepEqual(await loadConfig({ directory: join(root, "loose", "inner") }), defaultConfig);
  });

  test("is the working directory's for a folder outside of any repository, and for no other", async () => {
    const loose = join(root, "loose", "inner");
    assert.equal((await loadConfig({ directory: loose, otherwise: root })).engine, "buildx");
    await writeFile(join(loose, ".archway.yaml"), "version: 1\nengine: buildah\n");
    assert.equal((await loadConfig({ directory: loose, otherwise: root })).engine, "buildah");
    assert.deepEqual(await loadConfig({ directory: join(root, "repo", "app"), otherwise: root }), defaultConfig);
  });

  test("must be there when it is named", async () => {
    const missing = join(root, "missing.yaml");
    await assert.rejects(loadConfig({ directory: root, file: missing }), { code: "CONFIG_MISSING", kind: "input" });
    await assert.rejects(loadConfig({ directory: root, file: root }), /is not a file/);
  });

  test("is refused when it is too large, no text, or a pipe that nobody writes to", async () => {
    const large = join(root, "large.yaml");
    await writeFile(large, "#".repeat(1024 ** 2 + 1));
    await assert.rejects(loadConfig({ directory: root, file: large }), /larger than 1048576 bytes/);
    const binary = join(root, "binary.yaml");
    await writeFile(binary, Buffer.from([0x76, 0xff, 0xfe]));
    await assert.rejects(loadConfig({ directory: root, file: binary }), /not UTF-8/);
    const pipe = join(root, "pipe.yaml");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(loadConfig({ directory: root, file: pipe }), /is not a file/);
  });
});

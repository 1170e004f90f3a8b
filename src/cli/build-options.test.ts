import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ArchwayError } from "../error/error.ts";
import { defineCommand, type RawBuildOptions } from "./build-command.ts";
import { type BuildOptions, readBuildOptions } from "./build-options.ts";
import type { CliContext } from "./context.ts";

const context: CliContext = {
  env: { VERSION: "1.2", TOKEN: "hush", EMPTY: "" },
  cwd: "/",
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: new AbortController().signal,
  now: () => 0,
};

const arm64 = { os: "linux", architecture: "arm64" };
const armv7 = { os: "linux", architecture: "arm", variant: "v7" };

/** The options that a command line means. */
function read(...args: string[]): BuildOptions {
  let options: BuildOptions | undefined;
  defineCommand(context, () => {})
    .action((_context: string | undefined, raw: RawBuildOptions) => {
      options = readBuildOptions(raw, context.env);
    })
    .parse(args, { from: "user" });
  assert.ok(options);
  return options;
}

/** Message and hint of the error that a command line gives. */
function refusal(...args: string[]): string {
  try {
    read(...args);
  } catch (error) {
    const { kind, message, hint } = error as ArchwayError;
    assert.equal(kind, "input", String(error));
    return hint === undefined ? message : `${message} | ${hint}`;
  }
  return "accepted";
}

test("nothing asked for is nothing decided", () => {
  assert.deepEqual(read(), {
    tags: [],
    platforms: [],
    args: {},
    secrets: [],
    ssh: [],
    labels: {},
    annotations: [],
    buildContexts: {},
    cacheFrom: [],
    cacheTo: [],
    noCache: false,
    pull: false,
    progress: "auto",
    plan: false,
    nodes: [],
    nativeOnly: false,
    allowMissing: [],
    verify: true,
    format: "text",
    insecureRegistries: [],
  });
});

test("flags mean what they mean to docker buildx build", () => {
  const lines = `-t a:1 --tag=b:2 -f deploy/Dockerfile --platform linux/arm64,arm/v7 --platform aarch64
    --build-arg A=b=c --build-arg VERSION --build-arg UNSET --build-arg EMPTY --target final
    --label x=y --label alone --ssh default --ssh git=/run/agent --build-context Lib=../lib
    --no-cache --pull --push --metadata-file m.json --progress rawjson --provenance true --sbom 0
    --jobs 2 --no-verify --node linux/arm64=tcp://10.0.0.7:1234?a=b --allow-missing arm/v7 --engine buildah
    --insecure-registry Registry.local:5000 --emulated-cpu max,pauth=off --config c.yaml
    --native-only --plan --format json`;
  const options = read(...lines.split(/\s+/));
  assert.deepEqual(options, {
    tags: ["a:1", "b:2"],
    file: "deploy/Dockerfile",
    platforms: [arm64, armv7],
    args: { A: "b=c", VERSION: "1.2", EMPTY: "" },
    target: "final",
    secrets: [],
    ssh: ["default", "git=/run/agent"],
    labels: { x: "y", alone: "" },
    annotations: [],
    buildContexts: { lib: "../lib" },
    cacheFrom: [],
    cacheTo: [],
    noCache: true,
    pull: true,
    output: { type: "registry", names: [], pushByDigest: false },
    metadataFile: "m.json",
    progress: "json",
    provenance: "mode=min",
    sbom: "false",
    plan: true,
    engine: "buildah",
    nodes: [{ platform: arm64, endpoint: "tcp://10.0.0.7:1234?a=b" }],
    nativeOnly: true,
    allowMissing: [armv7],
    verify: false,
    format: "json",
    insecureRegistries: ["registry.local:5000"],
    emulatedCpu: "max,pauth=off",
    jobs: 2,
    config: "c.yaml",
  });
});

describe("outputs", () => {
  const cases: readonly (readonly [string, BuildOptions["output"]])[] = [
    ["type=oci,dest=image.tar", { type: "oci", dest: "image.tar", tar: true }],
    ["type=oci,dest=dir,tar=false", { type: "oci", dest: "dir", tar: false }],
    ["type=docker", { type: "docker" }],
    ["type=local,dest=out", { type: "local", dest: "out" }],
    ["out/dir", { type: "local", dest: "out/dir" }],
    ["type=registry", { type: "registry", names: [], pushByDigest: false }],
    ['type=image,"name=r/a:1,r/b",push=true', { type: "registry", names: ["r/a:1", "r/b"], pushByDigest: false }],
    ["type=image,name=r/a,push-by-digest=true,push=true", { type: "registry", names: ["r/a"], pushByDigest: true }],
  ];
  for (const [text, output] of cases) test(text, () => assert.deepEqual(read("-o", text).output, output));

  for (const text of ["-", "type=oci,dest=-", "type=tar,dest=-", "type=docker,dest=-", "type=local,dest=-"]) {
    test(`${text} is refused: standard output has the result`, () => {
      assert.throws(() => read("-o", text), { code: "OPTION_INVALID", kind: "input", hint: /dest=(image\.tar|out)/ });
    });
  }

  test("--load and --push are short for outputs", () => {
    assert.deepEqual(read("--load").output, { type: "docker" });
    assert.deepEqual(read("--push", "-o", "type=registry,name=a").output, {
      type: "registry",
      names: ["a"],
      pushByDigest: false,
    });
  });
});

describe("secrets", () => {
  const cases: readonly (readonly [string, BuildOptions["secrets"][number]])[] = [
    ["id=a,src=token.txt", { id: "a", file: "token.txt" }],
    ["id=a,source=token.txt,type=file", { id: "a", file: "token.txt" }],
    ["id=a,env=TOKEN", { id: "a", env: "TOKEN" }],
    ["id=a,type=env,src=TOKEN", { id: "a", env: "TOKEN" }],
    ["id=TOKEN,type=env", { id: "TOKEN", env: "TOKEN" }],
    ["id=TOKEN", { id: "TOKEN", env: "TOKEN" }],
    ["id=token.txt", { id: "token.txt", file: "token.txt" }],
  ];
  for (const [text, secret] of cases) test(text, () => assert.deepEqual(read("--secret", text).secrets, [secret]));
});

test("annotations say where they go; manifests are the default", () => {
  assert.deepEqual(read("--annotation", "a=b:c", "--annotation", "index,manifest[linux/arm64]:org.x=y").annotations, [
    { on: "manifest", key: "a", value: "b:c" },
    { on: "index", key: "org.x", value: "y" },
    { on: "manifest", platform: arm64, key: "org.x", value: "y" },
  ]);
});

test("caches are handed on in BuildKit's full form", () => {
  const options = read("--cache-from", "r/cache:1", "--cache-to", 'type=registry,ref=r/cache,mode=max,"x=a,b"');
  assert.deepEqual(options.cacheFrom, ["type=registry,ref=r/cache:1"]);
  assert.deepEqual(options.cacheTo, ['type=registry,ref=r/cache,mode=max,"x=a,b"']);
});

describe("what is wrong is told with the option and what to do", () => {
  const cases: readonly (readonly [args: readonly string[], told: string])[] = [
    [
      ["-o", "type=ocy,dest=x"],
      '--output ocy: must be oci, docker, local, tar, image or registry. | Did you mean "oci"?',
    ],
    [["-o", "type=oci"], "--output type=oci: dest is missing. | For example type=oci,dest=PATH."],
    [["-o", "type=oci,dst=x"], '--output type=oci,dst=x: unknown key "dst". | Did you mean "dest"?'],
    [["-o", "dest=x"], "--output dest=x: a type is missing. | For example type=oci,dest=image.tar."],
    [
      ["-o", "type=oci,dest=x,tar=maybe"],
      '--output type=oci,dest=x,tar=maybe: tar must be true or false, not "maybe".',
    ],
    [
      ["-o", "type=image,name=a"],
      "--output type=image,name=a: an image that is not pushed has no place to be. | Add push=true, or use type=oci or type=docker.",
    ],
    [["-o", "a", "-o", "b"], "--output b: one output at a time. | Run the build again for the other: it is cached."],
    [["--push", "--load"], "--load: it excludes --push."],
    [["--push", "-o", "out"], "--push: it publishes, and --output out does not. | Give one of them."],
    [["--secret", "src=x"], "--secret src=x: an id is missing. | Write id=ID,src=FILE or id=ID,env=VARIABLE."],
    [["--secret", "id=a,scr=x"], '--secret id=a,scr=x: unknown key "scr". | Did you mean "src"?'],
    [["--secret", "id=a,env=UNSET"], "--secret id=a,env=UNSET: the environment variable UNSET is not set."],
    [
      ["--secret", "id=a,src=x,env=TOKEN"],
      "--secret id=a,src=x,env=TOKEN: it names a file and an environment variable; give one of them.",
    ],
    [["--build-arg", "=secret"], "--build-arg: the name is empty; write KEY=VALUE or KEY."],
    [["--cache-from", "type=registry"], "--cache-from type=registry: ref is missing."],
    [
      ["--cache-to", "type=registri,ref=x"],
      '--cache-to registri: must be registry, local, gha, s3, azblob or inline. | Did you mean "registry"?',
    ],
    [
      ["--progress", "plane"],
      '--progress plane: must be auto, tty, plain, json, quiet, rawjson or none. | Did you mean "plain"?',
    ],
    [["--format", "yaml"], "--format yaml: must be text or json."],
    [["--engine", "podman"], '--engine podman: must be auto, buildkit, buildx or buildah. | Did you mean "buildah"?'],
    [["--engine", "docker"], '--engine docker: must be auto, buildkit, buildx or buildah. | Did you mean "buildx"?'],
    [
      ["--node", "linux/arm64"],
      "--node linux/arm64: must be PLATFORM=ENDPOINT, for example linux/arm64=tcp://10.0.0.7:1234.",
    ],
    [["--node", "linux/arm64="], "--node linux/arm64=: the endpoint is empty."],
    [
      ["--annotation", "indx:a=b"],
      '--annotation indx: must be manifest, index or manifest-descriptor. | Did you mean "index"?',
    ],
    [["--annotation", "index[linux/arm64]:a=b"], "--annotation index[linux/arm64]:a=b: an index has no platform."],
    [["--annotation", "a"], "--annotation a: must be [ON:]KEY=VALUE."],
    [
      ["--insecure-registry", "http://r"],
      "--insecure-registry http://r: must be HOST or HOST:PORT, without a scheme or path.",
    ],
    [
      ["--emulated-cpu", "max;rm"],
      '--emulated-cpu max;rm: must be a CPU model of QEMU. | For example "max" or "max,pauth=off".',
    ],
    [["--jobs", "0"], "--jobs 0: must be a number from 1."],
    [["--provenance", "mode=mid"], '--provenance mid: must be min or max. | Did you mean "min"?'],
    [["--sbom", "yes"], '--sbom yes: it must be true or false, not "yes".'],
    [["--ssh", "=x"], "--ssh =x: must be default or ID[=SOCKET|KEY[,KEY]]."],
  ];
  for (const [args, told] of cases) test(args.join(" "), () => assert.equal(refusal(...args), told));

  test("a wrong platform names the nearest", () => {
    assert.match(refusal("--platform", "linux/amd46"), /linux\/amd64/);
    assert.match(refusal("--platform", "linux/amd64,"), /^Unknown platform/);
    assert.match(refusal("--node", "linux/arm65=x"), /linux\/arm64/);
  });
});

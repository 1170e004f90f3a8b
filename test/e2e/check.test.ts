import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { factsFileSchema } from "../../src/check/facts/facts-file.ts";
import { baselineSchema } from "../../src/check/ignore/baseline-file.ts";
import { checkSchema } from "../../src/cli/schemas/check.ts";
import { startArchway } from "./archway.ts";

/** An image for amd64 and arm64 that takes a program of amd64 alone. */
const broken = "FROM alpine:3.4\nCOPY bin/app-amd64 /usr/bin/app\n";
const good = "FROM alpine:3.20\nARG TARGETARCH\nCOPY bin/app-${TARGETARCH} /usr/bin/app\n";

suite("archway check", () => {
  let base = "";
  before(async () => (base = await mkdtemp(join(tmpdir(), "archway-check-"))));
  after(() => rm(base, { recursive: true }));

  let count = 0;
  /** A folder with these files. */
  const folderOf = async (files: Readonly<Record<string, string>>): Promise<string> => {
    const folder = join(base, String(count++));
    for (const [path, text] of Object.entries({ "bin/app-amd64": "x", ...files })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    return folder;
  };
  const start = (cwd: string, args: readonly string[]) => {
    const env = { PATH: process.env["PATH"], HOME: base, XDG_CACHE_HOME: join(base, "cache"), NO_COLOR: "1" };
    return startArchway(["check", ...args], { cwd, env });
  };
  const check = (cwd: string, args: readonly string[] = ["--offline"]) => start(cwd, args).ended;
  const rulesIn = async (cwd: string, args: readonly string[] = []): Promise<string[]> => {
    const { stdout } = await check(cwd, ["--offline", "--format", "json", ...args]);
    return checkSchema.parse(JSON.parse(stdout)).findings.map(({ rule, path, line }) => `${rule} ${path}:${line}`);
  };

  test("says first for which platforms, then what breaks for whom, with the line and the fix; findings are exit code 1", async () => {
    const { code, stdout, stderr } = await check(await folderOf({ Dockerfile: broken }));
    assert.equal(stderr, "");
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^platforms: linux\/amd64, linux\/arm64\n {2}linux\/amd64 {2}nothing found\n {2}linux\/arm64 {2}\d error/,
    );
    assert.match(stdout, /\nerror Dockerfile:2:\d+ \(copy-arch-path\) linux\/arm64\n/);
    assert.match(stdout, /\n {4}2 \| COPY bin\/app-amd64 \/usr\/bin\/app\n {6}\| +\^+\n/);
    assert.match(stdout, /\n {2}fix {2}\S/);
    assert.match(stdout, /archway check --explain RULE/);
  });

  test("a repository that works is exit code 0, and so is one whose findings are below the threshold", async () => {
    assert.equal((await check(await folderOf({ Dockerfile: good, "bin/app-arm64": "x" }))).code, 0);
    const text = "FROM alpine:3.20\n# archway ignore=copy-arch-path\nRUN true\n";
    const noted = await folderOf({ Dockerfile: text });
    assert.equal((await check(noted)).code, 0);
    assert.equal((await check(noted, ["--offline", "--severity", "note"])).code, 1);
  });

  test("JSON is of the published shape, and goes to standard output alone", async () => {
    const { code, stdout } = await check(await folderOf({ Dockerfile: broken }), ["--offline", "--format", "json"]);
    const result = checkSchema.parse(JSON.parse(stdout));
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout), result, "the schema names every field");
    assert.deepEqual(result.platforms, ["linux/amd64", "linux/arm64"]);
    assert.equal(result.counts.error, result.findings.filter(({ severity }) => severity === "error").length);
  });

  test("every format names the file and the line; a checked subfolder is named from the working directory", async () => {
    const folder = await folderOf({ "app/Dockerfile": broken, "app/bin/app-amd64": "x" });
    const texts = await Promise.all(
      ["sarif", "junit", "github", "gitlab"].map((format) => check(folder, ["--offline", "--format", format, "app"])),
    );
    const [sarif, junit, github, gitlab] = texts.map(({ stdout }) => stdout);
    const [run] = JSON.parse(sarif ?? "").runs;
    const places = run.results.map(
      ({
        ruleId,
        locations: [{ physicalLocation: at }],
      }: {
        ruleId: string;
        locations: [{ physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } }];
      }) => `${ruleId} ${at.artifactLocation.uri}:${at.region.startLine}`,
    );
    assert.ok(places.includes("copy-arch-path app/Dockerfile:2"), places.join(", "));
    assert.match(junit ?? "", /<failure type="copy-arch-path"/);
    assert.match(github ?? "", /^::error title=copy-arch-path \(linux\/arm64\),file=app\/Dockerfile,line=2/m);
    const entry = JSON.parse(gitlab ?? "").find(
      ({ check_name: rule }: { check_name: string }) => rule === "copy-arch-path",
    );
    assert.deepEqual([entry.location.path, entry.location.lines.begin], ["app/Dockerfile", 2]);
    assert.deepEqual(
      texts.map(({ code }) => code),
      [1, 1, 1, 1],
    );
  });

  test("comments, the configuration and a baseline accept findings", async () => {
    const commented = broken.replace("COPY", "# archway ignore=copy-arch-path runs on the builder alone\nCOPY");
    assert.ok(!(await rulesIn(await folderOf({ Dockerfile: commented }))).some((one) => one.startsWith("copy-")));
    const ignore = "check:\n  ignore:\n    - {rule: copy-arch-path, path: Dockerfile, reason: amd64 only}\n";
    const configured = await folderOf({ Dockerfile: broken, ".archway.yaml": `version: 1\n${ignore}` });
    assert.ok(!(await rulesIn(configured)).some((one) => one.startsWith("copy-")));

    const folder = await folderOf({ Dockerfile: broken });
    const written = await check(folder, ["--offline", "--write-baseline", "baseline.json"]);
    assert.equal(written.code, 0, written.stderr);
    baselineSchema.parse(JSON.parse(await readFile(join(folder, "baseline.json"), "utf8")));
    await writeFile(join(folder, "Dockerfile"), `# moved\n\n${broken}`);
    const { code, stdout } = await check(folder, ["--offline", "--baseline", "baseline.json"]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /In the baseline: \d/);
    await writeFile(join(folder, "Dockerfile"), `${broken}COPY bin/tool-amd64 /usr/bin/tool\n`);
    await writeFile(join(folder, "bin/tool-amd64"), "x");
    assert.equal((await check(folder, ["--offline", "--baseline", "baseline.json"])).code, 1, "a new finding is told");
  });

  test("--explain prints the page of a rule", async () => {
    const { code, stdout } = await check(base, ["--explain", "copy-arch-path"]);
    assert.equal(code, 0);
    assert.match(stdout, /^copy-arch-path \S[^]*What it finds[^]*How it shows[^]*What to do/);
    const wrong = await check(base, ["--explain", "copy-arch-paht"]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, /Did you mean "copy-arch-path"\?/);
  });

  test("what is wrong in the question is exit code 2, with what to do", async () => {
    const folder = await folderOf({ Dockerfile: good, "facts.json": '{"version": 1,\n "imagse": {}}' });
    const cases: readonly (readonly [args: readonly string[], message: RegExp])[] = [
      [["no-such-folder"], /no-such-folder: it does not exist/],
      [["Dockerfile"], /it is a file, not a folder/],
      [["--platform", "linux/arm65"], /Unknown platform "linux\/arm65"/],
      [["--format", "jsn"], /Did you mean "json"\?/],
      [["--severity", "fatal"], /--severity fatal: must be/],
      [["--fix=copy-arch-paht"], /Did you mean "copy-arch-path"\?/],
      [["--dry-run"], /Add --fix/],
      [["--facts", "facts.json"], /facts\.json:2:2: unknown key "imagse"[^]*Did you mean "images"\?/],
      [["--facts", "none.json"], /none\.json cannot be read/],
      [["--baseline", "none.json"], /Make it with --write-baseline none\.json/],
      [["--config", "none.yaml"], /There is no configuration/],
      [["a", "b"], /too many arguments/i],
    ];
    for (const [args, message] of cases) {
      const { code, stderr, stdout } = await check(folder, args);
      assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}: ${stderr}`);
      assert.match(stderr, message);
    }
    const unknown = "version: 1\ncheck:\n  ignore:\n    - {rule: copy-arch-paht, reason: r}\n";
    const { code, stderr } = await check(await folderOf({ Dockerfile: good, ".archway.yaml": unknown }));
    assert.equal(code, 2);
    assert.match(stderr, /\.archway\.yaml:4:14: [^]*Did you mean "copy-arch-path"\?/);
  });

  test("a file that cannot be read is told with its place, and the others are checked", async () => {
    const folder = await folderOf({ Dockerfile: broken, "other/Dockerfile": "FROM alpine\nRUNN x\n" });
    const { code, stdout, stderr } = await check(folder);
    assert.equal(code, 1);
    assert.match(stderr, /^warning: other\/Dockerfile:2/m);
    assert.match(stdout, /copy-arch-path/);
    assert.ok((await rulesIn(folder)).includes("file-unreadable other/Dockerfile:2"));
  });

  test("--fix --dry-run prints a diff and writes nothing; --fix repairs, and the rest is told", async () => {
    const arch =
      "FROM golang:1.22 AS build\nRUN GOARCH=amd64 go build -o /app .\nFROM alpine:3.20\nCOPY --from=build /app /app\n";
    const folder = await folderOf({
      Dockerfile: arch,
      "go.mod": "module a\n",
      "main.go": "package main\n\nfunc main() {}\n",
    });
    const dry = await check(folder, ["--offline", "--fix", "--dry-run"]);
    assert.match(dry.stdout, /^--- a\/Dockerfile\n\+\+\+ b\/Dockerfile\n@@/);
    assert.match(dry.stderr, /would be repaired in Dockerfile/);
    assert.equal(await readFile(join(folder, "Dockerfile"), "utf8"), arch);
    const fixed = await check(folder, ["--offline", "--fix"]);
    assert.match(fixed.stdout, /repaired in Dockerfile/);
    assert.notEqual(await readFile(join(folder, "Dockerfile"), "utf8"), arch);
    assert.ok(!(await rulesIn(folder)).some((one) => one.startsWith("goarch-hardcoded")));
  });

  test("facts of a file are taken as they are, and what a run was told can be saved and given to the next", async () => {
    const folder = await folderOf({
      Dockerfile: "FROM registry.example/team/base:1\n",
      "facts.json": '{"version":1,"images":{"registry.example/team/base:1":{"platforms":["linux/amd64"]}}}',
    });
    const missing = "base-image-missing-platform Dockerfile:1";
    assert.deepEqual(await rulesIn(folder), [], "unknown is never a finding");
    assert.ok((await rulesIn(folder, ["--facts", "facts.json", "--save-facts", "saved.json"])).includes(missing));
    const saved = factsFileSchema.parse(JSON.parse(await readFile(join(folder, "saved.json"), "utf8")));
    assert.ok(saved.asOf);
    assert.ok((await rulesIn(folder, ["--facts", "saved.json"])).includes(missing));
    const { stdout } = await check(folder);
    assert.match(stdout, /Not known, and so not judged: 1 image \(offline/);
  });

  test("a registry is asked for platforms, and one that fails makes nothing a finding", async () => {
    const platform = { architecture: "amd64", os: "linux" };
    const digest = `sha256:${"a".repeat(64)}`;
    const mediaType = "application/vnd.oci.image.index.v1+json";
    const manifest = { mediaType: "application/vnd.oci.image.manifest.v1+json", digest, size: 2, platform };
    const index = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [manifest] });
    let broken = false;
    const server = createServer((request, response) => {
      if (broken) response.writeHead(500).end();
      else if (request.url === "/v2/") response.end("{}");
      else if (request.url?.startsWith("/v2/team/base/manifests/")) {
        response.writeHead(200, { "content-type": mediaType, "content-length": Buffer.byteLength(index) });
        response.end(request.method === "HEAD" ? undefined : index);
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const folder = await folderOf({ Dockerfile: `FROM ${host}/team/base:1\n` });
      const online = async () => {
        const { stdout, stderr } = await check(folder, ["--format", "json"]);
        assert.notEqual(stdout, "", stderr);
        return checkSchema.parse(JSON.parse(stdout));
      };
      assert.deepEqual(
        (await online()).findings.map(({ rule }) => rule),
        ["base-image-missing-platform"],
      );
      broken = true;
      const unknown = await online();
      assert.deepEqual(unknown.findings, []);
      assert.deepEqual(unknown.unanswered, [{ kind: "image", key: `${host}/team/base:1` }]);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("an interruption while a registry does not answer is exit code 130", async () => {
    const asked = Promise.withResolvers<void>();
    const server = createServer(() => asked.resolve());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { child, ended } = start(await folderOf({ Dockerfile: `FROM ${host}/team/base:1\n` }), []);
      await asked.promise;
      child.kill("SIGINT");
      const { code, stdout, stderr } = await ended;
      assert.deepEqual([code, stdout], [130, ""], stderr);
      assert.match(stderr, /Interrupted\./);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { after, test, type TestContext } from "node:test";
import { startBed, unavailable } from "./bed.ts";
import { run } from "./command.ts";
import { components, type Component } from "./component.ts";

// All before the first test: the runner holds a file for done when the tests it knows are done while the file still awaits.
const reasons = new Map<Component, string | false>();
for (const component of components) reasons.set(component, await unavailable(component));
const bed = await startBed({ need: components.filter((component) => reasons.get(component) === false) });
after(() => bed.stop());

/** The reason to skip a test that needs these. */
function without(...needed: readonly Component[]): string | false {
  return needed.map((component) => reasons.get(component) ?? false).find((reason) => reason !== false) ?? false;
}

/** A build context with this Dockerfile. */
async function context(name: string, dockerfile: string): Promise<string> {
  const folder = join(bed.dir, `context-${name}`);
  await mkdir(folder);
  await writeFile(join(folder, "Dockerfile"), dockerfile);
  return folder;
}

/** `RUN` steps say so in the log of a build. */
const showMachine = (base: string) => `FROM ${base}\nRUN echo "machine: $(uname -m)"\nCMD ["uname", "-m"]\n`;

const machines = { "linux/amd64": "x86_64", "linux/arm64": "aarch64", "linux/arm/v7": "armv7l" };

/** Arguments of a build with `buildctl` without an output. */
const buildctl = (folder: string, platform: string) => [
  ..."build --frontend dockerfile.v0 --progress plain".split(" "),
  `--local=context=${folder}`,
  `--local=dockerfile=${folder}`,
  `--opt=platform=${platform}`,
];

/** Starts a build for linux/amd64 that the test watches on its standard error, and that ends with the test. */
function startBuild(t: TestContext, folder: string, env: NodeJS.ProcessEnv) {
  const build = spawn("buildctl", buildctl(folder, "linux/amd64"), { env, stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => build.kill());
  return build;
}

for (const kind of ["distribution", "debian"] as const) {
  const component = kind === "debian" ? "registry-debian" : "registry";
  test(
    `the registry ${kind} is open to all and keeps its content when restarted`,
    {
      skip: without(component, "bases"),
    },
    async () => {
      const registry = await bed.registry(kind);
      const base = await bed.base("busybox", registry);
      const index = () =>
        fetch(`${registry.url}/v2/library/busybox/manifests/latest`, {
          headers: { accept: "application/vnd.oci.image.index.v1+json" },
        });
      const digest = base.tags[0]?.digest;
      assert.equal((await index()).headers.get("docker-content-digest"), digest);
      await registry.stop();
      await assert.rejects(index());
      await registry.restart();
      assert.equal((await index()).headers.get("docker-content-digest"), digest);
      assert.equal(base.reference, `${registry.host}/library/busybox:latest`);
      const blob = await fetch(`${registry.url}/v2/scratch/blobs/uploads/?digest=${digestOf("gone")}`, {
        method: "POST",
        headers: { "content-type": "application/octet-stream" },
        body: "gone",
      });
      const upload = blob.headers.get("location") ?? "";
      if (blob.status === 202) {
        const headers = { "content-type": "application/octet-stream" };
        const put = await fetch(`${upload}&digest=${digestOf("gone")}`, { method: "PUT", headers, body: "gone" });
        assert.equal(put.status, 201);
      }
      const removed = await fetch(`${registry.url}/v2/scratch/blobs/${digestOf("gone")}`, { method: "DELETE" });
      assert.equal(removed.status, 202);
    },
  );
}

test(
  "the registry basic asks for a password and takes the right one",
  { skip: without("registry-basic") },
  async () => {
    const { url } = await bed.registry("basic");
    const ask = (credentials: string) =>
      fetch(`${url}/v2/`, { headers: { authorization: `Basic ${btoa(credentials)}` } });
    const answer = await fetch(`${url}/v2/`);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get("www-authenticate") ?? "", /^Basic realm=/);
    assert.equal((await ask("writer:wrong")).status, 401);
    assert.equal((await ask("writer:write-it")).status, 200);
    assert.equal((await ask("reader:read-it")).status, 200);
  },
);

test(
  "the registry token gives each user its rights",
  {
    skip: without("registry-token", "registry", "crane", "skopeo", "bases"),
  },
  async () => {
    const registry = await bed.registry("token");
    const { reference } = await bed.base("alpine");
    const as = async (user: "writer" | "reader") => ({ ...bed.env, DOCKER_CONFIG: await registry.login(user) });
    const copy = (to: string, env: NodeJS.ProcessEnv) =>
      run("crane", ["copy", reference, `${registry.host}/${to}`], { env });
    const digest = (of: string, env: NodeJS.ProcessEnv) => run("crane", ["digest", `${registry.host}/${of}`], { env });

    await copy("public/alpine:1", await as("writer"));
    await copy("team/alpine:1", await as("writer"));
    await assert.rejects(copy("team/alpine:2", await as("reader")));
    await assert.rejects(digest("team/alpine:2", await as("writer")), /MANIFEST_UNKNOWN/);
    assert.match(await digest("team/alpine:1", await as("reader")), /^sha256:/);
    assert.match(await digest("public/alpine:1", bed.env), /^sha256:/);
    await assert.rejects(digest("team/alpine:1", bed.env), /UNAUTHORIZED/);
    const authFile = join(await registry.login("reader"), "config.json");
    const inspect = [
      "inspect",
      "--raw",
      "--tls-verify=false",
      "--authfile",
      authFile,
      `docker://${registry.host}/team/alpine:1`,
    ];
    assert.match(await run("skopeo", inspect), /"manifests"/);
    const grants = registry.tokens?.issued.map(({ grant, user }) => `${grant} ${user}`.trim());
    assert.ok(grants?.includes("basic writer") && grants.includes("anonymous"));
  },
);

test("a token expires, and a refresh token gets another", { skip: without("registry-token") }, async () => {
  const registry = await bed.registry("token");
  const tokens = registry.tokens;
  assert.ok(tokens);
  const form = (fields: Record<string, string>) =>
    fetch(tokens.realm, { method: "POST", body: new URLSearchParams({ service: "registry.archway.test", ...fields }) });
  const scope = "repository:team/new:pull,push";
  const first = await form({
    grant_type: "password",
    username: "writer",
    password: "write-it",
    access_type: "offline",
    scope,
  });
  const { access_token, refresh_token } = Object(await first.json());
  const upload = (token: string) =>
    fetch(`${registry.url}/v2/team/new/blobs/uploads/`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
    });
  assert.equal((await upload(access_token)).status, 202);

  tokens.lifetimeSeconds = 0;
  const dead = Object(await (await form({ grant_type: "refresh_token", refresh_token, scope })).json());
  assert.equal((await upload(dead.access_token)).status, 401);
  tokens.lifetimeSeconds = 300;
  const alive = Object(await (await form({ grant_type: "refresh_token", refresh_token, scope })).json());
  assert.equal((await upload(alive.access_token)).status, 202);
  assert.equal((await form({ grant_type: "refresh_token", refresh_token: "made-up", scope })).status, 401);
  tokens.failWith = 503;
  assert.equal((await form({ grant_type: "refresh_token", refresh_token, scope })).status, 503);
  tokens.failWith = undefined;
});

test(
  "the registry tls is known by the bed's authority alone",
  {
    skip: without("registry-tls", "registry", "crane", "bases"),
  },
  async () => {
    const { host, ca, url } = await bed.registry("tls");
    assert.match(url, /^https:/);
    const { reference } = await bed.base("alpine");
    const copy = (env: NodeJS.ProcessEnv) => run("crane", ["copy", reference, `${host}/alpine:1`], { env });
    await copy({ ...bed.env, SSL_CERT_FILE: ca });
    await assert.rejects(copy(bed.env), /certificate signed by unknown authority/);
  },
);

test("two BuildKit nodes declare their platforms", { skip: without("buildkit", "qemu") }, async () => {
  const [a, b] = [await bed.buildkit("a"), await bed.buildkit("b")];
  assert.notEqual(a.endpoint, b.endpoint);
  const native = process.arch === "arm64" ? "linux/arm64" : "linux/amd64";
  assert.equal((await a.platforms())[0], native);
  assert.ok((await a.platforms()).includes("linux/arm/v7"));
  assert.deepEqual((await b.platforms()).slice(0, 2), ["linux/arm64", "linux/arm/v7"]);
});

test(
  "a BuildKit node with TLS answers those who have a certificate of the bed's authority",
  {
    skip: without("buildkit"),
  },
  async () => {
    const node = await bed.otherBuildkit({ name: "tls", tls: true, platforms: ["linux/arm64"] });
    const { endpoint } = node;
    assert.match(endpoint, /^tcp:\/\/127\.0\.0\.1:[1-9]/);
    assert.equal((await node.platforms())[0], "linux/arm64");
    const stranger = ["--timeout", "1", "--tlscacert", node.tls?.cacert ?? "", "debug", "workers"];
    await assert.rejects(run("buildctl", stranger, { env: node.env }));
    await node.kill("SIGKILL");
    await node.restart();
    assert.equal(node.endpoint, endpoint);
    assert.equal((await node.platforms())[0], "linux/arm64");
  },
);

for (const [platform, machine] of Object.entries(machines)) {
  test(
    `a step of a BuildKit build for ${platform} runs on ${machine}`,
    {
      skip: without("buildkit", "qemu", "registry", "bases"),
    },
    async () => {
      const { env } = await bed.buildkit("a");
      const { reference } = await bed.base("alpine");
      const folder = await context(`steps-${machine}`, showMachine(reference));
      const log = await run("sh", ["-c", `buildctl "$@" 2>&1`, "buildctl", ...buildctl(folder, platform)], { env });
      assert.match(log, new RegExp(`machine: ${machine}$`, "m"));
    },
  );
}

test(
  "a BuildKit node killed in the middle of a step leaves no process, and comes back with its endpoint",
  {
    skip: without("buildkit", "registry", "bases"),
  },
  async (t) => {
    const node = await bed.otherBuildkit({ name: "mortal" });
    const { reference } = await bed.base("alpine");
    const folder = await context("killed", `FROM ${reference}\nRUN echo started; sleep 7654\n`);
    const build = startBuild(t, folder, node.env);
    const ended = once(build, "close");
    for await (const line of createInterface(build.stderr)) if (line.endsWith(" started")) break;
    assert.ok(runningWith("7654"));
    await node.kill("SIGKILL");
    assert.equal(runningWith("7654"), false);
    assert.notEqual((await ended)[0], 0);
    await node.restart();
    assert.notEqual((await node.platforms()).length, 0);
  },
);

test(
  "the Docker Engine builds with buildx and runs another platform's image",
  {
    skip: without("docker", "registry", "qemu", "bases"),
  },
  async () => {
    const { env } = await bed.docker();
    const registry = await bed.registry();
    const folder = await context("docker", showMachine((await bed.base("alpine")).reference));
    const image = `${registry.host}/docker/machine:1`;
    const platforms = Object.keys(machines).join(",");
    await run("docker", ["buildx", "build", "--platform", platforms, "--tag", image, "--push", folder], { env });
    for (const [platform, machine] of Object.entries(machines)) {
      assert.equal(await run("docker", ["run", "--rm", "--quiet", "--platform", platform, image], { env }), machine);
    }
  },
);

test(
  "Buildah builds for all platforms, and Podman's service runs one",
  {
    skip: without("buildah", "podman", "registry-debian", "qemu", "bases"),
  },
  async () => {
    const registry = await bed.registry("debian");
    const { env } = await bed.buildah();
    const folder = await context("buildah", showMachine((await bed.base("alpine", registry)).reference));
    const platforms = Object.keys(machines).join(",");
    const log = await run("buildah", ["build", "--platform", platforms, "--manifest", "machine", folder], { env });
    for (const machine of Object.values(machines)) assert.match(log, new RegExp(`machine: ${machine}$`, "m"));
    const image = `${registry.host}/buildah/machine:1`;
    await run("buildah", ["manifest", "push", "--all", "--tls-verify=false", "machine", `docker://${image}`], { env });
    const podman = await bed.podman();
    const args = ["--remote", "--url", podman.endpoint, "run", "--rm", "--quiet", "--platform", "linux/arm64", image];
    assert.equal(await run("podman", args, { env: podman.env }), "aarch64");
  },
);

test("the alpine tags exist for the platforms of the story", { skip: without("registry", "bases") }, async () => {
  const { tags, repository } = await bed.base("alpine");
  const platforms = Object.fromEntries(tags.map((tag) => [tag.tag, tag.platforms]));
  assert.deepEqual(platforms["3.4"], ["linux/amd64"]);
  assert.deepEqual(platforms["3.5"], ["linux/amd64"]);
  assert.deepEqual(platforms["3.6"], Object.keys(machines));
  const [host, ...name] = repository.split("/");
  const listed = Object(await (await fetch(`http://${host}/v2/${name.join("/")}/tags/list`)).json());
  assert.deepEqual(listed.tags.toSorted(), ["3.4", "3.5", "3.6", "latest"]);
});

test("busybox is of its platform's architecture", { skip: without("registry", "crane", "bases") }, async () => {
  const { reference } = await bed.base("busybox");
  // ELF: class (1: 32 bits, 2: 64 bits) and machine (62: x86-64, 183: AArch64, 40: ARM).
  const expected = { "linux/amd64": [2, 62], "linux/arm64": [2, 183], "linux/arm/v7": [1, 40] };
  for (const [platform, [bits, machine]] of Object.entries(expected)) {
    const tar = join(bed.dir, "busybox.tar");
    await run("crane", ["export", `--platform=${platform}`, reference, tar], { env: bed.env });
    const root = await mkdtemp(join(bed.dir, "root-"));
    await run("tar", ["-x", "-f", tar, "-C", root]);
    const header = readFileSync(join(root, "bin", "busybox"));
    assert.deepEqual([header[4], header.readUInt16LE(18)], [bits, machine], platform);
  }
});

test("two beds do not meet", { skip: without("registry", "buildkit", "docker") }, async () => {
  const docker = await bed.docker();
  const other = await startBed({ need: ["registry", "buildkit", "docker"] });
  const engines = [await other.docker(), await other.buildkit(), await other.registry()];
  assert.equal(new Set([bed.dir, other.dir]).size, 2);
  assert.ok(existsSync(`/sys/class/net/${basename(other.dir)}`));
  await other.stop();
  assert.equal(engines.length, 3);
  assert.equal(existsSync(other.dir), false);
  assert.equal(existsSync(`/sys/class/net/${basename(other.dir)}`), false);
  assert.equal(runningWith(other.dir), false);
  assert.match(await run("docker", ["version", "--format", "{{.Server.Version}}"], { env: docker.env }), /\d/);
});

test(
  "npm run bed prints how to reach what it started; killed, it is cleaned up by the next bed",
  {
    skip: without("buildkit", "registry", "bases"),
  },
  async (t) => {
    const program = spawn(process.execPath, [join(import.meta.dirname, "main.ts"), "registry", "buildkit"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    t.after(() => program.kill());
    const ended = once(program, "close");
    const printed: string[] = [];
    for await (const line of createInterface(program.stdout)) {
      printed.push(line);
      if (line.startsWith("Ctrl-C")) break;
    }
    const value = (pattern: RegExp) => pattern.exec(printed.join("\n"))?.[1] ?? assert.fail(printed.join("\n"));
    const dir = value(/^Logs and state: (.*)$/m);
    const env = { ...bed.env, BUILDKIT_HOST: value(/export BUILDKIT_HOST=(.*)/) };
    const folder = await context(
      "abandoned",
      `FROM ${value(/(\S+\/library\/alpine:3.6)$/m)}\nRUN echo started; sleep 8765\n`,
    );
    const build = startBuild(t, folder, env);
    const failed = once(build, "close");
    for await (const line of createInterface(build.stderr)) if (line.endsWith(" started")) break;
    assert.ok(runningWith("8765"));
    program.kill("SIGKILL");
    await ended;
    assert.ok(existsSync(dir));

    await using next = await startBed({ need: ["registry"] });
    assert.notEqual(next.dir, dir);
    assert.equal(existsSync(dir), false);
    assert.equal(runningWith("8765"), false);
    assert.equal(runningWith(`${dir}/`), false);
    assert.notEqual((await failed)[0], 0);
    assert.ok(existsSync(bed.dir));
  },
);

function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Whether a process has this in its command line. */
function runningWith(text: string): boolean {
  return readdirSync("/proc").some((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(text);
    } catch (error) {
      // It has just ended.
      assert.match(String(error), /ENOENT|ESRCH/);
      return false;
    }
  });
}

import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import type { Environment } from "./credentials.ts";
import { CredentialFinder } from "./credentials.ts";

let folder = "";
let counter = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "archway-credentials-"));
});

after(async () => {
  await rm(folder, { recursive: true, force: true });
});

function auth(user: string, password: string): { auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString("base64") };
}

/** The environment of somebody whose Docker config file holds this. */
async function withConfig(config: unknown, more: Environment = {}): Promise<Environment> {
  const directory = join(folder, `docker-${counter++}`);
  await mkdir(directory);
  await writeFile(join(directory, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
  return { DOCKER_CONFIG: directory, PATH: process.env["PATH"], ...more };
}

async function find(config: unknown, host: string, path = "team/app") {
  return new CredentialFinder(await withConfig(config)).find(host, path);
}

test("a login that is given comes before all files", async () => {
  const environment = await withConfig({ auths: { "a.io": auth("file", "p"), "b.io": auth("file", "p") } });
  const login = (host: string) => (host === "a.io" ? { username: "own", password: "q" } : undefined);
  const finder = new CredentialFinder(environment, login);
  assert.deepEqual(await finder.find("a.io", "x"), { credential: { kind: "basic", user: "own", password: "q" } });
  assert.deepEqual(await finder.find("b.io", "x"), { credential: { kind: "basic", user: "file", password: "p" } });
});

describe("credentials in files", () => {
  test("are found in every spelling of a host", async () => {
    const basic = { credential: { kind: "basic", user: "u", password: "p:w" } };
    for (const key of ["quay.io", "https://quay.io", "https://quay.io/", "https://quay.io/v2/", "http://quay.io/v1/"]) {
      assert.deepEqual(await find({ auths: { [key]: auth("u", "p:w") } }, "quay.io"), basic, key);
    }
    for (const key of ["https://index.docker.io/v1/", "docker.io", "index.docker.io", "registry-1.docker.io"]) {
      assert.deepEqual(await find({ auths: { [key]: auth("u", "p:w") } }, "docker.io"), basic, key);
    }
    assert.deepEqual(await find({ auths: { "quay.io": { username: "u", password: "p:w" } } }, "quay.io"), basic);
  });

  test("are not given to other hosts", async () => {
    const config = { auths: { "quay.io": auth("u", "p"), "quay.io:5000": auth("x", "y") } };
    for (const host of ["quay.io.example.com", "evil-quay.io", "docker.io", "quay.io:443", "io"]) {
      assert.deepEqual(await find(config, host), {}, host);
    }
  });

  test("of the longest namespace count", async () => {
    const config = {
      auths: { "quay.io": auth("a", "a"), "quay.io/team": auth("b", "b"), "quay.io/team/app": auth("c", "c") },
    };
    const users = await Promise.all(
      ["team/app", "team/other", "teams/app", "team/app/deep"].map(async (path) => {
        const { credential } = await find(config, "quay.io", path);
        return credential?.kind === "basic" ? credential.user : undefined;
      }),
    );
    assert.deepEqual(users, ["c", "b", "a", "c"]);
  });

  test("may be tokens", async () => {
    assert.deepEqual(await find({ auths: { "a.io": { ...auth("u", ""), identitytoken: "t" } } }, "a.io"), {
      credential: { kind: "identity", user: "u", token: "t" },
    });
    assert.deepEqual(await find({ auths: { "a.io": { registrytoken: "t" } } }, "a.io"), {
      credential: { kind: "bearer", token: "t" },
    });
    assert.deepEqual(await find({ auths: { "a.io": {} } }, "a.io"), {});
  });

  test("come from REGISTRY_AUTH_FILE alone when it is set, else from Docker's and then podman's file", async () => {
    const runtime = join(folder, "run");
    await mkdir(join(runtime, "containers"), { recursive: true });
    const podman = { auths: { "a.io": auth("podman", "p"), "b.io": auth("podman", "p") } };
    await writeFile(join(runtime, "containers", "auth.json"), JSON.stringify(podman));
    const docker = await withConfig({ auths: { "a.io": auth("docker", "p") } }, { XDG_RUNTIME_DIR: runtime });
    const user = async (environment: Environment, host: string) => {
      const { credential } = await new CredentialFinder(environment).find(host, "x");
      return credential?.kind === "basic" ? credential.user : undefined;
    };
    assert.equal(await user(docker, "a.io"), "docker");
    assert.equal(await user(docker, "b.io"), "podman");
    const chosen = { ...docker, REGISTRY_AUTH_FILE: join(runtime, "containers", "auth.json") };
    assert.equal(await user(chosen, "a.io"), "podman");
    assert.equal(await user({ HOME: folder }, "a.io"), undefined);
  });

  test("in a broken file are an error that quotes nothing of it", async () => {
    for (const text of [
      '{"auths": {"a.io": {"auth": "c2VjcmV0"',
      '{"auths": {"a.io": {"auth": 7, "password": "c2VjcmV0"}}}',
    ]) {
      await assert.rejects(find(text, "a.io"), (error) => {
        assert(error instanceof ArchwayError);
        assert.equal(error.code, "INVALID_CONFIG");
        assert.equal(error.kind, "input");
        assert(!error.message.includes("c2VjcmV0"), error.message);
        return true;
      });
    }
    assert.deepEqual(await find(" \n", "a.io"), {});
  });
});

describe("credential helpers", () => {
  /** Makes a helper program and an environment that finds it. */
  async function withHelper(script: string, config: unknown): Promise<Environment> {
    const directory = join(folder, `bin-${counter++}`);
    await mkdir(directory);
    const program = join(directory, "docker-credential-test");
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    return { ...(await withConfig(config)), PATH: `${directory}:${process.env["PATH"]}` };
  }

  const answer = `read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"s"}' "$server" "$1-$server"`;

  test("are asked with the name of the server, Docker Hub by its own", async () => {
    const environment = await withHelper(answer, { credsStore: "test" });
    const finder = new CredentialFinder(environment);
    assert.deepEqual(await finder.find("quay.io:5000", "x"), {
      credential: { kind: "basic", user: "get-quay.io:5000", password: "s" },
    });
    assert.deepEqual(await finder.find("docker.io", "x"), {
      credential: { kind: "basic", user: "get-https://index.docker.io/v1/", password: "s" },
    });
  });

  test("of a host come before the store for all", async () => {
    const environment = await withHelper(answer, { credsStore: "missing", credHelpers: { "a.io": "test" } });
    assert.equal((await new CredentialFinder(environment).find("a.io", "x")).credential?.kind, "basic");
  });

  test("may give an identity token", async () => {
    const token = `echo '{"Username":"<token>","Secret":"refresh"}'`;
    const environment = await withHelper(token, { credsStore: "test" });
    assert.deepEqual(await new CredentialFinder(environment).find("a.io", "x"), {
      credential: { kind: "identity", token: "refresh" },
    });
  });

  test("that have nothing leave it to the file", async () => {
    const environment = await withHelper("echo credentials not found in native keychain; exit 1", {
      credsStore: "test",
      auths: { "a.io": auth("file", "p") },
    });
    const finder = new CredentialFinder(environment);
    assert.deepEqual(await finder.find("a.io", "x"), { credential: { kind: "basic", user: "file", password: "p" } });
    assert.deepEqual(await finder.find("b.io", "x"), {});
  });

  test("that fail are no error by themselves, and the reason is kept without their output", async () => {
    const scripts = [
      ["echo secret-text; exit 7", /docker-credential-test failed with status 7$/],
      ["echo secret-text", /docker-credential-test gave an answer that is not understood$/],
      ["cat /dev/zero | tr '\\0' x", /docker-credential-test gave more than/],
    ] as const;
    for (const [script, problem] of scripts) {
      const found = await new CredentialFinder(await withHelper(script, { credsStore: "test" })).find("a.io", "x");
      assert.equal(found.credential, undefined);
      assert.match(found.problem ?? "", problem);
    }
    const missing = await find({ credsStore: "not-there" }, "a.io");
    assert.match(missing.problem ?? "", /docker-credential-not-there cannot be run: .*ENOENT/);
    const path = await find({ credsStore: "../evil" }, "a.io");
    assert.match(path.problem ?? "", /is not the name of a credential helper/);
  });

  test("may leave an agent running that keeps their output open", async () => {
    const environment = await withHelper(`sleep 100 & ${answer}`, { credsStore: "test" });
    const { credential } = await new CredentialFinder(environment).find("a.io", "x");
    assert.equal(credential?.kind, "basic");
  });

  test("are asked once for many requests", async () => {
    const counted = join(folder, "asked");
    const environment = await withHelper(`echo x >> ${counted}; ${answer}`, { credsStore: "test" });
    const finder = new CredentialFinder(environment);
    await Promise.all(Array.from({ length: 5 }, () => finder.find("a.io", "x")));
    assert.equal(await readFile(counted, "utf8"), "x\n");
  });
});

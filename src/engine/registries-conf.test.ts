import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { plainHttpHosts, registriesConf } from "./registries-conf.ts";

test("loopback may be spoken to without TLS, and what the user says so of", () => {
  const references = [
    "127.0.0.1:5000/a@sha256:0",
    "127.0.0.1:5000/b",
    "localhost/c",
    "[::1]:5000/d",
    "host/e",
    "plain:80/f",
  ];
  assert.deepEqual(plainHttpHosts(references, { "plain:80": { plainHttp: true }, host: { ca: "/ca.pem" } }), [
    "127.0.0.1:5000",
    "localhost",
    "[::1]:5000",
    "plain:80",
  ]);
});

test("the user's settings are kept, and no host is named twice", async () => {
  const directory = await mkdtemp(join(tmpdir(), "registries-"));
  try {
    const own =
      'unqualified-search-registries = ["docker.io"]\n[[registry]]\nlocation = "127.0.0.1:1"\ninsecure = true\n';
    const path = join(directory, "registries.conf");
    await writeFile(path, own);
    assert.equal(
      await registriesConf(["127.0.0.1:1", "127.0.0.1:2"], { CONTAINERS_REGISTRIES_CONF: path }),
      `${own}\n[[registry]]\nlocation = "127.0.0.1:2"\ninsecure = true\n`,
    );
  } finally {
    await rm(directory, { recursive: true });
  }
});

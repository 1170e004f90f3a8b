import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "../config/parse-config.ts";
import { ArchwayError } from "../error/error.ts";
import type { JobWork } from "../pipeline/job-spec.ts";
import { hostsOfJob, loginHintOf, withLoginHints } from "./run-logins.ts";

const config = parseConfig(
  `version: 1
registries:
  a.example: { username: u, password: { secret: A }, mirrors: [mirror.example] }
  b.example: { username: u, password: { secret: B } }
  mirror.example: { username: u, password: { secret: M } }
  docker.io: { username: u, password: { secret: D } }
`,
  "/r/.archway.yaml",
);
const { registries } = config;
const digest = `sha256:${"0".repeat(64)}`;
const images = new Map([[digest, `b.example/app@${digest}`]]);
const hosts = (work: JobWork) => hostsOfJob(work, images, registries);

test("a job without steps gets the logins of the registries that it names, and of their mirrors", () => {
  const proof = { kind: "verify", platforms: [], require: [], severity: "error" } as const;
  assert.deepEqual(hosts({ ...proof, images: ["a.example/app:1"] }), ["a.example", "mirror.example"]);
  assert.deepEqual(hosts({ ...proof, images: ["alpine", "oci:out"] }), ["docker.io"]);
  assert.deepEqual(hosts({ ...proof, images: [digest, "Not A Name"] }), ["b.example"]);
  const moved = { kind: "image", platforms: [] } as const;
  assert.deepEqual(hosts({ ...moved, action: "copy", from: ["b.example/x:1"], to: ["c.example/x:1"] }), ["b.example"]);
  assert.deepEqual(hosts({ ...moved, action: "tag", from: ["b.example/x:1"], to: ["latest"] }), ["b.example"]);
  const promoted = { kind: "promote", from: digest, to: ["docker.io/team/app:1"] } as const;
  assert.deepEqual(hosts(promoted), ["b.example", "docker.io"]);
});

test("a registry that refuses is told with what its login wants, and other failures as they are", async () => {
  const hints = async (code: string, host: string, secrets: Readonly<Record<string, string>> = {}) => {
    const error = new ArchwayError({ code, kind: "unreachable", message: "No.", hint: "docker login" });
    const hintOf = loginHintOf(config, new Map(Object.entries(secrets)));
    const resolve = withLoginHints(() => Promise.reject(error), hintOf);
    const told = await resolve({ host, path: "app", tag: "1" }, new AbortController().signal).catch(
      (one: unknown) => one,
    );
    assert.ok(told instanceof ArchwayError && told.code === code && told.message === "No.");
    return told.hint;
  };
  assert.match((await hints("DENIED", "a.example")) ?? "", /^Its password is the secret A: give it with --secret-file/);
  assert.match((await hints("UNAUTHORIZED", "a.example", { A: "a" })) ?? "", /^The password is the secret A; /);
  assert.match(
    (await hints("DENIED", "c.example")) ?? "",
    /^Add its login to the pipeline: registries: \{ c\.example: /,
  );
  assert.equal(await hints("UNREACHABLE", "a.example"), "docker login");
});

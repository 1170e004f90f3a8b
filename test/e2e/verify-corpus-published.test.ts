/** Wrong images that were really published, rebuilt as small copies with BuildKit and proven as a user does it: from the registry. */
import assert from "node:assert/strict";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/finding/finding.ts";
import { startBed, unavailable } from "../bed/bed.ts";
import type { Bed } from "../bed/bed.ts";
import type { BuildkitNode } from "../bed/buildkit.ts";
import type { Registry } from "../bed/registry.ts";
import { archway, workplace } from "./archway.ts";
import { base, compiled, fileOf, Workshop } from "./corpus-material.ts";
import type { ContentSource } from "./corpus-material.ts";

const needs = ["registry", "buildkit", "qemu", "bases", "compilers"] as const;
const amd64 = compiled("amd64", { options: ["-static"] });
const arm64 = compiled("arm64", { options: ["-static"] });

/** A published image and what its proof has to say. */
interface Published {
  /** `test/scenarios/published-NAME`; its Dockerfile tells the thread and the fault. */
  readonly name: string;
  readonly platforms: string;
  /** Programs that the build context holds. */
  readonly files: Readonly<Record<string, ContentSource>>;
  /** Builds this platform alone with these arguments, and joins it under `joinedAs`. */
  readonly joined?: { readonly built: string; readonly args: readonly string[]; readonly as: string };
  /** The platform that is wrong, and `RULE PATH` of its errors. */
  readonly wrong: string;
  readonly errors: readonly string[];
  readonly warnings?: readonly string[];
  /** Codes of the causes of the errors. */
  readonly cause: string;
}

const both = "linux/amd64,linux/arm64";

const published: readonly Published[] = [
  {
    name: "nvidia-gpu-exporter",
    platforms: both,
    files: { nvidia_gpu_exporter: amd64 },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /usr/bin/nvidia_gpu_exporter"],
    cause: "S04",
  },
  {
    name: "minideb",
    platforms: both,
    files: { "build/rootfs.tar.gz": rootFileSystem("arm64") },
    wrong: "linux/amd64",
    errors: ["entrypoint-wrong-architecture /usr/bin/bash", "userland-wrong-architecture /usr/bin/["],
    cause: "S01",
  },
  {
    name: "atmos",
    platforms: both,
    files: { "atmos-amd64": amd64, "atmos-arm64": arm64 },
    wrong: "linux/arm64",
    errors: ["userland-wrong-architecture /usr/bin/["],
    cause: "S01",
  },
  {
    name: "step-ca",
    platforms: both,
    files: { "step-amd64": amd64, "step-arm64": arm64, "step-ca": compiled("amd64", { options: ["-static", "-O2"] }) },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /usr/local/bin/step-ca"],
    cause: "S04",
  },
  {
    name: "liwan",
    platforms: both,
    files: { "amd64/liwan": compiled("musl", { options: ["-static"] }) },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /liwan"],
    cause: "S04",
  },
  {
    name: "wsvpn",
    platforms: both,
    files: { "wsvpn-amd64": amd64, "wsvpn-arm64": arm64 },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /wsvpn"],
    cause: "S02",
  },
  {
    name: "restart-operator",
    platforms: both,
    files: { "manager-amd64": amd64 },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /manager"],
    cause: "S04",
  },
  {
    name: "eck",
    platforms: both,
    files: { "elastic-operator-amd64": amd64 },
    wrong: "linux/arm64",
    errors: ["entrypoint-wrong-architecture /elastic-operator", "userland-wrong-architecture /bin/busybox"],
    cause: "S04, S01",
  },
  {
    name: "metrics-server",
    platforms: "linux/arm64",
    files: { "metrics-server-arm64": arm64 },
    joined: { built: "linux/amd64", args: ["--build-arg", "ARCH=arm64"], as: "linux/arm64" },
    wrong: "linux/arm64",
    errors: ["config-platform-mismatch /"],
    cause: "config-platform-mismatch",
  },
  {
    name: "typha",
    platforms: both,
    files: { "calico-typha-amd64": amd64, "calico-typha-arm64": arm64 },
    wrong: "linux/arm64",
    errors: ["library-wrong-architecture /lib64/ld-linux-x86-64.so.2"],
    warnings: ["executable-wrong-architecture /usr/glibc-compat/sbin/ldconfig"],
    cause: "S05",
  },
  {
    name: "iceci-helper",
    platforms: "linux/amd64,linux/arm/v7",
    files: {},
    wrong: "linux/arm/v7",
    errors: ["entrypoint-wrong-architecture /bin/busybox", "userland-wrong-architecture /bin/busybox"],
    cause: "S01",
  },
];

describe("images that were published wrong", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let registry: Registry;
  let node: BuildkitNode;
  let workshop: Workshop;
  let downloads: string;
  let close: () => void;

  before(async () => {
    bed = await startBed({ need: needs });
    workshop = await Workshop.open();
    registry = await bed.registry();
    node = await bed.buildkit("a");
    for (const name of ["busybox", "alpine", "debian"] as const) await bed.base(name);
    const glibc: Readonly<Record<string, ContentSource>> = {
      ldconfig: fileOf("amd64", "libc-bin", "/sbin/ldconfig"),
      "ld-linux-x86-64.so.2": fileOf("amd64", "libc6", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
    };
    const server = createServer(async (request, response) => {
      const source = glibc[request.url?.split("/").at(-1) ?? ""];
      // With its date a download makes the same layer for every platform; without, one that depends on the second it came in.
      response.setHeader("last-modified", "Thu, 01 Feb 2018 00:00:00 GMT");
      if (source === undefined) response.writeHead(404).end();
      else response.end(await source(workshop));
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    downloads = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = () => server.close();
  });
  after(async () => {
    close();
    await workshop[Symbol.asyncDispose]();
    await bed.stop();
  });

  for (const { name, platforms, files, joined, wrong, errors, warnings = [], cause } of published) {
    test(`${name}: refused with its cause`, async () => {
      await using place = await workplace(bed, { scenario: `published-${name}`, mirror: registry.host });
      for (const [path, source] of Object.entries(files)) {
        const file = join(place.dir, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, await source(workshop));
        await chmod(file, 0o755);
      }
      const image = `${registry.host}/published/${name}:1`;
      const args = name === "typha" ? ["--build-arg", `DOWNLOADS=${downloads}`] : (joined?.args ?? []);
      const options = ["--platform", joined?.built ?? platforms, "--provenance", "false", "--no-verify"];
      const env = { ...place.env, BUILDKIT_HOST: node.endpoint };
      const built = await archway(["build", ".", ...options, ...args, "--push", "-t", image, "--progress", "plain"], {
        cwd: place.dir,
        env,
      });
      assert.equal(built.code, 0, built.stderr);
      if (joined !== undefined) await rename(image, joined.as);

      const proven = await archway(["verify", image, "--format", "json"], { cwd: place.dir, env });
      assert.equal(proven.code, 1, proven.stderr);
      const [report] = JSON.parse(proven.stdout).images as readonly VerifiedImage[];
      assert.ok(report);
      for (const { platform, verdict, findings } of report.platforms) {
        const seen = JSON.stringify(findings, undefined, 1);
        assert.equal(verdict, platform === wrong ? "fail" : "pass", seen);
        if (platform !== wrong) continue;
        const lines = (weight: string) =>
          findings.filter(({ severity }) => severity === weight).map(({ rule, path }) => `${rule} ${path}`);
        assert.deepEqual(lines("error"), errors, seen);
        assert.deepEqual(lines("warning"), warnings, seen);
        const causes = findings.filter(({ severity }) => severity === "error").map((finding) => finding.cause?.code);
        assert.equal([...new Set(causes)].join(", "), cause, seen);
      }
    });
  }

  /** Says in the index that an image is for another platform than it was built for. */
  async function rename(image: string, platform: string): Promise<void> {
    const [os = "", architecture = ""] = platform.split("/");
    const url = `${registry.url}/v2/${image.slice(registry.host.length + 1).replace(":1", "")}/manifests/1`;
    const type = "application/vnd.oci.image.index.v1+json";
    const index = JSON.parse(await (await fetch(url, { headers: { accept: type } })).text());
    const manifests = index.manifests.map((one: object) => ({ ...one, platform: { os, architecture } }));
    const put = { method: "PUT", headers: { "content-type": type }, body: JSON.stringify({ ...index, manifests }) };
    assert.equal((await fetch(url, put)).status, 201);
  }
});

/** The part of the report that the test reads. */
interface VerifiedImage {
  readonly platforms: readonly {
    readonly platform: string;
    readonly verdict: string;
    readonly findings: readonly Finding[];
  }[];
}

/** The root file system of the bed's Debian as one archive. */
function rootFileSystem(architecture: "arm64"): ContentSource {
  return async (workshop) => {
    const [layer] = await base("debian", architecture)(workshop);
    return layer?.blob ?? "";
  };
}

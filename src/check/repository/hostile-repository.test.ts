import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import { amd64, makeElf } from "../../verify/program/test-elf.ts";
import { checkRepository } from "../check.ts";
import { brief, knownFacts } from "../test-check.ts";
import { readRepository } from "./read-repository.ts";

const made: string[] = [];
after(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** Checks a real folder with a good Dockerfile that has one mistake, and whatever else `fill` puts beside it. */
async function check(fill: (put: (path: string, content: string | Uint8Array) => void, root: string) => void) {
  const root = mkdtempSync(join(tmpdir(), "archway-hostile-"));
  made.push(root);
  const put = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  };
  put("good/Dockerfile", "FROM debian\nCOPY tool-amd64 /tool\n");
  fill(put, root);
  const { signal } = new AbortController();
  const repository = await readRepository(root, signal);
  const platforms = parsePlatformList("linux/amd64,linux/arm64");
  const { findings, model } = await checkRepository(repository, { platforms, facts: knownFacts({}), signal });
  return {
    findings: brief(findings.filter(({ rule }) => rule === "copy-arch-path")),
    unreadable: model.unreadable.map(({ place, message }) => `${place.path}: ${message}`),
  };
}

const theOne = ["copy-arch-path good/Dockerfile:2"];

describe("repositories that mean harm", () => {
  test("a Dockerfile that is a program is told, and the others are checked", async () => {
    const { findings, unreadable } = await check((put) => put("Dockerfile", makeElf(amd64)));
    assert.deepEqual(findings, theOne);
    assert.equal(unreadable.length, 1);
    assert.match(unreadable[0] ?? "", /^Dockerfile: /);
  });

  test("links out of the tree are not read", async () => {
    const outside = mkdtempSync(join(tmpdir(), "archway-outside-"));
    made.push(outside);
    writeFileSync(join(outside, "Dockerfile"), "FROM debian\nCOPY secret-amd64 /\n");
    const { findings } = await check((_, root) => {
      symlinkSync(join(outside, "Dockerfile"), join(root, "Dockerfile"));
      symlinkSync(outside, join(root, "folder"));
      symlinkSync("/etc/passwd", join(root, "Makefile"));
      symlinkSync("/dev/zero", join(root, "docker-compose.yml"));
      symlinkSync("/proc/self/environ", join(root, ".dockerignore"));
    });
    assert.deepEqual(findings, theOne);
  });

  test("folders that hold themselves, FIFOs and devices end", async () => {
    const { findings } = await check((_, root) => {
      symlinkSync(".", join(root, "self"));
      symlinkSync("..", join(root, "good/up"));
      symlinkSync("Dockerfile", join(root, "Dockerfile"));
      execFileSync("mkfifo", [join(root, "Makefile")]);
    });
    assert.deepEqual(findings, theOne);
  });

  test("a Dockerfile of 100 MB is told, and not read", async () => {
    const { findings, unreadable } = await check((put, root) => {
      put("Dockerfile", "FROM debian\n");
      truncateSync(join(root, "Dockerfile"), 100 * 1024 * 1024);
    });
    assert.deepEqual(findings, theOne);
    assert.match(unreadable[0] ?? "", /^Dockerfile: /);
  });

  test("an ignore file with wrong or very many patterns", async () => {
    const { findings } = await check((put) => {
      put("Dockerfile", "FROM debian\nCOPY . /app\nCOPY a*b*c*d*e* /x\n");
      put(".dockerignore", `[\n${"**/*a*b*c*d*e*f\n".repeat(2000)}`);
      put("good/Dockerfile.dockerignore", "**/a*a*a*a*a*a*a*b\n".repeat(2000));
      put(`good/${"a".repeat(200)}`, "");
    });
    assert.deepEqual(findings, theOne);
  });

  test("a deep tree", async () => {
    const { findings } = await check((put) => put(`${"d/".repeat(400)}Dockerfile`, "FROM scratch\nCOPY a /a\n"));
    assert.ok(findings.includes(theOne[0] ?? ""));
  });

  test("a COPY of names of the archive kind whose bytes lie", async () => {
    const { findings } = await check((put) => {
      put("Dockerfile", "FROM debian\nCOPY a.jar b.deb c.rpm d.a e.whl /\n");
      for (const [path, start] of [
        ["a.jar", "PK\x03\x04"],
        ["b.deb", "!<arch>\n"],
        ["c.rpm", "\xed\xab\xee\xdb"],
        ["d.a", "!<arch>\n/"],
        ["e.whl", "PK\x03\x04"],
      ] as const) {
        put(path, Buffer.concat([Buffer.from(start, "latin1"), Buffer.alloc(5000, 0xff)]));
      }
    });
    assert.deepEqual(findings, theOne);
  });
});

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { asOrdinaryUser } from "../../../test/faults/ordinary-user.ts";
import { ArchwayError } from "../../error/error.ts";
import { readRepository } from "./read-repository.ts";
import { maxTextSize } from "./repository.ts";

const made: string[] = [];
after(() => made.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

/** A new folder with files; returns its path. */
function folderWith(files: Readonly<Record<string, string | Uint8Array>>): string {
  const root = mkdtempSync(join(tmpdir(), "archway-check-"));
  made.push(root);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

const open = (root: string) => readRepository(root, new AbortController().signal);
const paths = (files: readonly { readonly path: string }[]) => files.map(({ path }) => path);

function git(root: string, ...args: readonly string[]): void {
  execFileSync("git", ["-c", "init.defaultBranch=main", ...args], {
    cwd: root,
    env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_CONFIG_SYSTEM: "/dev/null" },
    stdio: "ignore",
  });
}

describe("the files of a folder", () => {
  test("a plain folder gives all of its files, sorted, without .git", async () => {
    const root = folderWith({ "b/x.sh": "x", "b.txt": "", "a/b/c": "1", ".gitignore": "b\n", "sub/.git/config": "" });
    chmodSync(join(root, "b/x.sh"), 0o755);
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), [".gitignore", "a/b/c", "b.txt", "b/x.sh"]);
    assert.deepEqual(repository.file("b/x.sh"), { path: "b/x.sh", size: 1, executable: true });
    assert.deepEqual(paths(repository.filesIn("b")), ["b/x.sh"]);
    assert.deepEqual(paths(repository.filesIn("a")), ["a/b/c"]);
    assert.equal(repository.filesIn("").length, 4);
    assert.deepEqual(repository.filesIn("a/b/c"), []);
    assert.ok(repository.isFolder("a/b") && repository.isFolder("") && repository.isFolder("./a/"));
    assert.ok(!repository.isFolder("b.txt") && !repository.isFolder("c"));
    assert.equal(repository.text("./a/../a/b/c"), "1");
    assert.equal(repository.text("../etc/passwd"), undefined);
    assert.equal(repository.text("/etc/passwd"), undefined);
  });

  test("a work tree gives tracked and new files, not ignored ones", async () => {
    const root = folderWith({
      ".gitignore": "out/\n*.log\n",
      Dockerfile: "FROM scratch\n",
      "out/kept": "tracked although ignored",
      "out/lost": "",
      "new.txt": "",
      "a.log": "",
      deleted: "",
    });
    git(root, "init");
    git(root, "add", "Dockerfile", ".gitignore", "deleted");
    git(root, "add", "-f", "out/kept");
    rmSync(join(root, "deleted"));
    assert.deepEqual(paths((await open(root)).files), [".gitignore", "Dockerfile", "new.txt", "out/kept"]);
    // A folder that Git ignores whole is one that somebody asks for all the same.
    assert.deepEqual(paths((await open(join(root, "out"))).files), ["kept"]);
  });

  test("a part of a work tree has paths of its own", async () => {
    const root = folderWith({ "part/Dockerfile": "", "other/x": "", ".gitignore": "*.o\n", "part/a.o": "" });
    git(root, "init");
    assert.deepEqual(paths((await open(join(root, "part"))).files), ["Dockerfile"]);
  });

  test("settings of the repository run no program", async () => {
    const root = folderWith({ a: "" });
    git(root, "init");
    git(root, "config", "core.fsmonitor", `touch ${join(root, "ran")}; false`);
    assert.deepEqual(paths((await open(root)).files), ["a"]);
  });

  test("the variables of a hook do not lead to another repository", async () => {
    const [root, other] = [folderWith({ a: "" }), folderWith({ b: "" })];
    git(root, "init");
    git(other, "init");
    process.env["GIT_DIR"] = join(other, ".git");
    try {
      assert.deepEqual(paths((await open(root)).files), ["a"]);
    } finally {
      delete process.env["GIT_DIR"];
    }
  });

  test("a missing folder and a file are told apart", async () => {
    const root = folderWith({ file: "" });
    const failure = (path: string, message: RegExp) =>
      assert.rejects(
        open(path),
        (error) => error instanceof ArchwayError && error.code === "CHECK_DIRECTORY" && message.test(error.message),
      );
    await failure(join(root, "none"), /none: it does not exist\.$/);
    await failure(join(root, "file"), /file: it is a file, not a folder\.$/);
  });

  test("a signal stops it", async () => {
    await assert.rejects(readRepository(folderWith({ a: "" }), AbortSignal.abort()), { name: "AbortError" });
  });
});

describe("hostile folders", () => {
  test("links inside are followed, links out are not", async () => {
    const root = folderWith({ "real/file": "text" });
    symlinkSync("/etc/passwd", join(root, "Dockerfile"));
    symlinkSync("../../../../../../../../etc", join(root, "etc"));
    symlinkSync("real", join(root, "folder"));
    symlinkSync(join(root, "real/file"), join(root, "absolute"));
    symlinkSync("folder/file", join(root, "twice"));
    symlinkSync("missing", join(root, "broken"));
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), ["real/file"]);
    for (const out of ["Dockerfile", "etc", "etc/passwd", "broken"]) {
      assert.equal(repository.text(out), undefined, out);
      assert.equal(repository.head(out, 10), undefined, out);
      assert.equal(repository.file(out), undefined, out);
    }
    for (const link of ["folder/file", "absolute", "twice"]) {
      assert.equal(repository.text(link), "text", link);
      assert.equal(repository.file(link)?.path, "real/file", link);
    }
    assert.deepEqual(paths(repository.filesIn("folder")), ["real/file"]);
    assert.ok(repository.isFolder("folder"));
    assert.deepEqual(
      repository.links.map(({ path, target }) => `${path} ${target ?? "(out)"}`),
      ["Dockerfile (out)", "absolute real/file", "broken missing", "etc (out)", "folder real", "twice folder/file"],
    );
  });

  test("a folder of Git's list that became a link is not entered", async () => {
    const root = folderWith({ "conf/hostname": "", a: "" });
    git(root, "init");
    git(root, "add", ".");
    rmSync(join(root, "conf"), { recursive: true });
    symlinkSync("/etc", join(root, "conf"));
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), ["a"]);
    assert.equal(repository.text("conf/hostname"), undefined);
  });

  test("links that go round end", async () => {
    const root = folderWith({ "a/file": "" });
    symlinkSync("..", join(root, "a/up"));
    symlinkSync("two", join(root, "one"));
    symlinkSync("one", join(root, "two"));
    symlinkSync(".", join(root, "self"));
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), ["a/file"]);
    assert.equal(repository.text("one"), undefined);
    assert.equal(repository.text(`${"a/up/".repeat(20)}a/file`), "");
    assert.equal(repository.text(`${"a/up/".repeat(5000)}a/file`), undefined);
    assert.equal(repository.text("self/self/a/file"), "");
  });

  test("special files are left out and never waited for", async () => {
    const root = folderWith({ file: "" });
    execFileSync("mkfifo", [join(root, "Dockerfile")]);
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), ["file"]);
    assert.equal(repository.text("Dockerfile"), undefined);
  });

  test("a file that became a FIFO or a link after it was listed is not read", async () => {
    const root = folderWith({ fifo: "text", link: "text" });
    const repository = await open(root);
    rmSync(join(root, "fifo"));
    execFileSync("mkfifo", [join(root, "fifo")]);
    rmSync(join(root, "link"));
    symlinkSync("/etc/passwd", join(root, "link"));
    assert.equal(repository.text("fifo"), undefined);
    assert.equal(repository.text("link"), undefined);
  });

  test("large, binary and badly coded files", async () => {
    const root = folderWith({
      large: "",
      nul: "FROM a\0b",
      bad: Uint8Array.of(0x61, 0xff, 0x62),
      most: "x".repeat(maxTextSize),
      more: "x".repeat(maxTextSize + 1),
    });
    truncateSync(join(root, "large"), 100 * 1024 * 1024);
    const repository = await open(root);
    assert.equal(repository.file("large")?.size, 100 * 1024 * 1024);
    assert.equal(repository.text("large"), undefined);
    assert.deepEqual(repository.head("large", 4), Buffer.alloc(4));
    assert.equal(repository.text("nul"), undefined);
    assert.equal(repository.text("bad"), "a\uFFFDb");
    assert.equal(repository.text("most")?.length, maxTextSize);
    assert.equal(repository.text("more"), undefined);
    assert.deepEqual(repository.head("bad", 100), Buffer.from([0x61, 0xff, 0x62]));
  });

  test("names that are not UTF-8 are reported", async () => {
    const root = folderWith({ file: "" });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x61, 0xff])]), "");
    const repository = await open(root);
    assert.deepEqual(paths(repository.files), ["file"]);
    assert.deepEqual(repository.unreadable, [{ path: "a\uFFFD", message: "the name of the file is not valid UTF-8" }]);
  });

  test("folders without permission are reported", async () => {
    const root = folderWith({ file: "", "closed/secret": "" });
    chmodSync(root, 0o755);
    chmodSync(join(root, "closed"), 0);
    const repository = await asOrdinaryUser(() => open(root));
    chmodSync(join(root, "closed"), 0o755);
    assert.deepEqual(repository.unreadable, [{ path: "closed", message: "the folder cannot be read (EACCES)" }]);
  });
});

/** The first file that `archway init` writes runs as it is, where the images of its languages exist. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { archway, workplace } from "./archway.ts";

const needs = ["registry", "docker", "bases"] as const;

/** A repository, what it is recognised by, and what its first run says. */
interface Repository {
  readonly files: Readonly<Record<string, string>>;
  readonly recognised: string;
  readonly base: "golang" | "gcc" | "python";
  /** Tag that the first file takes, where the bed calls its image otherwise. */
  readonly tag: string;
  readonly says: RegExp;
}

const repositories: Readonly<Record<string, Repository>> = {
  go: {
    files: {
      "go.mod": "module example.org/app\n\ngo 1.19\n",
      "add.go": "package app\n\nfunc Add(a, b int) int { return a + b }\n",
      "add_test.go":
        'package app\n\nimport "testing"\n\nfunc TestAdd(t *testing.T) {\n\tif Add(1, 2) != 3 {\n\t\tt.Fatal("no")\n\t}\n}\n',
    },
    recognised: "Recognised Go 1.19 by go.mod",
    base: "golang",
    tag: "1.19",
    says: /│ ok\s+example\.org\/app/,
  },
  "c with make": {
    files: {
      Makefile: "all: app\napp: app.c\n\tgcc -o app app.c\ntest: app\n\t./app\n",
      "app.c": '#include <stdio.h>\nint main(void) { puts("made and tested"); return 0; }\n',
    },
    recognised: "Recognised C or C++, make by Makefile",
    base: "gcc",
    tag: "14",
    says: /│ made and tested\n/,
  },
  "python in a folder": {
    files: {
      "service/pyproject.toml": "[tool.black]\nline-length = 100\n",
      "service/tests/test_add.py":
        "import unittest\n\nclass Add(unittest.TestCase):\n    def test_add(self):\n        self.assertEqual(1 + 2, 3)\n",
    },
    recognised: "Recognised Python (no version written) by service/pyproject.toml",
    base: "python",
    tag: "3",
    says: /│ Ran 1 test in /,
  },
};

describe("the first pipeline of a repository", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  before(async () => {
    bed = await startBed({ need: needs });
  });
  after(() => bed.stop());

  for (const [name, { files, recognised, base, tag, says }] of Object.entries(repositories)) {
    test(`is written, right and runs: ${name}`, async () => {
      const { host } = await bed.registry();
      const { endpoint } = await bed.docker();
      const { reference } = await bed.base(base);
      const copied = await archway(["image", "copy", reference, `${host}/library/${base}:${tag}`], {
        cwd: bed.dir,
        env: bed.env,
      });
      assert.equal(copied.code, 0, copied.stderr);
      await using place = await workplace(bed);
      for (const [file, content] of Object.entries(files)) {
        await mkdir(dirname(join(place.dir, file)), { recursive: true });
        await writeFile(join(place.dir, file), content);
      }
      const begun = await archway(["init", "--platform", "linux/amd64"], { cwd: place.dir, env: place.env });
      assert.equal(begun.code, 0, begun.stderr);
      assert.ok(begun.stdout.startsWith(`${recognised}\n`), begun.stdout);
      // The bed's registry stands in for the Hub; the file itself stays as it was written.
      await writeFile(
        join(place.dir, "bed.yaml"),
        `version: 1\nextends: .archway.yaml\nregistries: { docker.io: { mirrors: ["${host}"] } }\n`,
      );
      const checked = await archway(["pipeline", "check", "bed.yaml"], { cwd: place.dir, env: place.env });
      assert.equal(checked.code, 0, checked.stderr);
      const ran = await archway(["run", "--config", "bed.yaml", "--host", endpoint], {
        cwd: place.dir,
        env: place.env,
      });
      assert.equal(ran.code, 0, ran.stderr);
      assert.match(ran.stderr, says);
    });
  }
});

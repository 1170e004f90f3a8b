import assert from "node:assert/strict";
import { test } from "node:test";
import { fixIn } from "./test-fix.ts";

const Dockerfile = "FROM scratch\nCOPY a /a\n";
const workflow = (inputs: string) => `on: push
jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Build
        uses: docker/build-push-action@v6
        with:
          context: .
          push: true
${inputs}          tags: example/app:1.0
`;
const files = (text: string) => ({ Dockerfile, a: "text\n", ".github/workflows/image.yml": text });
const rules = ["docker-build-single-platform"];

test("a step of GitHub Actions gets all platforms and the steps that it needs", async () => {
  const fixed = await fixIn(files(workflow("")), { rules });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [
    "+      - uses: docker/setup-qemu-action@v3",
    "+      - uses: docker/setup-buildx-action@v3",
    "+          platforms: linux/amd64,linux/arm64",
  ]);
  assert.ok(!fixed.after.findings.some(({ rule }) => rules.includes(rule)));
});

test("one platform becomes all, and a step with load is refused", async () => {
  const fixed = await fixIn(files(workflow("          platforms: linux/amd64\n")), { rules });
  assert.deepEqual(fixed.refusals, []);
  assert.ok(fixed.changed.includes("+          platforms: linux/amd64,linux/arm64"));
  const refused = await fixIn(files(workflow("          load: true\n")), { rules });
  assert.equal(refused.diff, "");
  assert.match(refused.refusals.join("\n"), /load: true/);
});

test("docker build and docker push become one command", async () => {
  const Makefile = "image:\n\tdocker build -t example/app:1.0 .\n\tdocker push example/app:1.0\n";
  const fixed = await fixIn({ Dockerfile, a: "text\n", Makefile }, { rules });
  assert.deepEqual(fixed.refusals, []);
  assert.deepEqual(fixed.changed, [
    "-\tdocker build -t example/app:1.0 .",
    "-\tdocker push example/app:1.0",
    "+\tdocker buildx build --platform linux/amd64,linux/arm64 --push -t example/app:1.0 .",
  ]);
});

test("a push that is not right behind its build is left to people", async () => {
  const Makefile = "image:\n\tdocker build -t example/app:1.0 .\n\techo done\n\tdocker push example/app:1.0\n";
  const fixed = await fixIn({ Dockerfile, a: "text\n", Makefile }, { rules });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /not two plain lines/);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsIn } from "../../test-check.ts";

const build = `#!/bin/bash
platforms=linux/amd64
while getopts "n:p:" opt; do
  case "$opt" in
    n) name=$OPTARG ;;
    p) platforms=$OPTARG ;;
  esac
done
docker buildx build --push --platform=$platforms -t "example/$name" "$name"
`;

test("the start of a build script that leaves out the platforms is the one that is told", async () => {
  const findings = await findingsIn({
    "one/Dockerfile": "FROM scratch\n",
    "two/Dockerfile": "FROM scratch\n",
    "build.sh": build,
    "release.sh": "#!/bin/bash\nbash build.sh -n one -p linux/amd64,linux/arm64\nbash build.sh -n two\n",
  });
  const found = findings.filter(({ rule }) => rule === "docker-build-single-platform");
  assert.deepEqual(
    found.map(({ path, line, severity }) => [path, line, severity]),
    [
      ["release.sh", 3, "warning"],
      ["build.sh", 2, "note"],
    ],
  );
});

test("the lines that rename and push a tag of one architecture belong to its finding", async () => {
  const findings = await findingsIn({
    Dockerfile: "FROM scratch\n",
    Makefile: `ARCH ?= amd64
IMAGE = example.io/app-$(ARCH)
push:
	docker build -t $(IMAGE):1 .
	docker tag $(IMAGE):1 $(IMAGE):latest
	gcloud docker -- push $(IMAGE):1
	docker push $(IMAGE):latest
`,
  });
  const found = findings.find(({ rule }) => rule === "per-arch-tag");
  assert.deepEqual([found?.line, found?.related.map(({ line }) => line).sort()], [4, [5, 6, 7]]);
});

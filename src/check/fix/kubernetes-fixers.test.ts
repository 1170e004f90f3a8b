import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePlatformList } from "../../platform/platform.ts";
import { fixIn } from "./test-fix.ts";

const images = { "example/app:1.0": { platforms: parsePlatformList("linux/amd64,linux/arm64") } };
const pod = (spec: string) => `apiVersion: v1
kind: Pod
metadata:
  name: app
spec:
${spec}  containers:
    - name: app
      image: example/app:1.0
`;
const affinity = (values: string) => `  affinity:
    nodeAffinity:
      requiredDuringSchedulingIgnoredDuringExecution:
        nodeSelectorTerms:
          - matchExpressions:
              - key: kubernetes.io/arch
                operator: In
                values:${values}
`;

test("values name all architectures, in the form that they are written in", async () => {
  const listed = await fixIn({ "pod.yaml": pod(affinity(" [amd64]")) }, { facts: { images } });
  assert.deepEqual(listed.refusals, []);
  assert.deepEqual(listed.changed, ["-                values: [amd64]", "+                values: [amd64, arm64]"]);
  const items = await fixIn({ "pod.yaml": pod(affinity('\n                  - "amd64"')) }, { facts: { images } });
  assert.deepEqual(items.changed, ['+                  - "arm64"']);
  assert.deepEqual(items.after.findings, []);
});

test("a selector is taken away, with its key when it is alone", async () => {
  const alone = await fixIn(
    { "pod.yaml": pod("  nodeSelector:\n    kubernetes.io/arch: amd64\n") },
    { facts: { images } },
  );
  assert.deepEqual(alone.changed, ["-  nodeSelector:", "-    kubernetes.io/arch: amd64"]);
  const more = await fixIn(
    { "pod.yaml": pod("  nodeSelector:\n    kubernetes.io/arch: amd64\n    disk: ssd\n") },
    { facts: { images } },
  );
  assert.deepEqual(more.changed, ["-    kubernetes.io/arch: amd64"]);
});

test("nothing is changed while the images are not known", async () => {
  const fixed = await fixIn({ "pod.yaml": pod("  nodeSelector:\n    kubernetes.io/arch: amd64\n") });
  assert.equal(fixed.diff, "");
  assert.match(fixed.refusals.join("\n"), /It is not known that example\/app:1.0/);
});

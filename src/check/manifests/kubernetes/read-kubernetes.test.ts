import assert from "node:assert/strict";
import { test } from "node:test";
import { imagesIn, manifestsIn } from "../test-manifests.ts";

test("reads images of containers, and those that hide in environment, arguments and ConfigMaps", () => {
  const text = `apiVersion: apps/v1
kind: Deployment
metadata: {name: operator}
spec:
  template:
    spec:
      initContainers:
      - image: me/init:1
      containers:
      - image: me/operator:1-arm
        args: ["--sidecar-image=me/sidecar:2", "--image-pull-policy=Always"]
        env:
        - {name: APP_IMAGE_BUILDER, value: "me/builder-arm:3"}
        - {name: HELPER, value: "registry.example.com/me/helper:4"}
        - {name: API_URL, value: "example.com/path:8080"}
        - {name: MODE, value: fast/slow}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config}
data:
  TOOL_IMAGE: me/tool:5
  config.yaml: |
    image: me/nested-amd64:6
    imagePullPolicy: Always
`;
  const both = "linux/amd64,linux/arm64";
  assert.deepEqual(imagesIn({ "a.yaml": text }), [
    `a.yaml:10:16 kubernetes me/operator:1-arm ${both}`,
    `a.yaml:8:16 kubernetes me/init:1 ${both}`,
    `a.yaml:11:33 environment me/sidecar:2 ${both}`,
    `a.yaml:13:45 environment me/builder-arm:3 ${both}`,
    `a.yaml:14:34 environment registry.example.com/me/helper:4 ${both}`,
    `a.yaml:22:15 environment me/tool:5 ${both}`,
    `a.yaml:24:12 environment me/nested-amd64:6 ${both}`,
  ]);
});

test("asks of an image only the platforms that its pod may run on", () => {
  const pod = (arch: string) =>
    `apiVersion: v1\nkind: Pod\nspec:\n  nodeSelector: {kubernetes.io/arch: ${arch}}\n  containers: [{image: "a:1"}]\n`;
  assert.deepEqual(imagesIn({ "a.yaml": pod("arm64"), "b.yaml": pod("s390x") }), [
    "a.yaml:5:25 kubernetes a:1 linux/arm64",
    "b.yaml:5:25 kubernetes a:1 linux/s390x",
  ]);
});

test("looks into lists, and not into definitions of types", () => {
  const text = `apiVersion: v1
kind: List
items:
- kind: CronJob
  spec: {jobTemplate: {spec: {template: {spec: {containers: [{image: job:1}]}}}}}
- kind: CustomResourceDefinition
  spec: {containers: [{image: none:1}]}
`;
  assert.deepEqual(imagesIn({ "a.yaml": text }), ["a.yaml:5:70 kubernetes job:1 linux/amd64,linux/arm64"]);
});

test("reads the values of charts and the images of kustomizations", () => {
  const files = {
    "chart/values.yaml":
      "image:\n  registry: quay.io\n  repository: me/app\n  tag: v1-amd64\nsidecarImage: me/side:2\nservice: {name: x, type: y}\n",
    "kustomization.yaml": "images:\n- name: app\n  newName: me/app-arm64\n  newTag: v2\n- name: plain\n",
  };
  const both = "linux/amd64,linux/arm64";
  assert.deepEqual(imagesIn(files), [
    `chart/values.yaml:3:15 kubernetes quay.io/me/app:v1-amd64 ${both}`,
    `chart/values.yaml:5:15 kubernetes me/side:2 ${both}`,
    `kustomization.yaml:3:12 kubernetes me/app-arm64:v2 ${both}`,
  ]);
});

test("reads a bundle of many objects quickly, and takes down what is too large or broken", () => {
  const object = (index: number) =>
    `---\napiVersion: v1\nkind: Service\nmetadata: {name: s${index}}\nspec:\n${"  a: b\n".repeat(40)}`;
  const start = process.cpuUsage();
  const bundle = Array.from({ length: 1000 }, (_, index) => object(index)).join("");
  const pod = "---\napiVersion: v1\nkind: Pod\nspec: {containers: [{image: a:1}]}\n";
  assert.equal(manifestsIn({ "a.yaml": bundle + pod }).images.length, 2);
  assert.ok(process.cpuUsage(start).user < 1_500_000);
  const { unreadable } = manifestsIn({
    "large.yaml": `apiVersion: v1\nkind: Pod\n${"# image\n".repeat(600_000)}`,
    "broken.yaml": "apiVersion: v1\nkind: Pod\nspec: [image\n",
  });
  assert.deepEqual(
    unreadable.map(({ place }) => place.path),
    ["broken.yaml", "large.yaml"],
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { brief, findingsIn, type KnownFacts } from "../../test-check.ts";

const rules = ["k8s-arch-pinned", "k8s-arch-unconstrained", "k8s-arch-label-deprecated", "compose-platform-pinned"];

async function found(files: Readonly<Record<string, string>>, facts: KnownFacts = {}): Promise<string[]> {
  const findings = await findingsIn(files, { facts });
  return brief(findings.filter(({ rule }) => rules.includes(rule)));
}

const amd64 = { os: "linux", architecture: "amd64" };
const arm64 = { os: "linux", architecture: "arm64" };

/** A workload with a pod whose lines are given, indented as they must be. */
function workload(kind: string, name: string, ...pod: readonly string[]): string {
  const head = [
    "apiVersion: apps/v1",
    `kind: ${kind}`,
    "metadata:",
    `  name: ${name}`,
    "spec:",
    "  template:",
    "    spec:",
  ];
  return [...head, ...pod.map((line) => `      ${line}`), ""].join("\n");
}

const containers = (image: string) => ["containers:", "- name: app", `  image: ${image}`];

test("k8s-arch-pinned finds a node selector that leaves a platform out", async () => {
  const pod = ["nodeSelector:", "  kubernetes.io/arch: amd64", ...containers("me/app:1")];
  assert.deepEqual(await found({ "deploy.yaml": workload("Deployment", "app", ...pod) }), [
    "k8s-arch-pinned deploy.yaml:9",
  ]);
});

test("k8s-arch-pinned finds a required affinity, and the place of its values", async () => {
  const pod = [
    "affinity:",
    "  nodeAffinity:",
    "    requiredDuringSchedulingIgnoredDuringExecution:",
    "      nodeSelectorTerms:",
    "      - matchExpressions:",
    "        - key: kubernetes.io/arch",
    "          operator: In",
    "          values:",
    "          - amd64",
    ...containers("me/app:1"),
  ];
  const findings = await findingsIn({ "deploy.yaml": workload("Deployment", "app", ...pod) });
  const finding = findings.find(({ rule }) => rule === "k8s-arch-pinned");
  assert.equal(finding?.line, 13);
  assert.deepEqual(
    finding?.problems[0]?.spots?.map(({ place }) => place.line),
    [16],
  );
  assert.deepEqual(finding?.platforms, [arm64]);
});

test("k8s-arch-pinned says nothing when all platforms are covered, or the images need it", async () => {
  const both = [
    "affinity:",
    "  nodeAffinity:",
    "    requiredDuringSchedulingIgnoredDuringExecution:",
    "      nodeSelectorTerms:",
    "      - matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]",
    ...containers("me/app:1"),
  ];
  const excluded = both.map((line) => line.replace("In, values: [amd64, arm64]", "NotIn, values: [s390x]"));
  const preferred = both.map((line) => line.replace("required", "preferred").replace("amd64, ", ""));
  const single = ["nodeSelector: {kubernetes.io/arch: amd64}", ...containers("old/app:1")];
  const named = ["nodeSelector: {kubernetes.io/arch: amd64}", ...containers("me/app-amd64:1")];
  const facts = { images: { "old/app:1": { platforms: [amd64] } } };
  for (const pod of [both, excluded, preferred, single, named]) {
    assert.deepEqual(await found({ "a.yaml": workload("Deployment", "app", ...pod) }, facts), []);
  }
});

test("k8s-arch-pinned says nothing when siblings serve the other platforms", async () => {
  const one = (name: string) =>
    workload(
      "DaemonSet",
      `net-${name}`,
      `nodeSelector: {kubernetes.io/arch: ${name}}`,
      ...containers(`me/net:1-${name}`),
    );
  const together = { "net.yaml": ["amd64", "arm64", "arm"].map(one).join("---\n") };
  assert.deepEqual(await found(together), []);
  const plain = (name: string) =>
    workload("DaemonSet", "net", `nodeSelector: {kubernetes.io/arch: ${name}}`, ...containers("me/net:1"));
  assert.deepEqual(await found({ "amd64.yaml": plain("amd64"), "arm64.yaml": plain("arm64") }), []);
  assert.deepEqual(await found({ "a.yaml": plain("amd64"), "b.yaml": plain("s390x") }), [
    "k8s-arch-pinned a.yaml:8",
    "k8s-arch-pinned b.yaml:8",
  ]);
});

test("k8s-arch-pinned reads values and templates of charts, and patches of Kustomize", async () => {
  const files = {
    "chart/Chart.yaml": "name: app\n",
    "chart/values.yaml":
      "app:\n  image: {repository: me/app, tag: v1}\n  nodeSelector:\n    kubernetes.io/arch: amd64\n",
    "chart/templates/a.yaml": workload(
      "Deployment",
      "{{ .Release.Name }}",
      "nodeSelector:",
      "  kubernetes.io/arch: amd64",
      ...containers('"{{ .Values.app.image }}"'),
    ),
    "chart/templates/open.yaml": workload(
      "Deployment",
      "b",
      "nodeSelector:",
      "  kubernetes.io/arch: {{ .Values.arch }}",
      ...containers("me/b"),
    ),
    "overlay/patch.yaml":
      "kind: Deployment\nspec:\n  template:\n    spec:\n      nodeSelector:\n        kubernetes.io/arch: amd64\n",
  };
  assert.deepEqual(await found(files), [
    "k8s-arch-pinned chart/templates/a.yaml:9",
    "k8s-arch-pinned chart/values.yaml:4",
    "k8s-arch-pinned overlay/patch.yaml:6",
  ]);
});

test("k8s-arch-pinned is a note in tests", async () => {
  const pod = ["nodeSelector: {kubernetes.io/arch: amd64}", ...containers("me/app:1")];
  const findings = await findingsIn({ "test/e2e/pod.yaml": workload("Deployment", "app", ...pod) });
  assert.deepEqual(
    findings.filter(({ rule }) => rule === "k8s-arch-pinned").map(({ severity }) => severity),
    ["note"],
  );
});

test("k8s-arch-unconstrained finds images for one platform, by the registry and by their name", async () => {
  const facts = { images: { "old/app:1": { platforms: [amd64] }, "new/app:1": { platforms: [amd64, arm64] } } };
  const files = {
    "a.yaml": workload("Deployment", "a", ...containers("old/app:1")),
    "b.yaml": workload("Deployment", "b", ...containers("k8s.gcr.io/tool-amd64:1.8")),
    "c.yaml": workload("Deployment", "c", ...containers("new/app:1")),
    "d.yaml": workload("Deployment", "d", ...containers("unknown/app:1")),
    "e.yaml": workload("Deployment", "e", "nodeSelector: {kubernetes.io/arch: amd64}", ...containers("old/app:1")),
  };
  const all = await found(files, facts);
  assert.deepEqual(all, ["k8s-arch-unconstrained a.yaml:10", "k8s-arch-unconstrained b.yaml:10"]);
});

test("k8s-arch-unconstrained says nothing where a template may constrain the pod", async () => {
  const pod = ["nodeSelector:", "  {{- toYaml .Values.nodeSelector | nindent 8 }}", ...containers("me/app-amd64:1")];
  const files = { "chart/Chart.yaml": "name: a\n", "chart/templates/a.yaml": workload("Deployment", "a", ...pod) };
  assert.deepEqual(await found(files), []);
});

test("k8s-arch-label-deprecated notes old labels once a file", async () => {
  const text = workload(
    "Deployment",
    "a",
    "nodeSelector:",
    "  beta.kubernetes.io/os: linux",
    "  # beta.kubernetes.io/arch: amd64",
    ...containers("a:1"),
  );
  const findings = await findingsIn({ "a.yaml": `${text}---\n${text}`, "testdata/b.yaml": text, "README.md": text });
  const own = findings.filter(({ rule }) => rule === "k8s-arch-label-deprecated");
  assert.deepEqual(brief(own), ["k8s-arch-label-deprecated a.yaml:9 +23"]);
  assert.equal(own[0]?.severity, "note");
  assert.deepEqual(await found({ "a.yaml": text.replaceAll("beta.", "") }), []);
});

test("compose-platform-pinned finds fixed platforms, with the image", async () => {
  const text = "services:\n  mail:\n    platform: linux/amd64\n    image: old/mail\n  db:\n    image: postgres:16\n";
  assert.deepEqual(await found({ "docker-compose.yml": text }), ["compose-platform-pinned docker-compose.yml:3 +4"]);
});

test("compose-platform-pinned says nothing of what a user chooses, and of services for each platform", async () => {
  const chosen =
    "services:\n  a:\n    platform: ${PLATFORM:-}\n    image: a\n  b:\n    platform: ${PLATFORM}\n    image: b\n";
  const each =
    "services:\n  a:\n    platform: linux/amd64\n    build: .\n  b:\n    platform: linux/arm64\n    build: .\n";
  assert.deepEqual(await found({ "compose.yaml": chosen, "docker-compose.build.yml": each }), []);
  const fallback = await findingsIn({
    "compose.yaml": "services:\n  a:\n    platform: ${PLATFORM:-linux/amd64}\n    image: a\n",
  });
  assert.deepEqual(
    fallback.map(({ severity }) => severity),
    ["note"],
  );
});

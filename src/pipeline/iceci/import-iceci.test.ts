import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { parseConfig } from "../../config/parse-config.ts";
import { ArchwayError } from "../../error/error.ts";
import { parsePlatform } from "../../platform/platform.ts";
import { importIceci } from "./import-iceci.ts";
import type { Profile } from "./profiles.ts";
import { parseProfiles } from "./profiles.ts";

const file = "/repo/.iceci.yaml";

function imported(content: string, profiles: ReadonlyMap<string, Profile> = new Map()): string {
  const text = importIceci(content, { profiles, file });
  // Whatever is imported is a pipeline of Archway.
  parseConfig(text, "/repo/.archway.yaml");
  return text;
}

/** The result without its comments. */
function jobsOf(content: string, profiles?: ReadonlyMap<string, Profile>) {
  return parse(imported(content, profiles)) as {
    readonly on: unknown;
    readonly env?: unknown;
    readonly platforms: readonly string[];
    readonly registries?: unknown;
    readonly on_failure?: readonly { readonly name: string; readonly run: string }[];
    readonly jobs: Readonly<Record<string, ReadJob>>;
  };
}

type ReadJob = Readonly<Record<string, unknown>> & { readonly build?: { readonly platforms: readonly string[] } };

interface ReadStep {
  readonly when?: unknown;
  readonly on_failure?: readonly { readonly name: string }[];
}

function stepsOf(job: ReadJob = {}): readonly ReadStep[] {
  return job["steps"] as readonly ReadStep[];
}

test("steps that follow each other are one job, with secrets by name and IceCI's variables", () => {
  const text = imported(`
globals:
  environment:
  - { name: LEVEL, value: debug }
  - { name: TOKEN, fromSecret: api-token }
services:
- { name: web, image: nginx }
steps:
- name: write
  containerRun:
    image: alpine
    script: date > /workspace/now
- name: fetch
  containerRun:
    image: alpine
    script: wget "http://$ICECI_SERVICE_WEB/$ICECI_GIT_COMMIT_SHA"
    environment: [{ name: KEY, fromSecret: key }]
    files: [{ path: /etc/key, fromSecret: key-file }]
- name: default-command
  containerRun: { image: hello-world }
`);
  assert.equal(
    text,
    `# Made from .iceci.yaml by archway import iceci. Comments tell where something means another thing than it did.

version: 1
platforms: [ linux/amd64 ]
on: { push: {} }
env: { LEVEL: debug }
jobs:
  steps:
    workspace: /workspace
    secrets: [ { name: API_TOKEN, env: TOKEN } ]
    # A service that ended failed the pipeline of IceCI. Give each one \`ready\`, so that the steps wait for it.
    services: { web: { image: nginx } }
    steps:
      - name: write
        image: alpine
        run: date > /workspace/now
      - name: fetch
        image: alpine
        # ICECI_SERVICE_WEB was the address of the service; it is its name now, which containers resolve.
        env:
          ICECI_SERVICE_WEB: web
          ICECI_GIT_COMMIT_SHA: \${{ git.sha }}
        secrets: [ KEY, { name: KEY_FILE, file: /etc/key } ]
        run: wget "http://$ICECI_SERVICE_WEB/$ICECI_GIT_COMMIT_SHA"
      - { name: default-command, image: hello-world, args: [] }
`,
  );
});

const helperImage = ["amd64", "arm", "arm64"]
  .map(
    (name) => `
- name: build-${name}
  runtimeProfile: ${name}
  when: { event: [commit, tag] }
  containerBuild:
    user: team
    imageName: tool
    dockerSecret: hub
    contextPath: tool
    dockerfilePath: tool/Dockerfile
    tags: ["{{ ICECI_GIT_EVENT_NAME }}-${name}", "latest-${name}"]
    buildArgs: [{ name: BIN_ARCH, value: ${name} }, { name: VERSION, value: "1" }]`,
  )
  .join("");

test("builds for several platforms that manifest-tool joins are one build job", () => {
  const pipeline = `steps:${helperImage}
- name: join
  when: { event: [commit, tag] }
  containerRun:
    image: team/tool
    script: |
      echo joining
      manifest-tool push from-args \\
        --platforms linux/amd64,linux/arm,linux/arm64 --template "team/tool:latest-ARCH" --target team/tool:latest
      curl -X POST https://hook.test
`;
  const { jobs, platforms, registries } = jobsOf(pipeline);
  assert.deepEqual(platforms, ["linux/amd64", "linux/arm/v7", "linux/arm64"]);
  assert.deepEqual(registries, { "docker.io": { username: "team", password: { secret: "HUB_PASSWORD" } } });
  assert.deepEqual(jobs, {
    image: {
      build: {
        platforms: ["linux/amd64", "linux/arm/v7", "linux/arm64"],
        context: "tool",
        file: "tool/Dockerfile",
        tags: ["docker.io/team/tool:${{ git.tag || git.branch }}", "docker.io/team/tool:latest"],
        args: { VERSION: "1" },
        push: true,
      },
    },
  });
  const text = imported(pipeline).replaceAll(/\n *# /g, " ");
  assert.match(text, /Was build-amd64, build-arm, build-arm64, one after the other, and join/);
  assert.match(text, /The build argument BIN_ARCH was another one for each platform\. .*TARGETARCH/);
  assert.match(text, /Left out of join: curl -X POST https:\/\/hook\.test/);
});

test("builds that nothing joins stay a chain of jobs", () => {
  const { jobs } = jobsOf(`steps:${helperImage}`);
  assert.deepEqual(
    Object.entries(jobs).map(([name, { needs, build }]) => [name, needs, build?.platforms]),
    [
      ["build-amd64", undefined, ["linux/amd64"]],
      ["build-arm", "build-amd64", ["linux/arm/v7"]],
      ["build-arm64", "build-arm", ["linux/arm64"]],
    ],
  );
});

test("the chain is cut at builds, approvals and other profiles; workspace and services go on", () => {
  const pipeline = `
steps:
- { name: make, containerRun: { image: alpine, script: make } }
- { name: app, containerBuild: { user: u, imageName: app, tags: ["{{ ICECI_BUILD_NUMBER }}"] } }
- { name: start, serviceRun: { name: app-service, image: "u/app:{{ ICECI_BUILD_NUMBER }}" } }
- { name: try, containerRun: { image: alpine, script: ./try } }
- { name: ask, waitForAccept: { timeout: 90 } }
- { name: ask-again, waitForAccept: {} }
- { name: ship, runtimeProfile: arm64, containerRun: { image: alpine, script: ./ship } }
`;
  const { jobs } = jobsOf(pipeline);
  const image = "${{ jobs.app.reference }}";
  assert.deepEqual(jobs, {
    make: { steps: [{ name: "make", image: "alpine", run: "make" }], artifacts: { workspace: "**" } },
    app: {
      needs: "make",
      build: { platforms: ["linux/amd64"], tags: ["docker.io/u/app:${{ run.number }}"], push: true },
    },
    try: {
      needs: "app",
      services: { "app-service": { image } },
      inputs: { ".": "make.workspace" },
      steps: [{ name: "try", image: "alpine", run: "./try" }],
      artifacts: { workspace: "**" },
    },
    ask: { needs: "try", approval: { timeout: "90s" } },
    "ask-again": { needs: "ask", approval: {} },
    ship: {
      needs: "ask-again",
      platforms: ["linux/arm64"],
      services: { "app-service": { image } },
      inputs: { ".": "try.workspace" },
      steps: [{ name: "ship", image: "alpine", run: "./ship" }],
    },
  });
  const text = imported(pipeline).replaceAll(/\n *# /g, " ");
  assert.match(text, /ICECI_BUILD_NUMBER goes on from 1/);
  assert.match(text, /What the job make writes is not in it: make that in the Dockerfile/);
  assert.match(text, /IceCI kept one workspace for all steps/);
  assert.match(text, /Was begun by the step start, and ran until the end\. Each later job begins it anew/);
  assert.match(text, /Was runtimeProfile arm64/);
});

test("failure handlers run after the step's and for the pipeline; one that is named twice runs twice", () => {
  const { jobs, on_failure: all } = jobsOf(`
globals: { onFailure: [{ handlerName: tell }] }
steps:
- name: fails
  containerRun: { image: alpine, script: "false" }
  onFailure: [{ handlerName: clean }, { handlerName: tell }, { handlerName: tell }]
failureHandlers:
- { name: tell, image: alpine, script: 'echo "$ICECI_FAILED_STEP_NAME in $ICECI_STEP_NAME"' }
- { name: clean, image: alpine }
`);
  const [step] = stepsOf(jobs["fails"]);
  assert.deepEqual(
    step?.on_failure?.map(({ name }) => name),
    ["clean", "tell", "tell-2"],
  );
  assert.equal(all?.[0]?.run.split("\n")[0], 'export ICECI_FAILED_STEP_NAME="$ARCHWAY_FAILED_STEP"');
});

test("conditions become those of the job where all steps share them, else of the step", () => {
  const run = "containerRun: { image: alpine, script: x }";
  const shared = "when: { event: [commit, tag], branch: [main, release-*], skipTag: [beta-*] }";
  assert.deepEqual(
    jobsOf(`steps: [{ name: aa, ${shared}, ${run} }, { name: bb, ${shared}, ${run} }]`).jobs["steps"]?.["when"],
    {
      if: "${{ (event.name == 'push' && (git.branch == 'main' || starts_with(git.branch, 'release-'))) || (event.name == 'tag' && !(starts_with(git.tag, 'beta-'))) }}",
    },
  );
  const mixed = jobsOf(`
steps:
- { name: aa, ${run} }
- { name: bb, when: { event: [tag], tag: ["v*"] }, ${run} }
- { name: cc, when: { event: [commit, tag] }, ${run} }
- { name: dd, when: { branch: [a, "b*"], skipBranch: [bad] }, ${run} }
`);
  assert.deepEqual(mixed.on, { push: {}, tag: ["**"] });
  assert.deepEqual(
    stepsOf(mixed.jobs["steps"]).map((step) => step.when),
    [{ event: "push" }, { event: "tag", tag: ["v*"] }, undefined, { event: "push", branch: ["a", "b*", "!bad"] }],
  );
  assert.equal(jobsOf(`steps: [{ name: aa, ${run} }]`).jobs["aa"]?.["when"], undefined);
});

test("files of IceCI's first versions are read: pull requests, numbers, names with spaces, old names of variables", () => {
  const pipeline = jobsOf(`
steps:
- name: lint chart
  when: { event: [commit, tag, pr] }
  containerRun:
    image: alpine
    script: echo "$ICE_GIT_TAG_OR_BRANCH"
    environment: [{ name: PORT, value: 8000 }]
- { name: reviewed, when: { event: [pr] }, containerRun: { image: alpine, script: x } }
- { name: main-too, when: { event: [commit, pr], branch: [main] }, containerRun: { image: alpine, script: x } }
`);
  assert.deepEqual(pipeline.on, { push: {}, tag: ["**"], pull_request: {} });
  assert.deepEqual(pipeline.jobs["steps"]?.["steps"], [
    {
      name: "lint-chart",
      image: "alpine",
      env: { ICE_GIT_TAG_OR_BRANCH: "${{ git.tag || git.branch }}", PORT: "8000" },
      run: 'echo "$ICE_GIT_TAG_OR_BRANCH"',
    },
    { name: "reviewed", image: "alpine", run: "x", when: { event: "pull_request" } },
    {
      name: "main-too",
      image: "alpine",
      run: "x",
      when: { if: "${{ (event.name == 'push' && git.branch == 'main') || (event.name == 'pull_request') }}" },
    },
  ]);
});

test("what has no place in a pipeline of Archway is told", () => {
  const text = imported(`
workingDir: src
steps:
- { name: pull, containerRun: { image: registry.test/a, dockerSecret: one, script: "echo \${{ x }}" } }
- { name: deploy, when: { branch: [main] }, containerBuild: { user: u, registry: registry.test, imageName: a, dockerSecret: two, tags: [a] } }
- { name: after, containerRun: { image: alpine, script: x } }
- { name: late, serviceRun: { name: web, image: nginx } }
`).replaceAll(/\n *# /g, " ");
  assert.match(text, /The step late began the service web for no later step, and is left out/);
  assert.match(text, /one was used for this registry too: a registry has one login/);
  assert.match(text, /IceCI passed over deploy where its `when` did not fit[^]*needs: deploy/);
  assert.match(text, /run: echo \$\$\{\{ x \}\}\n *directory: src/);
});

test("runtime profiles come from manifests, by option or by their names; an unknown one is an error", () => {
  const profiles = parseProfiles(
    `kind: ConfigMap
---
apiVersion: iceci.io/v1alpha1
kind: RuntimeProfile
metadata: { name: pi }
spec:
  serviceAccountName: builder
  nodeSelector: { kubernetes.io/arch: arm64, disk: ssd }
  resources: { limits: { cpu: 500m, memory: 128Mi } }
`,
    "/repo/profiles.yaml",
  );
  const pipeline = "steps: [{ name: aa, runtimeProfile: pi, containerRun: { image: alpine, script: x } }]";
  assert.deepEqual(jobsOf(pipeline, profiles).jobs["aa"]?.["platforms"], ["linux/arm64"]);
  assert.deepEqual(jobsOf(pipeline, profiles).jobs["aa"]?.["resources"], { cpus: 0.5, memory: "128MiB" });
  assert.match(imported(pipeline, profiles), /no counterpart: nodeSelector disk, serviceAccountName/);
  const other = new Map([["pi", { platform: parsePlatform("linux/arm/v6"), limits: {}, lost: [] }]]);
  assert.deepEqual(jobsOf(pipeline, other).platforms, ["linux/arm/v6"]);
  assert.throws(
    () => imported(pipeline),
    (error) =>
      error instanceof ArchwayError &&
      error.code === "PROFILE_UNKNOWN" &&
      error.hint?.includes("--profile pi=") === true,
  );
});

test("mistakes are told with their place", () => {
  const run = "containerRun: { image: a }";
  const cases: readonly (readonly [content: string, line: number, column: number, told: RegExp])[] = [
    ["steps:\n- name: a\n", 2, 3, /step a does nothing/],
    [`steps:\n- { name: a, ${run}, waitForAccept: {} }\n`, 2, 3, /step a is containerRun and waitForAccept at once/],
    [`steps:\n- name: a\n  conatinerRun: {}\n`, 3, 3, /unknown key "conatinerRun" in steps\[0\]/],
    [`steps:\n- { name: a, ${run} }\n- name: a\n  ${run}\n`, 3, 9, /a second step is called a/],
    [`steps:\n- name: a\n  ${run}\n  onFailure:\n  - handlerName: b\n`, 5, 18, /there is no failure handler b/],
    [
      "steps:\n- name: a\n  containerRun:\n    image: a\n    environment:\n    - name: B\n",
      6,
      7,
      /neither a value nor/,
    ],
    ["services: []\n", 1, 1, /steps is missing/],
  ];
  for (const [content, line, column, told] of cases) {
    assert.throws(
      () => imported(content),
      (error) => {
        assert.ok(error instanceof ArchwayError);
        assert.equal(error.code, "ICECI_INVALID");
        assert.match(error.message, told);
        assert.deepEqual(error.place, { file, line, column }, content);
        return true;
      },
    );
  }
});

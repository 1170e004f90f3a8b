/** What IceCI's documentation shows (`test/scenarios/pipeline-import`), imported and run on the real Docker; images of the bed stand in for those of the Hub. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { parseReference } from "../../src/oci/reference.ts";
import { Registries } from "../../src/store/registry/registries.ts";
import { startBed, unavailable, type Bed } from "../bed/bed.ts";
import { run } from "../bed/command.ts";
import { archway, workplace, type Ended } from "./archway.ts";
import { putCommand } from "./image-parts.ts";
import { assertWhole, eventsOf, lineOf, outputOf } from "./run-record.ts";
import type { RunEvent } from "../../src/event/run-event.ts";

const needs = ["registry", "buildkit", "docker", "qemu", "bases"] as const;

/** One run of an imported pipeline. */
interface Play {
  readonly args?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
  readonly exit?: number;
  /** `JOB STEP` → what it wrote. */
  readonly output?: Readonly<Record<string, RegExp | string>>;
  /** Lines of events that are there. */
  readonly events?: readonly string[];
}

/** An example, with the files of its repository and its runs. */
interface Example {
  readonly scenario: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly runs: readonly Play[];
  readonly look?: (host: string) => Promise<void>;
}

const serving = "mkdir /www; echo welcome > /www/index.html; exec httpd -f -p 80 -h /www";

const examples: readonly Example[] = [
  {
    scenario: "two-steps",
    runs: [1, 2].map((number) => ({
      output: {
        "steps hello": "hello\n",
        "steps variables": new RegExp(`^build ${number} of main\n[^]*^ICECI_BUILD_NUMBER=${number}$`, "m"),
      },
    })),
  },
  { scenario: "shared-workspace", runs: [{ output: { "steps read-file": /^\w+ \w+ +\d+ \d+:\d+:\d+ UTC \d+\n$/ } }] },
  { scenario: "web-service", runs: [{ output: { "fetch fetch": /^welcome$/m } }] },
  {
    scenario: "build-and-service",
    files: {
      Dockerfile: `FROM busybox
ARG BRANCH
RUN mkdir /www && echo "built of $BRANCH" > /www/index.html
CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]
`,
    },
    runs: [{ secrets: { HUB_PASSWORD: "hub-password" }, output: { "try try": /^built of main$/m } }],
  },
  {
    scenario: "approval",
    files: { plan: "#!/bin/sh\necho three changes\n", apply: '#!/bin/sh\necho "applied $(cat "$1")"\n' },
    runs: [
      {
        exit: 1,
        events: ["plan succeeded", "accept failed (user APPROVAL_MISSING)", "apply skipped: it needs accept"],
      },
      { args: ["--approve", "accept"], output: { "apply apply": "applied three changes\n" } },
      { args: ["--event", "push=dev"], events: ["accept skipped: when.branch is main, this is dev"] },
    ],
  },
  {
    scenario: "conditions",
    runs: [
      {
        args: ["--event", "push=feature-new"],
        output: { "steps always": "made\n", "steps features": "features of feature-new\n", "steps release": "" },
      },
      {
        args: ["--event", "push=feature-old"],
        output: { "steps always": "made\n", "steps features": "", "steps release": "" },
      },
      {
        args: ["--event", "tag=v1.0"],
        output: { "steps always": "made\n", "steps features": "", "steps release": "release of v1.0\n" },
      },
      { args: ["--event", "tag=v1.0-rc1"], output: { "steps always": "made\n", "steps release": "" } },
    ],
  },
  {
    scenario: "failure-handlers",
    runs: [
      {
        exit: 1,
        events: [
          "fails step fails failed with 127 (user STEP_FAILED)",
          "fails step first succeeded after fails",
          "fails step second succeeded after fails",
          "fails step first-2 succeeded after fails",
          "fails step third succeeded after fails",
        ],
        output: {
          "fails first": "fails failed\n",
          "fails second": "second\n",
          "fails first-2": "fails failed\n",
          "fails third": "third\n",
        },
      },
    ],
  },
  {
    scenario: "files-and-secrets",
    runs: [
      {
        secrets: {
          SHARED_SECRET: "secret-one",
          SHARED_FILE: "secret-two",
          OWN_SECRET: "secret-three",
          OWN_FILE: "four!",
        },
        output: { "own own": /^(\*+\s*){4}5\n$/ },
      },
    ],
  },
  {
    scenario: "runtime-profiles",
    runs: [
      {
        events: ["on-x86 placed native", "on-board placed emulated", "on-server placed emulated"].map((line) =>
          line
            .replace("on-x86", "on-x86@linux/amd64")
            .replace("on-board", "on-board@linux/arm/v7")
            .replace("on-server", "on-server@linux/arm64"),
        ),
        output: {
          "on-server@linux/arm64 on-server": "hello from x86_64\nhello from armv7l\nhello from aarch64\n",
        },
      },
    ],
  },
  {
    scenario: "helper-image",
    files: {
      "tools/Dockerfile":
        'FROM busybox\nARG TARGETARCH TARGETVARIANT\nRUN echo "$TARGETARCH$TARGETVARIANT $(uname -m)" > /made\n',
    },
    runs: [
      {
        args: ["--publish"],
        secrets: { HUB_PASSWORD: "hub-password" },
        events: ["image image published for linux/amd64, linux/arm/v7, linux/arm64"],
      },
    ],
    look: async (host) => {
      const answer = await fetch(`http://${host}/v2/team/tools/tags/list`);
      assert.deepEqual(((await answer.json()) as { tags: string[] }).tags.toSorted(), ["latest", "main"]);
    },
  },
];

describe("documented pipelines of IceCI, imported and run", { skip: await unavailable(...needs) }, () => {
  let bed: Bed;
  let host: string;
  before(async () => {
    bed = await startBed({ need: needs });
    ({ host } = await bed.registry());
    const busybox = await bed.base("busybox");
    const copied = await archway(["image", "copy", busybox.reference, `${host}/library/alpine:latest`], {
      cwd: bed.dir,
      env: bed.env,
    });
    assert.equal(copied.code, 0, copied.stderr);
    const registries = new Registries({ registries: {}, insecure: [] }, {});
    const store = registries.open(parseReference(`${host}/library/nginx`));
    const machine = { layersOf: "linux/amd64", declared: "linux/amd64" };
    await store.tag("latest", await putCommand(store, busybox, { ...machine, command: ["sh", "-c", serving] }));
    await registries.close();
  });
  after(() => bed.stop());

  for (const { scenario, files = {}, runs, look } of examples) {
    test(scenario, async () => {
      const { endpoint } = await bed.docker();
      const { endpoint: node } = await bed.buildkit();
      await using place = await workplace(bed, { scenario: `pipeline-import/${scenario}` });
      for (const [name, content] of Object.entries(files)) {
        await mkdir(dirname(join(place.dir, name)), { recursive: true });
        await writeFile(join(place.dir, name), content);
        if (content.startsWith("#!")) await chmod(join(place.dir, name), 0o755);
      }
      const env = { ...place.env, DOCKER_HOST: endpoint, BUILDKIT_HOST: node };
      const imported = await archway(["import", "iceci", "-o", ".archway.yaml"], { cwd: place.dir, env });
      assert.equal(imported.code, 0, imported.stderr);
      const file = join(place.dir, ".archway.yaml");
      await writeFile(file, standIns(await readFile(file, "utf8"), host));
      const who = ["-c", "user.name=A Person", "-c", "user.email=person@example.org"];
      const git = (...args: readonly string[]) => run("git", [...who, ...args], { cwd: place.dir, env });
      await git("init", "--quiet", "--initial-branch", "main");
      await git("add", "--all");
      await git("commit", "--quiet", "--message", "Begin");
      for (const play of runs) {
        const secrets = Object.keys(play.secrets ?? {}).flatMap((name) => ["--secret-env", name]);
        const ended = await archway(["run", "--host", endpoint, ...secrets, ...(play.args ?? [])], {
          cwd: place.dir,
          env: { ...env, ...play.secrets },
        });
        assertPlay(play, ended, await eventsOf(place));
      }
      await look?.(host);
    });
  }
});

/** The Hub is the bed's registry, for what is read and for what is published. */
function standIns(pipeline: string, host: string): string {
  const published = pipeline.replaceAll("docker.io/team/", `${host}/team/`);
  const mirrors = `{ mirrors: ["${host}"] }`;
  return /^registries:$/m.test(published)
    ? published.replace(/^ {2}docker\.io: \{/m, `  docker.io: { mirrors: ["${host}"],`)
    : `${published}registries: { docker.io: ${mirrors} }\n`;
}

function assertPlay(
  { exit = 0, output = {}, events: wanted = [] }: Play,
  { code, stderr }: Ended,
  events: readonly RunEvent[],
): void {
  assert.equal(code, exit, stderr);
  assertWhole(events);
  const lines = events.flatMap((event) => lineOf(event) ?? []);
  for (const line of wanted) assert.ok(lines.includes(line), `${line} is not among\n${lines.join("\n")}`);
  for (const [source, expected] of Object.entries(output)) {
    const [job = "", step = ""] = source.split(" ");
    const written = outputOf(events, job, step);
    if (typeof expected === "string") assert.equal(written, expected, `${source}\n${stderr}`);
    else assert.match(written, expected, `${source}\n${stderr}`);
  }
}

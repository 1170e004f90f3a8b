import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { processMark } from "../../src/store/process-mark.ts";
import { mountsBelow } from "../../src/job/volumizer/clone/overlay.ts";
import { unavailable } from "../bed/bed.ts";
import { startGitServer } from "../bed/git-server.ts";
import { archway, archwayProgram, startArchway, workplace, type Workplace } from "./archway.ts";
import { runBed } from "./run-bed.ts";
import { outputOf, readEvents } from "./run-record.ts";

const needs = ["registry", "docker", "podman", "qemu", "bases"] as const;
const isRoot = process.getuid?.() === 0;

describe("workspaces of archway run", { skip: await unavailable(...needs) }, () => {
  const at = runBed(needs);
  const platforms = "linux/amd64, linux/arm64";
  const repository = (pipeline: string, files: Readonly<Record<string, string>> = {}) =>
    at.repository(pipeline, { platforms, files });
  const stateOf = (place: Workplace) => join(place.env["XDG_STATE_HOME"] ?? "", "archway");

  for (const engine of ["docker", "podman"] as const) {
    const start = async (place: Workplace, args: readonly string[] = [], more: object = {}) => {
      const { endpoint } = await at.bed[engine]();
      const ran = await archway(["run", "--host", endpoint, "--events", "-", "--progress", "quiet", ...args], {
        cwd: place.dir,
        env: { ...place.env, ...more },
      });
      return { ...ran, events: ran.stdout === "" ? [] : readEvents(ran.stdout) };
    };

    describe(`with ${engine}`, () => {
      for (const driver of ["overlay", "copy"] as const) {
        const skip = driver === "overlay" && !isRoot && "mounts need root";
        test(
          `what jobs write into clones by ${driver} is theirs alone, and nothing is left of it`,
          { skip },
          async () => {
            await using place = await repository(
              `jobs:
  write:
    platforms: all
    image: busybox
    cache: [{ path: /cached, key: k }]
    steps:
      - |
        test "$(cat file)" = before && echo "$ARCHWAY_PLATFORM" > file && rm -rf deep/below && mv deep moved
        test ! -e /cached/seen || echo hit; echo x > /cached/seen
    artifacts: { made: [file, moved] }
  join: { needs: write, image: busybox, inputs: { in: write.made }, steps: ["cat file in/*/file; ls deep in/linux_amd64/moved"] }
`,
              { file: "before" },
            );
            await mkdir(join(place.dir, "deep/below"), { recursive: true });
            await writeFile(join(place.dir, "deep/below/file"), "");
            await writeFile(join(place.dir, "deep/stays"), "");
            const forced = driver === "copy" ? { ARCHWAY_WORKSPACE_DRIVER: "copy" } : {};
            for (const round of ["miss", "hit"]) {
              const { code, events, stderr } = await start(place, [], forced);
              assert.equal(code, 0, stderr);
              const made = events.flatMap((event) => (event.type === "workspace" ? [event.driver] : []));
              assert.deepEqual(made, [driver, driver, driver]);
              const results = events.flatMap((event) => (event.type === "cache" ? [event.result] : []));
              assert.ok(results.includes(round === "miss" ? "saved" : "hit"), results.join());
              assert.match(
                outputOf(events, "join"),
                /^before(linux\/\w+\n){2}deep:\nbelow\nstays\n\nin\/linux_amd64\/moved:\nstays\n$/,
              );
            }
            assert.deepEqual(await mountsBelow(stateOf(place)), []);
            assert.deepEqual(await readdir(join(stateOf(place), "work")), []);
          },
        );
      }

      test(
        "what a killed run has mounted, the next one takes away",
        { skip: !isRoot && "mounts need root" },
        async () => {
          await using place = await repository(
            `jobs:\n  long: { image: busybox, platforms: [linux/amd64], steps: ["echo started > new; echo started; sleep 1000"] }\n  short: { image: busybox, platforms: [linux/amd64], steps: [ls] }\n`,
          );
          const { endpoint } = await at.bed[engine]();
          const running = startArchway(["run", "long", "--host", endpoint], { cwd: place.dir, env: place.env });
          await running.shows("│ started");
          assert.equal((await mountsBelow(stateOf(place))).length, 1);
          running.child.kill("SIGKILL");
          await running.ended;
          const { code, stderr } = await start(place, ["short"]);
          assert.equal(code, 0, stderr);
          assert.deepEqual(await mountsBelow(stateOf(place)), []);
          assert.deepEqual(await readdir(join(stateOf(place), "work")), []);
        },
      );

      test("pipeline and files come from a Git server that wants a login", async () => {
        await using place = await workplace(at.bed, {});
        const served = join(place.dir, "app.git");
        await mkdir(served);
        const git = (...args: readonly string[]) =>
          execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
            cwd: served,
            encoding: "utf8",
          }).trim();
        git("init", "--quiet", "-b", "main");
        await writeFile(
          join(served, ".archway.yaml"),
          `${at.head({ platforms })}git: history\njobs:\n  look: { image: busybox, platforms: [linux/amd64], steps: ['cat file .git/HEAD .git/config; ls .git/refs/tags; test -z "$(grep -r t0ken .git)"; echo "$ARCHWAY_BRANCH $ARCHWAY_COMMIT"'] }\n`,
        );
        await writeFile(join(served, "file"), "of the server\n");
        git("add", ".");
        git("commit", "--quiet", "-m", "one");
        git("tag", "v1");
        await using server = await startGitServer(place.dir, { username: "ci", password: "t0ken" });
        await rm(join(place.dir, ".archway.yaml"), { force: true });
        const url = `${server.url.replace("//", "//ci@")}/app.git`;
        const args = ["--source", `${url}#main`, "--secret-env", "TOKEN", "--source-password", "TOKEN"];
        const { code, events, stderr } = await start(place, args, { TOKEN: "t0ken" });
        assert.equal(code, 0, stderr);
        const said = events.flatMap((event) => (event.type === "log" ? [event.text ?? ""] : [])).join("");
        const commit = git("rev-parse", "HEAD");
        assert.match(said, /^of the server\nref: refs\/heads\/main\n/);
        assert.match(said, new RegExp(`\nv1\nmain ${commit}\n$`));
        assert.doesNotMatch(said, /remote|127\.0\.0\.1/);
        assert.equal(`${stderr}${JSON.stringify(events)}`.includes("t0ken"), false);
        for (const [more, exit, message] of [
          [["--source", `${url}#nothere`], 2, /couldn't find remote ref nothere/],
          [["--source", url.replace("app.git", "other.git")], 3, /not found|returned error/],
        ] as const) {
          const failed = await start(place, [...more, ...args.slice(2)], { TOKEN: "t0ken" });
          assert.equal(failed.code, exit, failed.stderr);
          assert.match(failed.stderr, message);
        }
        assert.deepEqual(await readdir(join(stateOf(place), "work")), []);
      });
    });
  }

  for (const engine of ["docker", "podman"] as const) {
    const skip = isRoot ? false : "another user is made of root";
    test(
      `what root of a container (${engine}) writes can be kept and removed by an ordinary user`,
      { skip },
      async () => {
        await using place = await repository(`jobs:
  write:
    image: busybox
    cache: [{ path: /cached, key: k }, { path: inside, key: i }]
    steps: ["umask 077; mkdir -p out inside/deep; echo kept > out/file; echo x > inside/deep/x; mkdir -p /cached/deep; echo x > /cached/deep/x; chown -R 1234 out"]
    artifacts: { made: out }
  join: { needs: write, image: busybox, inputs: { in: write.made }, steps: [cat in/out/file] }
`);
        const root = join(place.dir, "..");
        const { endpoint } = await at.bed[engine]();
        const socket = join(root, "socket");
        const relay = createServer({ allowHalfOpen: true }, (client) => {
          const server = connect({ path: endpoint.slice("unix://".length), allowHalfOpen: true });
          for (const one of [client, server]) one.on("error", () => client.destroy());
          client.pipe(server).pipe(client);
        });
        relay.listen(socket);
        await once(relay, "listening");
        try {
          execFileSync("chown", ["-R", "65534:65534", root]);
          // What a run that was killed would leave.
          const [machine] = (await processMark()).split("-");
          const left = `${machine}-999999999-1`;
          await mkdir(join(stateOf(place), "work", left, "1/workspace"), { recursive: true });
          await writeFile(join(stateOf(place), "work", left, "1/workspace/file"), "");
          for (const folder of ["..", ".", "work", `work/${left}`])
            execFileSync("chown", ["65534:65534", join(stateOf(place), folder)]);
          for (const round of ["saved", "hit"]) {
            const args = ["run", "--host", `unix://${socket}`, "--events", "-", "--progress", "quiet"];
            const user = ["--reuid=65534", "--regid=65534", "--clear-groups", archwayProgram, ...args];
            const ran = spawn("setpriv", user, {
              cwd: place.dir,
              env: { ...place.env, HOME: root, DOCKER_CONFIG: root },
            });
            const [output, errors] = [text(ran.stdout), text(ran.stderr)];
            await once(ran, "close");
            assert.notEqual(await output, "", await errors);
            const events = readEvents(await output);
            const advice = `sudo rm -rf ${join(stateOf(place), "work", left)}`;
            assert.equal((await errors).includes(advice), round === "saved", await errors);
            assert.equal(
              ran.exitCode,
              0,
              `${await errors}${JSON.stringify(events.filter(({ type }) => type !== "log"))}`,
            );
            assert.deepEqual(
              events.flatMap((event) => (event.type === "note" ? [event.text] : [])),
              [],
            );
            const caches = events.flatMap((event) =>
              event.type === "cache" && event.result !== "miss" ? [event.result] : [],
            );
            assert.deepEqual(caches, [round, round]);
            assert.ok(events.some((event) => event.type === "log" && event.text === "kept\n"));
          }
          assert.deepEqual(await readdir(join(stateOf(place), "work")), [left]);
          const others = execFileSync("find", [root, "!", "-user", "65534", "!", "-path", `*/${left}/*`], {
            encoding: "utf8",
          });
          assert.equal(others, "");
        } finally {
          relay.close();
        }
      },
    );
  }

  test("a driver that does not work here is named with the reason", async () => {
    await using place = await repository("jobs: { a: { image: busybox, steps: [ls] } }\n");
    const { endpoint } = await at.bed.docker();
    const { code, stderr } = await archway(["run", "--host", endpoint], {
      cwd: place.dir,
      env: { ...place.env, ARCHWAY_WORKSPACE_DRIVER: "zfs" },
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, /the driver "zfs": it is none of overlay, reflink and copy\./);
  });
});

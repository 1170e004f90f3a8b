import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { judgeRun, judgeRunning } from "./judge-run.ts";
import type { JudgedRun } from "./judge-run.ts";

/** What clients ended with, and what they wrote: recorded from docker 29 with runc 1.5 and podman 4.3 with runc 1.1, the last ones from crun's and Docker's sources. */
const ends: readonly (readonly [name: string, code: number | null, output: string, judged: JudgedRun])[] = [
  ["success", 0, "aarch64\n", { result: "exited", exitCode: 0 }],
  ["an exit code of the program", 3, "no configuration\n", { result: "exited", exitCode: 3 }],
  [
    "docker: no such program",
    127,
    "docker: Error response from daemon: failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: \"/nope\": stat /nope: no such file or directory\n\nRun 'docker run --help' for more information\n",
    { result: "failed-to-start" },
  ],
  [
    "podman: no such program",
    127,
    'Error: runc: runc create failed: unable to start container process: exec: "/nope": stat /nope: no such file or directory: OCI runtime attempted to invoke a command that was not found\n',
    { result: "failed-to-start" },
  ],
  [
    "docker: not executable",
    126,
    'docker: Error response from daemon: failed to create task for container: OCI runtime create failed: runc create failed: unable to start container process: error during container init: exec: "/etc/passwd": permission denied\n',
    { result: "failed-to-start" },
  ],
  [
    "podman: no such program, in a folder with a telling name",
    127,
    'Error: runc: runc create failed: unable to start container process: exec: "/cgroup/rootfs": stat /cgroup/rootfs: no such file or directory: OCI runtime attempted to invoke a command that was not found\n',
    { result: "failed-to-start" },
  ],
  ["a shell that does not find a command", 127, "sh: foo: not found\n", { result: "failed-to-start" }],
  ["the kernel refuses the program", 255, "exec /app: exec format error\n", { result: "failed-to-start" }],
  [
    "… in the words of older runtimes",
    1,
    "standard_init_linux.go:228: exec user process caused: exec format error\n",
    { result: "failed-to-start" },
  ],
  [
    "a user that the image does not have",
    125,
    "docker: Error response from daemon: unable to find user app: no matching entries in passwd file\n",
    { result: "failed-to-start" },
  ],
  ["a program's own 125", 125, "timeout: bad option\n", { result: "exited", exitCode: 125 }],
  [
    "the engine's own failure",
    125,
    "docker: Error response from daemon: image with reference x was found but does not provide the specified platform (linux/riscv64)\n",
    { result: "not-runnable-here" },
  ],
  [
    "a machine that does not let a container be made",
    126,
    "Error: runc: runc create failed: unable to start container process: unable to apply cgroup configuration: permission denied: OCI permission denied\n",
    { result: "not-runnable-here" },
  ],
  ["a client that was killed", null, "", { result: "not-runnable-here" }],
  [
    "a part that crashed under QEMU, while the whole ended with its own code",
    3,
    "qemu: uncaught target signal 11 (Segmentation fault) - core dumped\n",
    { result: "exited", exitCode: 3 },
  ],
];

describe("the end of a run", () => {
  for (const [name, code, output, judged] of ends) {
    test(name, () => assert.deepEqual(judgeRun(code, output), judged));
  }

  test("what still runs was started, unless QEMU has crashed and cannot end as process 1", () => {
    assert.deepEqual(judgeRunning("listening on 8080\n"), { result: "kept-running" });
    assert.deepEqual(judgeRunning("qemu: uncaught target signal 4 (Illegal instruction) - core dumped\n"), {
      result: "exited",
      exitCode: 132,
    });
  });
});

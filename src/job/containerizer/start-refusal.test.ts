import assert from "node:assert/strict";
import { test } from "node:test";
import { failureOf } from "../job-failure.ts";
import { EngineRefusal } from "./engine-http.ts";
import { startRefusal } from "./start-refusal.ts";

const docker =
  "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ";
const podman =
  "preparing container a69c84185159508adfa1aa30726bcf2b for attach: runc: runc create failed: unable to start container process: ";

/** What Docker 29 and Podman 4.3 said, and what it is. */
const cases: readonly (readonly [number, string, string, string])[] = [
  [
    400,
    `${docker}exec: "/no/such": stat /no/such: no such file or directory`,
    "user START_FAILED",
    'exec: "/no/such": stat',
  ],
  [
    400,
    `${docker}exec: "nosuch": executable file not found in $PATH`,
    "user START_FAILED",
    'exec: "nosuch": executable',
  ],
  [400, `${docker}exec: "/workspace/plain": permission denied`, "user START_FAILED", 'exec: "/workspace/plain"'],
  [400, "unable to find user nosuch: no matching entries in passwd file", "user START_FAILED", "unable to find user"],
  [
    500,
    `${docker}error mounting "/w" to rootfs at "/proc/x": create mountpoint for /proc/x mount: ENOENT`,
    "user START_FAILED",
    "error mounting",
  ],
  [500, "Cannot mkdir: /etc/passwd is not a directory", "user START_FAILED", "Cannot mkdir"],
  [400, "Minimum memory limit allowed is 6MB", "user START_FAILED", "Minimum memory"],
  [400, "invalid CPU quota", "user START_FAILED", "invalid CPU quota"],
  [
    500,
    `${docker}container init was OOM-killed (memory limit too low?)`,
    "out-of-memory OUT_OF_MEMORY",
    "container init was",
  ],
  [500, "mkdir /var/lib/docker/overlay2/x: no space left on device", "infrastructure DISK_FULL", "mkdir"],
  [
    500,
    "failed to create task for container: connection error: desc = containerd is gone",
    "infrastructure ENGINE_REFUSED",
    "connection error",
  ],
  [409, "removal of container x is already in progress", "infrastructure ENGINE_REFUSED", "removal"],
  [
    500,
    `${podman}exec: "nosuch": executable file not found in $PATH: OCI runtime attempted to invoke a command that was not found`,
    "user START_FAILED",
    'exec: "nosuch"',
  ],
  [500, `${podman}exec: "/etc": permission denied: OCI permission denied`, "user START_FAILED", 'exec: "/etc"'],
  [
    500,
    'preparing container a69c84 for attach: workdir "/etc/passwd" exists on container a69c84, but is not a directory',
    "user START_FAILED",
    "workdir",
  ],
  [
    500,
    `${podman}error during container init: error setting cgroup config for procHooks process: unable to set memory limit to 1048576 (current usage: 2699264): OCI runtime error`,
    "out-of-memory OUT_OF_MEMORY",
    "error setting cgroup",
  ],
];

test("what engines say of a container that does not start is typed, short, and has a next step", () => {
  for (const [status, said, expected, start] of cases) {
    const { kind, code, message, hint } = failureOf(startRefusal("docker unix:///s", new EngineRefusal(status, said)));
    assert.equal(`${kind} ${code}`, expected, said);
    assert.ok(
      message.startsWith(`The container did not start: ${start}`) || message.includes(`start a container: ${start}`),
      message,
    );
    assert.doesNotMatch(message, /OCI (runtime|permission)/);
    assert.ok(hint !== undefined || said === "invalid CPU quota", said);
  }
});

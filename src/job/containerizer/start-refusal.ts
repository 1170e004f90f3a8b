import { ArchwayError } from "../../error/error.ts";
import { JobFailure } from "../job-failure.ts";
import type { EngineRefusal } from "./engine-http.ts";

/** What engines and runc say around what happened. */
const around =
  /^(preparing container \w+ for attach: |failed to create task for container: |failed to create shim task: |OCI runtime create failed: |(runc|crun): |(runc|crun) create failed: |unable to start container process: |error during container init: )+|: OCI (runtime|permission) [a-z ]+$/g;

/** What the user can do about a container that the engine does not make or start, by the words of Docker, Podman and runc. */
const mistakes: readonly (readonly [RegExp, string])[] = [
  [
    /exec format error/i,
    "It is a program for another architecture, or a script without #!: archway verify tells of an image.",
  ],
  [
    /executable file .*not found|exec: .*no such file or directory/i,
    "The image has no such program: name one that it has, with its whole path when it is not in PATH.",
  ],
  [
    /exec: .*permission denied/i,
    "It is no program that this user may start: it needs its executable bit (git update-index --chmod=+x FILE), and a folder is none.",
  ],
  [/unable to find (user|group)/i, "Name a user that the image has, or a number: user: 1000."],
  [
    /error mounting|mountpoint|mount source/i,
    "Something is in the way of what is mounted there: look at workspace, cache and secret files, whose paths are folders or files that the image has as something else.",
  ],
  [/workdir .*not a directory|cannot mkdir|chdir to cwd/i, "The directory of the step is no folder of the image."],
  [
    /memory limit|cpu.*(limit|range)|pids.*limit/i,
    "The engine cannot give a container these resources: look at resources of the job and of the step.",
  ],
];

/**
 * What it means that an engine made or started no container: the user's mistake where it says so or refused the request as wrong, else its own trouble.
 *
 * @returns ArchwayError `START_FAILED` (kind `failed`), `DISK_FULL` or `ENGINE_REFUSED` (kind `unreachable`), or the failure `OUT_OF_MEMORY`
 */
export function startRefusal(engine: string, refusal: EngineRefusal): Error {
  const said = refusal.message.trim().replace(around, "").replace(/\.$/, "");
  const message = `The container did not start: ${said}.`;
  if (/no space left on device|disk quota exceeded/i.test(said)) return diskFull(message, refusal);
  if (/oom-kill|cannot allocate memory|memory limit too low|unable to set memory limit/i.test(said)) {
    const hint = "Raise resources.memory: it is less than a container needs to start.";
    return new JobFailure({ kind: "out-of-memory", code: "OUT_OF_MEMORY", message, hint });
  }
  const [, hint] = mistakes.find(([words]) => words.test(said)) ?? [];
  if (hint !== undefined)
    return new ArchwayError({ code: "START_FAILED", kind: "failed", message, hint, cause: refusal });
  if (refusal.status >= 400 && refusal.status < 500 && refusal.status !== 404 && refusal.status !== 409)
    return new ArchwayError({ code: "START_FAILED", kind: "failed", message, cause: refusal });
  return new ArchwayError({
    code: "ENGINE_REFUSED",
    kind: "unreachable",
    message: `${engine} did not start a container: ${said}.`,
    hint: "The engine's own log tells more: journalctl -u docker, or -u podman.",
    cause: refusal,
  });
}

/** The disk that jobs need is full. */
function diskFull(message: string, cause: EngineRefusal): ArchwayError {
  return new ArchwayError({
    code: "DISK_FULL",
    kind: "unreachable",
    message,
    hint: "Make room where the engine keeps its images and Archway its workspaces: docker system df, or podman system df, tells what takes it.",
    cause,
  });
}

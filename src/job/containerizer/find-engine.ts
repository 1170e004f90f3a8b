import { stat } from "node:fs/promises";
import { join } from "node:path";
import { ArchwayError } from "../../error/error.ts";

/**
 * The endpoint of the container engine: what was asked for, `DOCKER_HOST`, `CONTAINER_HOST`, else the first socket that is there: Docker's, Podman's of the
 * system, Podman's and Docker's of the user.
 *
 * @throws ArchwayError `NO_RUNNER` (kind `unreachable`)
 */
export async function findEngine(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const named = asked ?? env["DOCKER_HOST"] ?? env["CONTAINER_HOST"];
  if (named !== undefined && named !== "") return named;
  const runtime = env["XDG_RUNTIME_DIR"];
  const sockets = [
    "/var/run/docker.sock",
    "/run/podman/podman.sock",
    ...(runtime === undefined ? [] : [join(runtime, "podman", "podman.sock"), join(runtime, "docker.sock")]),
  ];
  for (const socket of sockets) if (await isSocket(socket)) return `unix://${socket}`;
  throw new ArchwayError({
    code: "NO_RUNNER",
    kind: "unreachable",
    message: `There is no container engine: neither DOCKER_HOST nor CONTAINER_HOST is set, and none of ${sockets.join(", ")} is there.`,
    hint: "Start Docker, or podman system service, or name it with --host unix:///PATH, tcp://HOST:PORT or ssh://HOST.",
  });
}

async function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  );
}

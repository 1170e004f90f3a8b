import { ArchwayError } from "../error/error.ts";
import { nearestName } from "../error/nearest.ts";

/** How to reach a buildkitd. */
export interface BuildkitConnection {
  /** Arguments of buildctl: `--addr` and the TLS files. */
  readonly args: readonly string[];
  /** The endpoint as people see it, without the paths of certificates. */
  readonly shown: string;
}

/** Ways that buildctl connects (moby/buildkit client and client/connhelper). */
const schemes = [
  "unix",
  "tcp",
  "ssh",
  "docker-container",
  "podman-container",
  "nerdctl-container",
  "kube-pod",
  "npipe",
];

/** Query keys of a `tcp://` endpoint, named as the options of docker buildx's remote driver, and the flags of buildctl they become. */
const tlsFlags: Readonly<Record<string, string>> = {
  cacert: "--tlscacert",
  cert: "--tlscert",
  key: "--tlskey",
  servername: "--tlsservername",
};

/**
 * Reads an endpoint of BuildKit: what `BUILDKIT_HOST` takes (`unix:///run/buildkit/buildkitd.sock`, `tcp://HOST:PORT`, `ssh://USER@HOST`,
 * `docker-container://NAME`, `kube-pod://POD?namespace=…`), and for TLS `tcp://HOST:PORT?cacert=FILE&cert=FILE&key=FILE&servername=NAME`.
 *
 * @throws ArchwayError `ENDPOINT_INVALID` (kind `input`).
 */
export function buildkitConnection(endpoint: string): BuildkitConnection {
  const scheme = /^([a-z-]+):\/\/./.exec(endpoint)?.[1];
  if (scheme === undefined || !schemes.includes(scheme)) {
    const near = scheme === undefined ? undefined : nearestName(scheme, schemes);
    throw invalid(endpoint, near === undefined ? "it is not of the form SCHEME://ADDRESS" : `did you mean ${near}://?`);
  }
  if (scheme !== "tcp") return { args: ["--addr", endpoint], shown: endpoint };

  const [address = "", query = ""] = endpoint.split("?", 2);
  if (!/^tcp:\/\/(?:[^/:[\]]+|\[[0-9a-fA-F:.]+\]):\d+\/?$/.test(address))
    throw invalid(endpoint, "tcp:// needs HOST:PORT");
  const args = ["--addr", address];
  const given = new URLSearchParams(query);
  for (const [key, value] of given) {
    const flag = tlsFlags[key];
    if (flag === undefined) {
      throw invalid(endpoint, `"${key}" is not one of ${Object.keys(tlsFlags).join(", ")}`);
    }
    args.push(flag, value);
  }
  if (given.has("cert") !== given.has("key")) throw invalid(endpoint, "cert and key go together");
  if (given.has("cert") && !given.has("cacert")) throw invalid(endpoint, "a client certificate needs cacert as well");
  return { args, shown: address };
}

function invalid(endpoint: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "ENDPOINT_INVALID",
    kind: "input",
    message: `"${endpoint.split("?")[0]}" is no endpoint of BuildKit: ${why}.`,
    hint: "Write unix:///PATH, tcp://HOST:PORT?cacert=FILE&cert=FILE&key=FILE, ssh://USER@HOST, docker-container://NAME or kube-pod://POD.",
  });
}

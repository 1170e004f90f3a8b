import { homedir } from "node:os";
import { join } from "node:path";
import { ArchwayError } from "../../error/error.ts";
import { nearestName } from "../../error/nearest.ts";

/** Where an engine listens and how one gets there. */
export interface EngineEndpoint {
  /** As people write it, without the paths of certificates. */
  readonly shown: string;
  readonly way: EngineWay;
  /** What to know before trusting it: anybody on the network can use an engine behind plain TCP. */
  readonly warning?: string;
}

export type EngineWay =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles }
  | {
      readonly kind: "ssh";
      readonly user?: string;
      readonly host: string;
      readonly port?: number;
      readonly path?: string;
    };

/** PEM files of a connection with TLS. The certificate of the other side is always checked. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Name in the certificate, where it is not the host's. */
  readonly serverName?: string;
}

/** Query keys of `tcp://`, the same as for nodes of `archway build`. */
const tlsKeys = ["cacert", "cert", "key", "servername"];
const schemes = ["unix", "tcp", "ssh"];
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads where a Docker or Podman engine is: `unix:///PATH`, `tcp://HOST[:PORT]`, `ssh://[USER@]HOST[:PORT][/SOCKET]`. TLS is spoken when `DOCKER_TLS_VERIFY` or `DOCKER_TLS` is
 * set, with the files of `DOCKER_CERT_PATH` (`ca.pem`, `cert.pem`, `key.pem`), or when the endpoint names files: `tcp://HOST:PORT?cacert=FILE&cert=FILE&key=FILE&servername=NAME`.
 *
 * @throws ArchwayError `ENDPOINT_INVALID` (kind `input`)
 */
export function readEndpoint(text: string, env: Environment): EngineEndpoint {
  const [scheme = "", rest = ""] = text.split(/:\/\/(.*)/s);
  switch (scheme) {
    case "unix":
      if (!rest.startsWith("/")) throw invalid(text, "unix:// needs an absolute path");
      return { shown: text, way: { kind: "unix", path: rest } };
    case "tcp":
      return readTcp(text, env);
    case "ssh":
      return readSsh(text);
    default: {
      const near = rest === "" ? undefined : nearestName(scheme, schemes);
      throw invalid(text, near === undefined ? "it is not of the form SCHEME://ADDRESS" : `did you mean ${near}://?`);
    }
  }
}

function readTcp(text: string, env: Environment): EngineEndpoint {
  const [address = "", query = ""] = text.split("?", 2);
  const [, bracketed, name, digits] =
    /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]@]+))(?::(\d{1,5}))?\/?$/.exec(address) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) throw invalid(text, "tcp:// needs HOST:PORT");
  const tls = tlsOf(text, new URLSearchParams(query), env);
  // The ports that Docker's own client takes.
  const port = digits === undefined ? (tls === undefined ? 2375 : 2376) : Number(digits);
  if (port < 1 || port > 65_535) throw invalid(text, `${port} is no port`);
  const shown = address.replace(/\/$/, "");
  const isOpen = tls === undefined && !isLoopback(host);
  return {
    shown,
    way: { kind: "tcp", host, port, ...(tls === undefined ? {} : { tls }) },
    ...(isOpen
      ? {
          warning: `${shown} is plain TCP: everybody on that network can use this engine, read the jobs' secrets and become root on the machine. Use ssh:// or TLS.`,
        }
      : {}),
  };
}

function tlsOf(text: string, query: URLSearchParams, env: Environment): TlsFiles | undefined {
  for (const key of query.keys())
    if (!tlsKeys.includes(key)) throw invalid(text, `"${key}" is not one of ${tlsKeys.join(", ")}`);
  const [ca, cert, key, serverName] = tlsKeys.map((name) => query.get(name) ?? undefined);
  if ((cert === undefined) !== (key === undefined)) throw invalid(text, "cert and key go together");
  if (query.size > 0) {
    return {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      ...(serverName === undefined ? {} : { serverName }),
    };
  }
  if (!env["DOCKER_TLS_VERIFY"] && !env["DOCKER_TLS"]) return undefined;
  const folder = env["DOCKER_CERT_PATH"] || join(env["HOME"] ?? homedir(), ".docker");
  return { ca: join(folder, "ca.pem"), cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
}

function readSsh(text: string): EngineEndpoint {
  const [, user, bracketed, name, port, path] =
    /^ssh:\/\/(?:([^@/:]+)@)?(?:\[([0-9a-fA-F:.]+)\]|([^/:[\]@?#]+))(?::(\d{1,5}))?(\/[^?#]*)?$/.exec(text) ?? [];
  const host = bracketed ?? name;
  if (host === undefined) throw invalid(text, "ssh:// needs [USER@]HOST[:PORT]; passwords do not belong into it");
  // A name that begins so would be an option of ssh.
  if (host.startsWith("-") || user?.startsWith("-")) throw invalid(text, "a host or user cannot begin with -");
  return {
    shown: text,
    way: {
      kind: "ssh",
      host,
      ...(user === undefined ? {} : { user: decodeURIComponent(user) }),
      ...(port === undefined ? {} : { port: Number(port) }),
      ...(path === undefined || path === "/" ? {} : { path: decodeURIComponent(path) }),
    },
  };
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host.startsWith("127.") || host === "::1";
}

function invalid(text: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "ENDPOINT_INVALID",
    kind: "input",
    message: `"${text.split("?")[0]?.replace(/:[^:@/]*@/, "@")}" is no endpoint of a Docker or Podman engine: ${why}.`,
    hint: "Write unix:///PATH, ssh://USER@HOST, or tcp://HOST:PORT with DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH or ?cacert=FILE&cert=FILE&key=FILE.",
  });
}

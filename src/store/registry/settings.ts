import { isIP } from "node:net";
import { dockerHub } from "../../oci/reference.ts";

/** What is configured for one registry. */
export interface RegistryEntry {
  /** Stand-ins that reads try first, in order: `HOST` or `HOST/path`, to which the repository's path is added. */
  readonly mirrors?: readonly string[];
  /** PEM file of certificate authorities that are trusted besides the system's. */
  readonly ca?: string;
}

/** `registries` of the configuration and `--insecure-registry` of the command line. */
export interface RegistrySettings {
  /** By host as references spell it: `docker.io`, `registry.example.com:5000`. */
  readonly registries: Readonly<Record<string, RegistryEntry>>;
  /** Hosts (with port, if any) that may be spoken to in plain HTTP. Loopback may without being named. */
  readonly insecure: readonly string[];
  /** Logins that come before those of the user's files. */
  readonly login?: Login;
}

/** Who somebody is for a registry (host as references spell it); undefined for those that it does not know. */
export type Login = (host: string) => { readonly username: string; readonly password: string } | undefined;

/** Where the API of a registry is, and how it may be reached. */
export interface Endpoint {
  /** As references spell it: `docker.io`. */
  readonly host: string;
  /** Host and port of the API: `registry-1.docker.io`. */
  readonly apiHost: string;
  /** Whether plain HTTP may be used when the server does not speak TLS. */
  readonly plainHttp: boolean;
  readonly ca?: string;
}

/** Docker Hub's API is not at its own name. */
const dockerHubApi = "registry-1.docker.io";

/** The endpoint of a registry by its host in references. */
export function endpointOf(host: string, settings: RegistrySettings): Endpoint {
  const ca = settings.registries[host]?.ca;
  return {
    host,
    apiHost: host === dockerHub ? dockerHubApi : host,
    plainHttp: allowsPlainHttp(host, settings),
    ...(ca === undefined ? {} : { ca }),
  };
}

/** True when plain HTTP to a host (`host` or `host:port`) is allowed. */
export function allowsPlainHttp(host: string, settings: Pick<RegistrySettings, "insecure">): boolean {
  return isLoopback(hostnameOf(host)) || settings.insecure.includes(host);
}

/** The name or address in `host:port`, without brackets. */
export function hostnameOf(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host)?.[1];
  return bracketed ?? host.replace(/:\d+$/, "");
}

/** True for this machine's own addresses and names. */
export function isLoopback(hostname: string): boolean {
  if (isIP(hostname) === 4) return hostname.startsWith("127.");
  return hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "::1";
}

/**
 * True for loopback, link-local and private IP literals (RFC 1918, 3927, 4193, 4291). A public registry has no business to send
 * a client there: that is how servers are made to reach into a network (go-containerregistry blocks the same).
 */
export function isPrivateAddress(hostname: string): boolean {
  const family = isIP(hostname);
  if (family === 0) return isLoopback(hostname);
  if (family === 6) {
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(hostname)?.[1];
    if (mapped !== undefined) return isPrivateAddress(mapped);
    return /^(?:::1?$|f[cd]|fe[89ab]|::ffff:)/i.test(hostname);
  }
  const [a = 0, b = 0] = hostname.split(".").map(Number);
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168)
  );
}

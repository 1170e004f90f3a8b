import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { EngineRequest } from "./engine.ts";

/** Where containers/image looks for registries.conf, first one first (containers-registries.conf(5)). */
function candidates(env: NodeJS.ProcessEnv): string[] {
  const home = env["HOME"];
  return [
    ...(env["CONTAINERS_REGISTRIES_CONF"] === undefined ? [] : [env["CONTAINERS_REGISTRIES_CONF"]]),
    ...(home === undefined ? [] : [join(home, ".config/containers/registries.conf")]),
    "/etc/containers/registries.conf",
    "/usr/share/containers/registries.conf",
  ];
}

/** Hosts of references that may be spoken to without TLS: loopback, and those that the request says so of. */
export function plainHttpHosts(references: readonly string[], registries: EngineRequest["registries"] = {}): string[] {
  const hosts = new Set(references.map((reference) => reference.split("/")[0] ?? ""));
  return [...hosts].filter((host) => isLoopback(host) || registries[host]?.plainHttp === true);
}

/**
 * The user's registries.conf with these hosts allowed to be spoken to without TLS: a flag (`--tls-verify=false`) would allow it for all registries. Drop-in files
 * in registries.conf.d hold beside it.
 */
export async function registriesConf(hosts: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const own = await firstText(candidates(env));
  const entries = hosts
    .filter((host) => !own.includes(JSON.stringify(host)))
    .map((host) => `\n[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`);
  return own + entries.join("");
}

async function firstText(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      // The next one counts, as for containers/image.
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
  }
  return "";
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/.test(host);
}

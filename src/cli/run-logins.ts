import type { Config } from "../config/config.ts";
import type { Login } from "../store/registry/settings.ts";

/** The pipeline's logins: a user and the secret that holds the password. */
export function loginOf({ registries }: Config, secrets: ReadonlyMap<string, string>): Login {
  return (host) => {
    const { username, password } = registries[host] ?? {};
    const value = password === undefined ? undefined : secrets.get(password.secret);
    return username === undefined || value === undefined ? undefined : { username, password: value };
  };
}

/** `config.json` of Docker for some hosts, with the logins that there are. */
export function dockerConfig(hosts: readonly string[], login: Login): string {
  const auths = hosts.flatMap((host) => {
    const found = login(host);
    if (found === undefined) return [];
    // Docker's clients look for the Hub under this name.
    const key = host === "docker.io" ? "https://index.docker.io/v1/" : host;
    return [[key, { auth: Buffer.from(`${found.username}:${found.password}`).toString("base64") }] as const];
  });
  return `${JSON.stringify({ auths: Object.fromEntries(auths) })}\n`;
}

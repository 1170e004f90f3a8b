import { once } from "node:events";
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { run } from "./command.ts";
import { startDaemon } from "./daemon.ts";

/** OpenSSH's server on a port of its own: whoever has the key logs in as the user of this process. */
export interface SshServer extends AsyncDisposable {
  /** `USER@127.0.0.1:PORT`. */
  readonly address: string;
  /** A folder with an `ssh` that has the key and knows the server, to be put first in `PATH`: the user's own configuration stays out of it. */
  readonly client: string;
  /** Another one, whose key nobody lets in. */
  readonly stranger: string;
  /** Ends the server and all sessions, as a machine that loses its power. */
  kill(): Promise<void>;
}

/**
 * Starts one in `dir`.
 *
 * @param environment what sessions find in their environment
 */
export async function startSshServer(dir: string, environment: Readonly<Record<string, string>>): Promise<SshServer> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const makeKey = async (name: string) => {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", join(dir, name)]);
    return join(dir, name);
  };
  const [host, key, other] = [await makeKey("host"), await makeKey("key"), await makeKey("other")];
  await copyFile(`${key}.pub`, join(dir, "authorized_keys"));
  const port = await freePort();
  const settings = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${host}`,
    "PidFile none",
    `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    // Folders of the bed may lie below one that everybody writes to.
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    `SetEnv ${Object.entries(environment)
      .map(([name, value]) => `"${name}=${value}"`)
      .join(" ")}`,
  ];
  const config = join(dir, "sshd_config");
  await writeFile(config, `${settings.join("\n")}\n`);
  // Where root's server locks up what has not logged in yet.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = await startDaemon({
    name: "sshd",
    program: "/usr/sbin/sshd",
    args: ["-D", "-e", "-f", config],
    log: join(dir, "sshd.log"),
    ready: (logged) => logged.includes("Server listening"),
  });
  const known = join(dir, "known_hosts");
  const [type, blob] = (await readFile(`${host}.pub`, "utf8")).split(" ");
  await writeFile(known, `[127.0.0.1]:${port} ${type} ${blob}\n`);
  const clientWith = async (name: string, identity: string) => {
    const folder = join(dir, name);
    await mkdir(folder);
    const options = [`IdentityFile=${identity}`, "IdentitiesOnly=yes", `UserKnownHostsFile=${known}`];
    const words = [...options, "StrictHostKeyChecking=yes", "IdentityAgent=none"].map((option) => `-o '${option}'`);
    await writeFile(join(folder, "ssh"), `#!/bin/sh\nexec /usr/bin/ssh -F none ${words.join(" ")} "$@"\n`);
    await chmod(join(folder, "ssh"), 0o755);
    return folder;
  };
  return {
    address: `${userInfo().username}@127.0.0.1:${port}`,
    client: await clientWith("client", key),
    stranger: await clientWith("stranger", other),
    kill: async () => {
      // Sessions outlive the server that took them.
      const all = await descendantsOf(server.pid);
      await server.kill("SIGKILL");
      for (const pid of all) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It ended by itself.
        }
      }
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** The processes that a process started, and theirs. */
async function descendantsOf(pid: number): Promise<readonly number[]> {
  const all = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const parents = await Promise.all(
    all.map(async (one) => {
      const stat = await readFile(`/proc/${one}/stat`, "utf8").catch(() => "");
      // Behind the name in parentheses: state, parent.
      return [one, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])] as const;
    }),
  );
  const below = (parent: number): readonly number[] =>
    parents.flatMap(([one, its]) => (its === parent ? [one, ...below(one)] : []));
  return below(pid);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

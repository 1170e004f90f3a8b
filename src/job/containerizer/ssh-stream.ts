import { spawn, type ChildProcess } from "node:child_process";
import { Duplex } from "node:stream";
import type { EngineWay } from "./engine-endpoint.ts";

/** Bytes of what ssh says that are kept. */
const maxSaid = 4096;

/**
 * The arguments of ssh for one connection to the engine of another machine, as Docker's own client makes it: `docker system dial-stdio` there joins its ends to the engine's socket. Where
 * there is no docker program podman's does the same. ssh asks nothing: nobody may be there to answer.
 */
export function sshArguments({ user, host, port, path }: Extract<EngineWay, { kind: "ssh" }>): readonly string[] {
  const quoted = path === undefined ? undefined : `'${`unix://${path}`.replaceAll("'", `'\\''`)}'`;
  const docker = ["docker", ...(quoted === undefined ? [] : ["--host", quoted]), "system", "dial-stdio"].join(" ");
  const podman = ["podman", ...(quoted === undefined ? [] : ["--url", quoted]), "system", "dial-stdio"].join(" ");
  const script = `if command -v docker >/dev/null 2>&1; then exec ${docker}; else exec ${podman}; fi`;
  const options = ["BatchMode=yes", "ConnectTimeout=20", "ServerAliveInterval=15", "ServerAliveCountMax=4"];
  return [
    "-T",
    ...options.flatMap((option) => ["-o", option]),
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", String(port)]),
    "--",
    host,
    // One word for whatever shell the user has there.
    `sh -c '${script.replaceAll("'", `'\\''`)}'`,
  ];
}

/**
 * A connection through a program's standard input and output, `ready` when the first bytes have come. Looks enough like a socket for Node's HTTP. It ends when the program does, so that what that said
 * is in the error.
 */
export class ProgramStream extends Duplex {
  readonly #child: ChildProcess;
  #said = "";

  /**
   * @param env where the program is looked for
   */
  constructor(program: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    // Where the program has ended nothing can be written: an idle connection must not be taken for one that is open.
    super({ allowHalfOpen: false });
    // A session of its own: Ctrl-C is for us, who need the connection to clean up.
    this.#child = spawn(program, args, { env, stdio: "pipe", detached: true });
    const { stdin, stdout, stderr } = this.#child;
    stdout?.once("data", () => this.emit("ready"));
    stdout?.on("data", (piece: Uint8Array) => {
      if (!this.push(piece)) stdout.pause();
    });
    stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-maxSaid)));
    // Its end tells what went wrong.
    stdin?.on("error", () => undefined);
    this.#child.on("error", (error) => this.destroy(new Error(`${program} could not be started: ${error.message}`)));
    this.#child.on("close", (code, signal) => {
      const said = this.#said.trim().split("\n").slice(-3).join(" ").trim().replace(/\.$/, "");
      if (this.destroyed) return;
      if (code === 0) this.push(null);
      else {
        const why = new Error(`${program}: ${said || `it ended with ${code ?? signal}`}`);
        this.destroy(Object.assign(why, { code: `EXIT_${code ?? signal}` }));
      }
    });
  }

  override _read(): void {
    this.#child.stdout?.resume();
  }

  override _write(piece: Uint8Array, _: BufferEncoding, done: (error?: Error | null) => void): void {
    const { stdin } = this.#child;
    // What cannot be written is told by the end of the program, with what it said.
    if (stdin === null || !stdin.writable) done();
    else stdin.write(piece, () => done());
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#child.stdin?.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#child.kill("SIGTERM");
    done(error);
  }

  /** What Node's HTTP asks of a socket that it keeps for later. */
  setKeepAlive(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setTimeout(): this {
    return this;
  }

  /** An idle connection does not keep this process alive. */
  unref(): this {
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) reference(stream, "unref");
    return this;
  }

  ref(): this {
    this.#child.ref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) reference(stream, "ref");
    return this;
  }
}

/** Pipes of children are sockets; their type does not say so. */
function reference(stream: unknown, how: "ref" | "unref"): void {
  if (typeof stream !== "object" || stream === null || !(how in stream)) return;
  const method: unknown = Reflect.get(stream, how);
  if (typeof method === "function") method.call(stream);
}

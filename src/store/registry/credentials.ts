import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import { dockerHub } from "../../oci/reference.ts";
import { errnoOf } from "../store-error.ts";
import type { HelperAnswer } from "./credential-helper.ts";
import type { Login } from "./settings.ts";

/** What a registry is told about who we are. The secrets never enter messages. */
export type Credential =
  | { readonly kind: "basic"; readonly user: string; readonly password: string }
  /** A refresh token (`identitytoken`), exchanged at the token server. */
  | { readonly kind: "identity"; readonly user?: string; readonly token: string }
  /** A token that goes to the registry as it is (`registrytoken`). */
  | { readonly kind: "bearer"; readonly token: string };

/** Result of looking for credentials; `problem` tells why a configured helper gave none. */
export interface FoundCredential {
  readonly credential?: Credential;
  readonly problem?: string;
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Key of Docker Hub in Docker's config file. */
const dockerHubKey = "https://index.docker.io/v1/";

const authSchema = z.object({
  auth: z.string().nullish(),
  username: z.string().nullish(),
  password: z.string().nullish(),
  identitytoken: z.string().nullish(),
  registrytoken: z.string().nullish(),
});

const fileSchema = z.object({
  auths: z.record(z.string(), authSchema).nullish(),
  credsStore: z.string().nullish(),
  credHelpers: z.record(z.string(), z.string()).nullish(),
});

type AuthEntry = z.infer<typeof authSchema>;
type CredentialFile = z.infer<typeof fileSchema>;

/**
 * Finds credentials where the other tools keep them: the file that `REGISTRY_AUTH_FILE` names (containers-auth.json), else Docker's
 * `$DOCKER_CONFIG/config.json` (`~/.docker`), then podman's `$XDG_RUNTIME_DIR/containers/auth.json`. Within a file a helper of the
 * host (`credHelpers`) comes before the store (`credsStore`), and both before `auths`. Files are read once.
 */
export class CredentialFinder {
  readonly #environment: Environment;
  readonly #login: Login;
  #files: Promise<CredentialFile[]> | undefined;
  readonly #found = new Map<string, Promise<FoundCredential>>();

  /** @param login comes before all files */
  constructor(environment: Environment, login: Login = () => undefined) {
    this.#environment = environment;
    this.#login = login;
  }

  /** Credentials for a repository (`host` as references spell it). Throws `INVALID_CONFIG` for a broken file. */
  find(host: string, path: string): Promise<FoundCredential> {
    const key = `${host}/${path}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const looking = this.#look(host, path);
    this.#found.set(key, looking);
    return looking;
  }

  async #look(host: string, path: string): Promise<FoundCredential> {
    const own = this.#login(host);
    if (own !== undefined) return { credential: { kind: "basic", user: own.username, password: own.password } };
    this.#files ??= Promise.all(filesOf(this.#environment).map(readCredentialFile));
    let problem: string | undefined;
    for (const file of await this.#files) {
      const found = await findIn(file, host, path, this.#environment);
      if (found.credential !== undefined) return found;
      problem ??= found.problem;
    }
    return problem === undefined ? {} : { problem };
  }
}

function filesOf(environment: Environment): string[] {
  const { REGISTRY_AUTH_FILE, DOCKER_CONFIG, HOME, XDG_RUNTIME_DIR } = environment;
  if (REGISTRY_AUTH_FILE) return [REGISTRY_AUTH_FILE];
  const docker = join(DOCKER_CONFIG || join(HOME || homedir(), ".docker"), "config.json");
  return XDG_RUNTIME_DIR ? [docker, join(XDG_RUNTIME_DIR, "containers", "auth.json")] : [docker];
}

async function readCredentialFile(file: string): Promise<CredentialFile> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errnoOf(error) ?? "")) return {};
    throw invalidFile(file, error instanceof Error ? error.message : String(error));
  }
  if (text.trim() === "") return {};
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    // The parser's message quotes the text, which may be a secret.
    throw invalidFile(file, "it is not JSON");
  }
  const parsed = fileSchema.safeParse(content);
  if (!parsed.success) throw invalidFile(file, `${parsed.error.issues[0]?.path.join(".") ?? ""} has another type`);
  return parsed.data;
}

async function findIn(
  file: CredentialFile,
  host: string,
  path: string,
  environment: Environment,
): Promise<FoundCredential> {
  const helper = file.credHelpers?.[host] ?? file.credHelpers?.[serverKeyOf(host)] ?? file.credsStore;
  const answer: HelperAnswer = helper ? await askHelperOf(helper, host, environment) : {};
  if (answer.found !== undefined) return { credential: ofHelper(answer.found) };
  const credential = ofEntry(matchingEntry(file.auths ?? {}, host, path));
  return {
    ...(credential === undefined ? {} : { credential }),
    ...(answer.problem === undefined ? {} : { problem: answer.problem }),
  };
}

/** Most files name no helper, and starting programs takes a while to load. */
async function askHelperOf(helper: string, host: string, environment: Environment): Promise<HelperAnswer> {
  const { askHelper } = await import("./credential-helper.ts");
  return askHelper(helper, serverKeyOf(host), environment);
}

function ofHelper({ Username, Secret }: { Username: string; Secret: string }): Credential {
  // docker-credential-helpers: this name says that the secret is an identity token.
  return Username === "<token>"
    ? { kind: "identity", token: Secret }
    : { kind: "basic", user: Username, password: Secret };
}

function ofEntry(entry: AuthEntry | undefined): Credential | undefined {
  if (entry === undefined) return undefined;
  const [user, password] = userAndPassword(entry);
  if (entry.registrytoken) return { kind: "bearer", token: entry.registrytoken };
  if (entry.identitytoken) return { kind: "identity", token: entry.identitytoken, ...(user === "" ? {} : { user }) };
  return user === "" && password === "" ? undefined : { kind: "basic", user, password };
}

function userAndPassword({ auth, username, password }: AuthEntry): [user: string, password: string] {
  if (!auth) return [username ?? "", password ?? ""];
  const text = Buffer.from(auth, "base64").toString("utf8").replace(/\0+$/, "");
  const colon = text.indexOf(":");
  return colon < 0 ? ["", ""] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** The entry for a repository: the longest namespace that holds it (containers-auth.json.5), else its host in any of Docker's spellings. */
function matchingEntry(auths: Record<string, AuthEntry>, host: string, path: string): AuthEntry | undefined {
  const parts = path.split("/");
  for (let length = parts.length; length > 0; length--) {
    const entry = auths[`${host}/${parts.slice(0, length).join("/")}`];
    if (entry !== undefined) return entry;
  }
  const exact = auths[serverKeyOf(host)] ?? auths[host];
  if (exact !== undefined) return exact;
  const key = Object.keys(auths).find((key) => hostOfKey(key) === host);
  return key === undefined ? undefined : auths[key];
}

function hostOfKey(key: string): string {
  const name = key.replace(/^https?:\/\//, "").replace(/\/(?:v[12]\/?)?$/, "");
  return name === "index.docker.io" || name === "registry-1.docker.io" ? dockerHub : name;
}

function serverKeyOf(host: string): string {
  return host === dockerHub ? dockerHubKey : host;
}

function invalidFile(file: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_CONFIG",
    kind: "input",
    message: `the credentials file ${file} cannot be used: ${why}`,
    hint: "Repair it, or log in again.",
  });
}

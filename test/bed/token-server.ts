/**
 * The authorization service of a registry with token auth, as distribution's documents describe it (docs/spec/auth: token.md,
 * oauth.md, scope.md): it signs tokens, the registry verifies them by the certificate and decides.
 */
import { randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import type { Certificate } from "./certificates.ts";

/** Somebody the registry knows, and the repositories and actions (`pull`, `push`, `delete`) that are theirs. */
export interface User {
  readonly name: string;
  readonly password: string;
  readonly actions: (repository: string) => readonly string[];
}

/** One answered request for a token, for tests to look at. */
export interface IssuedToken {
  readonly grant: "anonymous" | "basic" | "password" | "refresh_token";
  readonly user: string;
  /** As asked for, for example `repository:library/app:pull,push`. */
  readonly scopes: readonly string[];
}

export interface TokenServer {
  readonly realm: string;
  /** For how long the registry accepts a token from its issue on. May be changed while it runs. Default 300. */
  lifetimeSeconds: number;
  /** What answers give as `expires_in`; undefined: the true lifetime. */
  claimedSeconds: number | undefined;
  /** Answers every request with this status instead of a token, for example 503. */
  failWith: number | undefined;
  readonly issued: readonly IssuedToken[];
  readonly stop: () => Promise<void>;
}

/** distribution accepts a token for so long after its `exp` and before its `nbf` (registry/auth/token/token.go, `Leeway`). */
const leewaySeconds = 60;

/** Starts the service on a free port of 127.0.0.1. `anonymous` is who comes without credentials. */
export async function startTokenServer(options: {
  readonly service: string;
  readonly issuer: string;
  readonly certificate: Certificate;
  readonly users: readonly User[];
  readonly anonymous: User;
}): Promise<TokenServer> {
  const key = readFileSync(options.certificate.key, "utf8");
  const chain = [readFileSync(options.certificate.cert, "utf8").replace(/-----[^-]+-----|\s/g, "")];
  const refreshTokens = new Map<string, User>();
  const issued: IssuedToken[] = [];

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }));
  });
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (state.failWith !== undefined) return send(response, state.failWith, { errors: [{ code: "UNAVAILABLE" }] });
    const asked = await readRequest(request);
    const user = identify(asked, { ...options, refreshTokens });
    if (user === undefined) {
      const errors = [{ code: "UNAUTHORIZED", message: "incorrect username or password" }];
      return send(response, 401, { errors, error: "invalid_grant" });
    }
    const scopes = asked.parameters.getAll("scope").flatMap((scope) => scope.split(" ").filter(Boolean));
    issued.push({ grant: asked.grant, user: user.name, scopes });
    const access = scopes.flatMap((scope) => grant(user, scope));
    const token = signToken(user.name, access);
    const wantsRefresh =
      asked.parameters.get("offline_token") === "true" || asked.parameters.get("access_type") === "offline";
    const refresh = wantsRefresh && user !== options.anonymous ? randomUUID() : undefined;
    if (refresh !== undefined) refreshTokens.set(refresh, user);
    return send(response, 200, {
      token,
      access_token: token,
      expires_in: state.claimedSeconds ?? state.lifetimeSeconds,
      issued_at: new Date().toISOString(),
      scope: access.map(({ type, name, actions }) => `${type}:${name}:${actions.join(",")}`).join(" "),
      ...(refresh === undefined ? {} : { refresh_token: refresh }),
    });
  };
  const signToken = (subject: string, access: readonly Access[]) => {
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: options.issuer,
      sub: subject,
      aud: options.service,
      exp: now + state.lifetimeSeconds - leewaySeconds,
      nbf: now - leewaySeconds,
      iat: now - leewaySeconds,
      jti: randomUUID(),
      access,
    };
    const signed = [{ typ: "JWT", alg: "ES256", x5c: chain }, claims].map(base64url).join(".");
    return `${signed}.${sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  };

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const state: TokenServer = {
    // By name: crane 0.22 refuses a realm that is a private address, even when the registry itself is one.
    realm: `http://localhost:${port}/token`,
    lifetimeSeconds: 300,
    claimedSeconds: undefined,
    failWith: undefined,
    issued,
    async stop() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  // A bed that somebody forgot to stop must not keep its process alive.
  server.unref();
  return state;
}

/** An entry of the token's `access` claim. */
interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

interface TokenRequest {
  readonly grant: IssuedToken["grant"];
  readonly parameters: URLSearchParams;
  readonly basic?: { readonly name: string; readonly password: string };
}

/** GET with basic auth or without (token.md), or POST of a form (oauth.md). */
async function readRequest(request: IncomingMessage): Promise<TokenRequest> {
  if (request.method === "POST") {
    const parameters = new URLSearchParams(await text(request));
    return { grant: parameters.get("grant_type") === "refresh_token" ? "refresh_token" : "password", parameters };
  }
  const parameters = new URL(request.url ?? "/", "http://127.0.0.1").searchParams;
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? "")?.[1];
  if (encoded === undefined) return { grant: "anonymous", parameters };
  const [name = "", ...password] = Buffer.from(encoded, "base64").toString().split(":");
  return { grant: "basic", parameters, basic: { name, password: password.join(":") } };
}

/** Who asks; undefined when the credentials are wrong. */
function identify(
  { grant, parameters, basic }: TokenRequest,
  known: {
    readonly users: readonly User[];
    readonly anonymous: User;
    readonly refreshTokens: ReadonlyMap<string, User>;
  },
): User | undefined {
  const byPassword = (name: string | null | undefined, password: string | null | undefined) =>
    known.users.find((user) => user.name === name && user.password === password);
  switch (grant) {
    case "anonymous":
      return known.anonymous;
    case "basic":
      return byPassword(basic?.name, basic?.password);
    case "password":
      return byPassword(parameters.get("username"), parameters.get("password"));
    case "refresh_token":
      return known.refreshTokens.get(parameters.get("refresh_token") ?? "");
  }
}

/** What of a scope (`repository:NAME:ACTION,…`) the user gets; nothing is no error: the registry refuses then. */
function grant(user: User, scope: string): Access[] {
  const match = /^([^:]+):(.+):([^:]*)$/.exec(scope);
  if (match === null) return [];
  const [, type = "", name = "", wanted = ""] = match;
  const allowed = type === "repository" ? user.actions(name) : [];
  const actions = wanted.split(",").filter((action) => allowed.includes(action));
  return actions.length === 0 ? [] : [{ type, name, actions }];
}

function base64url(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { ArchwayError } from "../../error/error.ts";
import { Authenticator } from "./auth.ts";
import type { Challenge } from "./challenge.ts";
import type { Credential } from "./credentials.ts";
import type { HttpAnswer, HttpRequest } from "./http.ts";

const scopes = ["repository:team/app:pull"];
const bearer: Challenge = { kind: "bearer", realm: "https://auth.example.com/token", service: "registry" };

/** An authenticator before a token server that is a function. */
function authenticator(credential: Credential | undefined, answer: (request: HttpRequest, n: number) => unknown) {
  const asked: HttpRequest[] = [];
  const auth = new Authenticator({
    host: "registry.example.com",
    credentials: { find: async () => (credential === undefined ? {} : { credential }) },
    rules: { apiHost: "registry.example.com", insecure: [] },
    async send(request): Promise<HttpAnswer> {
      asked.push(request);
      await sleep(5);
      const body = answer(request, asked.length);
      const status = typeof body === "number" ? body : 200;
      const bytes = new TextEncoder().encode(typeof body === "number" ? "secret-in-body" : JSON.stringify(body));
      return { status, headers: {}, url: request.url, bytes };
    },
  });
  return { auth, asked };
}

test("nothing is sent before the registry asks", async () => {
  const { auth, asked } = authenticator({ kind: "basic", user: "u", password: "p" }, () => assert.fail());
  assert.equal(await auth.authorization("team/app", scopes), undefined);
  assert.equal(asked.length, 0);
});

test("a token is fetched once for all who wait for the same rights, and kept", async () => {
  const { auth, asked } = authenticator({ kind: "basic", user: "u", password: "p" }, (_, n) => ({ token: `t${n}` }));
  assert.equal(await auth.challenged(bearer, "team/app", scopes), true);
  const headers = await Promise.all(Array.from({ length: 5 }, () => auth.authorization("team/app", scopes)));
  assert.deepEqual(new Set(headers), new Set(["Bearer t1"]));
  assert.equal(await auth.authorization("team/app", scopes), "Bearer t1");
  assert.equal(await auth.authorization("team/app", ["repository:team/app:pull,push"]), "Bearer t2");
  const [first] = asked;
  assert.equal(
    first?.url.href,
    "https://auth.example.com/token?service=registry&scope=repository%3Ateam%2Fapp%3Apull&account=u",
  );
  assert.equal(first?.headers["authorization"], `Basic ${Buffer.from("u:p").toString("base64")}`);
});

test("a token that has nearly lived its time is replaced", async () => {
  const { auth, asked } = authenticator(undefined, (_, n) => ({ access_token: `t${n}`, expires_in: 0.5 }));
  await auth.challenged(bearer, "team/app", scopes);
  assert.equal(await auth.authorization("team/app", scopes), "Bearer t1");
  await sleep(450);
  assert.equal(await auth.authorization("team/app", scopes), "Bearer t2");
  assert.equal(asked[0]?.headers["authorization"], undefined);
});

test("a refused token is replaced once, also when several requests were refused with it", async () => {
  const { auth, asked } = authenticator(undefined, (_, n) => ({ token: `t${n}` }));
  await auth.challenged(bearer, "team/app", scopes);
  const used = await auth.authorization("team/app", scopes);
  const renew = async () => {
    assert.equal(await auth.challenged(bearer, "team/app", scopes, used), true);
    return auth.authorization("team/app", scopes);
  };
  assert.deepEqual(await Promise.all([renew(), renew(), renew()]), ["Bearer t2", "Bearer t2", "Bearer t2"]);
  assert.equal(asked.length, 2);
});

test("an identity token is exchanged, a registry token goes as it is", async () => {
  const identity = authenticator({ kind: "identity", token: "refresh" }, () => ({ access_token: "t" }));
  await identity.auth.challenged(bearer, "team/app", scopes);
  assert.equal(await identity.auth.authorization("team/app", scopes), "Bearer t");
  const [request] = identity.asked;
  assert.equal(request?.method, "POST");
  assert(request.body instanceof Uint8Array);
  const form = new URLSearchParams(new TextDecoder().decode(request.body));
  assert.equal(form.get("grant_type"), "refresh_token");
  assert.equal(form.get("refresh_token"), "refresh");
  assert.equal(form.get("scope"), scopes[0]);

  const direct = authenticator({ kind: "bearer", token: "mine" }, () => assert.fail());
  assert.equal(await direct.auth.authorization("team/app", scopes), "Bearer mine");
  assert.equal(await direct.auth.challenged(bearer, "team/app", scopes, "Bearer mine"), false);
});

test("a registry that asks for more scopes than we thought of gets them", async () => {
  const { auth, asked } = authenticator(undefined, () => ({ token: "t" }));
  await auth.challenged({ ...bearer, scope: "registry:catalog:* repository:team/app:pull" }, "team/app", scopes);
  await auth.authorization("team/app", scopes);
  assert.deepEqual(asked[0]?.url.searchParams.getAll("scope"), ["repository:team/app:pull", "registry:catalog:*"]);
});

test("passwords go to no token server in plain HTTP and to none in a private network", async () => {
  for (const realm of ["http://auth.example.com/token", "https://10.0.0.1/token", "file:///etc/passwd", "nothing"]) {
    const { auth, asked } = authenticator({ kind: "basic", user: "u", password: "p" }, () => ({ token: "t" }));
    await auth.challenged({ kind: "bearer", realm }, "team/app", scopes);
    await assert.rejects(auth.authorization("team/app", scopes), ArchwayError, realm);
    assert.equal(asked.length, 0);
  }
});

test("a token server that refuses is told with the user's name, and with no secret", async () => {
  const { auth } = authenticator({ kind: "basic", user: "somebody", password: "secret" }, () => 401);
  await auth.challenged(bearer, "team/app", scopes);
  await assert.rejects(auth.authorization("team/app", scopes), (error) => {
    assert(error instanceof ArchwayError);
    assert.equal(error.code, "UNAUTHORIZED");
    assert.match(error.message, /auth\.example\.com gives no token to somebody \(401/);
    assert(!`${error.message} ${error.hint}`.includes("secret"));
    return true;
  });
});

test("an answer without a token is an error, and the next request asks again", async () => {
  const { auth, asked } = authenticator(undefined, (_, n) => (n === 1 ? { nothing: true } : { token: "t" }));
  await auth.challenged(bearer, "team/app", scopes);
  await assert.rejects(auth.authorization("team/app", scopes), /gave no token/);
  assert.equal(await auth.authorization("team/app", scopes), "Bearer t");
  assert.equal(asked.length, 2);
});

test("one who is told to stop does not wait for a token; the others get it", async () => {
  const { auth } = authenticator(undefined, () => ({ token: "t" }));
  await auth.challenged(bearer, "team/app", scopes);
  const stop = new AbortController();
  const waiting = auth.authorization("team/app", scopes, stop.signal);
  const other = auth.authorization("team/app", scopes);
  stop.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.equal(await other, "Bearer t");
});

test("a registry that takes passwords gets one once", async () => {
  const { auth } = authenticator({ kind: "basic", user: "u", password: "p" }, () => assert.fail());
  assert.equal(await auth.challenged({ kind: "basic" }, "team/app", scopes), true);
  const header = await auth.authorization("team/app", scopes);
  assert.equal(header, `Basic ${Buffer.from("u:p").toString("base64")}`);
  assert.equal(await auth.challenged({ kind: "basic" }, "team/app", scopes, header), false);
  const nobody = authenticator(undefined, () => assert.fail());
  assert.equal(await nobody.auth.challenged({ kind: "basic" }, "team/app", scopes), false);
  const token = authenticator({ kind: "identity", token: "x" }, () => assert.fail());
  assert.equal(await token.auth.challenged({ kind: "basic" }, "team/app", scopes), false);
});

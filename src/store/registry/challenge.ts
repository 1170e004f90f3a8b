/** How a registry wants to be told who we are (RFC 9110 §11.6.1; distribution, docs/content/spec/auth/token.md). */
export type Challenge =
  | { readonly kind: "basic" }
  | { readonly kind: "bearer"; readonly realm: string; readonly service?: string; readonly scope?: string };

/** One scheme or one parameter of a `WWW-Authenticate` header. */
const element = /(?:^|,)\s*([A-Za-z]+)(?=\s+[^\s=,]|\s*(?:,|$))|([A-Za-z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** Longest header that is looked at, characters. */
const maxLength = 8192;

/** The challenge of an answer with status 401: Bearer when offered, else Basic; undefined when neither is. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const schemes: { name: string; parameters: Map<string, string> }[] = [];
  for (const [, scheme, name, quoted, plain] of (header ?? "").slice(0, maxLength).matchAll(element)) {
    if (scheme !== undefined) schemes.push({ name: scheme.toLowerCase(), parameters: new Map() });
    else schemes.at(-1)?.parameters.set(name?.toLowerCase() ?? "", quoted?.replace(/\\(.)/g, "$1") ?? plain ?? "");
  }
  const bearer = schemes.find(({ name, parameters }) => name === "bearer" && parameters.has("realm"));
  if (bearer !== undefined) {
    const service = bearer.parameters.get("service");
    const scope = bearer.parameters.get("scope");
    return {
      kind: "bearer",
      realm: bearer.parameters.get("realm") ?? "",
      ...(service ? { service } : {}),
      ...(scope ? { scope } : {}),
    };
  }
  return schemes.some(({ name }) => name === "basic") ? { kind: "basic" } : undefined;
}

/** A place in a Git repository: what to clone, which reference, and the folder in it. */
export interface GitPlace {
  /** As it was written, with what it says of user and password. */
  readonly url: string;
  readonly ref?: string;
  readonly subfolder?: string;
}

/**
 * Reads a Git URL as BuildKit does: `git://`, `git@`, `ssh://`, `http(s)://` and `file://` with a path that ends in `.git`, and
 * `github.com/…`; `#REF:SUBFOLDER` or `?ref=REF&subdir=SUBFOLDER` behind it. Returns `undefined` for anything else.
 * Source: BuildKit's documentation of Git contexts.
 */
export function parseGitUrl(text: string): GitPlace | undefined {
  const [beforeFragment, fragment] = splitOnce(text, "#");
  const [address, query] = splitOnce(beforeFragment, "?");
  const isGit =
    /^(git|ssh):\/\//.test(address) ||
    /^git@[^:/]+:/.test(address) ||
    /^(https?|file):\/\/.+\.git$/.test(address) ||
    isGithub(address);
  if (!isGit) return undefined;
  const parameters = new URLSearchParams(query ?? "");
  const [fragmentRef, fragmentFolder] = splitOnce(fragment ?? "", ":");
  const ref = fragmentRef || parameters.get("ref") || parameters.get("branch") || parameters.get("tag") || undefined;
  const subfolder = fragmentFolder || parameters.get("subdir") || undefined;
  return place(address, ref, subfolder);
}

/** Reads `URL[#REF[:SUBFOLDER]]` where nothing but a repository is meant: also URLs without `.git`, other users than `git`, and paths. */
export function readGitPlace(text: string): GitPlace {
  const [address, fragment] = splitOnce(text, "#");
  const [ref, subfolder] = splitOnce(fragment ?? "", ":");
  return place(address, ref || undefined, subfolder || undefined);
}

/** Whether an address leads to another machine or says how it is to be read; else it is a path. */
export function isGitAddress(address: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//.test(address) || /^[^/:]+:/.test(address) || isGithub(address);
}

/** A URL without the password, and what it says of the user. Other addresses carry none. */
export function splitLogin(url: string): {
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
} {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) return { url };
  const parsed = new URL(url);
  const [username, password] = [decodeURIComponent(parsed.username), decodeURIComponent(parsed.password)];
  parsed.username = "";
  parsed.password = "";
  return {
    url: username === "" && password === "" ? url : parsed.href,
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
  };
}

function place(address: string, ref: string | undefined, subfolder: string | undefined): GitPlace {
  return {
    url: isGithub(address) ? `https://${address}` : address,
    ...(ref === undefined ? {} : { ref }),
    ...(subfolder === undefined ? {} : { subfolder }),
  };
}

function isGithub(address: string): boolean {
  return /^github\.com\/[^/]+\/[^/]+/.test(address);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Who one is for a Git server. */
export interface GitLogin {
  readonly username: string;
  readonly password: string;
}

/** Variable in which Git's own processes find the password. */
const variable = "ARCHWAY_GIT_PASSWORD";

/**
 * Settings and variables by which Git takes a login for the server of a URL, and for no other. The password is in the environment of Git's processes alone: no argument, no
 * file, and no helper of the user is given it to keep.
 */
export function settingsOfLogin(
  url: string,
  { username, password }: GitLogin,
): { readonly settings: readonly (readonly [string, string])[]; readonly env: Readonly<Record<string, string>> } {
  const { protocol, host } = new URL(url);
  const name = `credential.${protocol}//${host}`;
  return {
    settings: [
      // The empty one forgets all helpers before it.
      [`${name}.helper`, ""],
      [`${name}.helper`, `!f() { test "$1" = get && printf 'password=%s\\n' "$${variable}"; }; f`],
      [`${name}.username`, username],
    ],
    env: { [variable]: password },
  };
}

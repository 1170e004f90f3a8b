/** The first version in a text such as `v22.15.0`, `>=3.11,<4` or `openjdk-21`, cut to `parts` numbers; `undefined` when there is none. */
export function firstVersion(text: string | undefined, parts: number): string | undefined {
  const found = /\d+(?:\.\d+)*/.exec(text ?? "")?.[0];
  return found?.split(".").slice(0, parts).join(".");
}

/** What `tr` makes of a text; undefined for options or sets that are not read. */
export function translateCharacters(words: readonly string[], text: string): string | undefined {
  const sets = words.filter((word) => !/^-[cCdst]+$/.test(word));
  const letters = words.filter((word) => /^-[cCdst]+$/.test(word)).join("");
  const isComplement = /[cC]/.test(letters);
  const from = characters(sets[0] ?? "");
  if (from === undefined) return undefined;
  if (letters.includes("d"))
    return text
      .split("")
      .filter((char) => from.includes(char) === isComplement)
      .join("");
  const to = characters(sets[1] ?? "");
  if (to === undefined || isComplement) return undefined;
  if (letters.includes("s") && to.length === 0)
    return text.replaceAll(/(.)\1+/gs, (all, char: string) => (from.includes(char) ? char : all));
  const last = to.at(-1);
  if (last === undefined) return undefined;
  return text
    .split("")
    .map((char) => {
      const at = from.indexOf(char);
      return at < 0 ? char : (to[at] ?? last);
    })
    .join("");
}

function characters(set: string): string[] | undefined {
  const named = {
    "[:upper:]": "A-Z",
    "[:lower:]": "a-z",
    "[:digit:]": "0-9",
    "[:space:]": " \t\n",
    "[:alpha:]": "A-Za-z",
    "[:alnum:]": "0-9A-Za-z",
  };
  const plain = set
    .replaceAll(/\[:\w+:\]/g, (name) => named[name as keyof typeof named] ?? "")
    .replaceAll("\\n", "\n")
    .replaceAll("\\t", "\t")
    .replace(/^\[(.-.)\]$/, "$1");
  const result: string[] = [];
  for (let at = 0; at < plain.length; at += 1) {
    const char = plain[at] ?? "";
    const end = plain[at + 1] === "-" ? plain[at + 2] : undefined;
    if (end === undefined) result.push(char);
    else {
      const [first, last] = [char.charCodeAt(0), end.charCodeAt(0)];
      if (last < first || last - first > 512) return undefined;
      for (let code = first; code <= last; code += 1) result.push(String.fromCharCode(code));
      at += 2;
    }
  }
  return result;
}

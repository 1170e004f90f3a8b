import { locateIn } from "../../place.ts";
import { type Value, written } from "../../value.ts";

/** Reads a `.env` file as Compose does: `NAME=VALUE` lines, quotes, comments. References to other variables in it are left as they are. */
export function parseDotenv(path: string, text: string): Map<string, Value> {
  const locate = locateIn(path, text);
  const variables = new Map<string, Value>();
  const line = /^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]*)[ \t]*=[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))/gm;
  for (const match of text.matchAll(line)) {
    const [whole, name = "", double, single, bare = ""] = match;
    const quoted = double ?? single;
    const content = quoted ?? bare.replace(/(?:^|\s)#.*$/, "").trimEnd();
    const start = match.index + whole.length - (quoted === undefined ? bare.length : quoted.length + 1);
    variables.set(name, written(content, locate(start, start + content.length)));
  }
  return variables;
}

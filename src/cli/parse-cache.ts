import { formatCsv, parseAttributes } from "./parse-csv.ts";
import { optionError, readChoice } from "./parse-option.ts";

/** Kinds of cache that BuildKit knows, and the attribute that each cannot do without. */
const cacheTypes = {
  from: { registry: "ref", local: "src", gha: undefined, s3: "bucket", azblob: "name" },
  to: { registry: "ref", local: "dest", gha: undefined, s3: "bucket", azblob: "name", inline: undefined },
} as const;

/**
 * Checks one cache to read (`from`) or to write (`to`), which `option` names in errors, and returns it in BuildKit's full form: a bare reference becomes
 * `type=registry,ref=REFERENCE`. Throws `OPTION_INVALID`.
 */
export function parseCache(direction: "from" | "to", text: string, option: string = `--cache-${direction}`): string {
  if (text !== "" && !text.includes("=") && !text.includes(",")) return formatCsv(["type=registry", `ref=${text}`]);
  const attributes = parseAttributes(option, text);
  const given = attributes.get("type");
  if (given === undefined) {
    throw optionError(option, text, "a type is missing.", "For example type=registry,ref=REFERENCE.");
  }
  const needs: Readonly<Record<string, string | undefined>> = cacheTypes[direction];
  const type = readChoice(option, given, Object.keys(needs));
  const needed = needs[type];
  if (needed !== undefined && !attributes.get(needed)) throw optionError(option, text, `${needed} is missing.`);
  return formatCsv([...attributes].map(([key, value]) => `${key}=${value}`));
}

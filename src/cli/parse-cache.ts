import { formatCsv, parseAttributes } from "./parse-csv.ts";
import { optionError, readChoice } from "./parse-option.ts";

/** Kinds of cache that BuildKit knows, and the attribute that each cannot do without. */
const cacheTypes = {
  "--cache-from": { registry: "ref", local: "src", gha: undefined, s3: "bucket", azblob: "name" },
  "--cache-to": { registry: "ref", local: "dest", gha: undefined, s3: "bucket", azblob: "name", inline: undefined },
} as const;

/**
 * Checks one value of `--cache-from` or `--cache-to` and returns it in BuildKit's full form: a bare reference becomes
 * `type=registry,ref=REFERENCE`. Throws `OPTION_INVALID`.
 */
export function parseCache(option: keyof typeof cacheTypes, text: string): string {
  if (text !== "" && !text.includes("=") && !text.includes(",")) return formatCsv(["type=registry", `ref=${text}`]);
  const attributes = parseAttributes(option, text);
  const given = attributes.get("type");
  if (given === undefined) {
    throw optionError(option, text, "a type is missing.", "For example type=registry,ref=REFERENCE.");
  }
  const needs: Readonly<Record<string, string | undefined>> = cacheTypes[option];
  const type = readChoice(option, given, Object.keys(needs));
  const needed = needs[type];
  if (needed !== undefined && !attributes.get(needed)) throw optionError(option, text, `${needed} is missing.`);
  return formatCsv([...attributes].map(([key, value]) => `${key}=${value}`));
}

import type { z } from "zod";
import { type DocumentKind, documentError } from "./issue.ts";
import { parseYaml } from "./yaml-source.ts";

/**
 * Reads a JSON or YAML file of a known kind. A JSON file that is right is never parsed twice: places are only looked for when something is wrong.
 *
 * @param file absolute path, for error places
 * @throws ArchwayError of the kind's code (kind `input`) with line and column.
 */
export function parseDocument<Schema extends z.ZodType>(
  content: string,
  file: string,
  kind: DocumentKind & { readonly schema: Schema },
): z.output<Schema> {
  const plain = kind.schema.safeParse(plainJson(content));
  if (plain.success) return plain.data;
  const source = parseYaml(content, file, kind.code);
  const result = kind.schema.safeParse(source.value ?? null, { reportInput: true });
  if (!result.success) throw documentError(result.error.issues, source, kind);
  return result.data;
}

function plainJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    // It is YAML, or wrong: both are told apart by the reader that knows places.
    return undefined;
  }
}

import { parseDocument } from "../../config/parse-document.ts";
import type { ConvertOptions } from "./convert.ts";
import { convertIceci } from "./convert.ts";
import { iceciSchema } from "./schema.ts";
import { writeDraft } from "./write-draft.ts";

const heading =
  "Made from .iceci.yaml by archway import iceci. Comments tell where something means another thing than it did.";

/**
 * Turns the content of an `.iceci.yaml` into that of an `.archway.yaml`.
 *
 * @throws ArchwayError `ICECI_INVALID` with line and column, `PROFILE_UNKNOWN` (kind `input`).
 */
export function importIceci(content: string, options: ConvertOptions): string {
  const document = { code: "ICECI_INVALID", name: "the pipeline of IceCI", schema: iceciSchema };
  return writeDraft(convertIceci(parseDocument(content, options.file, document), options), heading);
}

import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { isDigest } from "../oci/digest.ts";
import type { EngineResult } from "./engine.ts";

const digestSchema = z.string().refine(isDigest, "is no digest");

/** The keys that we read of a `--metadata-file` of buildctl or docker buildx (moby/buildkit exporter/containerimage/exptypes). */
const metadataSchema = z
  .object({
    "containerimage.digest": digestSchema.optional(),
    "containerimage.descriptor": z.object({ mediaType: z.string() }).loose().optional(),
  })
  .loose();

/**
 * Reads the metadata file that an engine wrote at its success; an engine that had nothing to say (an output without an image) may have written none.
 *
 * @throws ArchwayError `ENGINE_FAILED` when it is not what buildctl and buildx write.
 */
export async function readMetadata(path: string): Promise<EngineResult> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return { metadata: {} };
    throw error;
  }
  const parsed = metadataSchema.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new ArchwayError({
      code: "ENGINE_FAILED",
      kind: "failed",
      message: `The engine's metadata file is not understood: ${z.prettifyError(parsed.error)}`,
      hint: "Is the engine's client newer than this Archway knows? Please report it with the client's version.",
    });
  }
  const metadata = parsed.data;
  const digest = metadata["containerimage.digest"];
  const mediaType = metadata["containerimage.descriptor"]?.mediaType;
  return {
    ...(digest === undefined ? {} : { digest }),
    ...(mediaType === undefined ? {} : { mediaType }),
    metadata,
  };
}

/** The value of a JSON text, or `undefined` when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Schemas of what the commands of `archway image` that publish print as JSON. */
import { z } from "zod";
import { platform, digest, version, count, findingSchema, verdict, index } from "./parts.ts";

/** `archway image create --format json`, and the key `archway` of its metadata file. */
export const imageCreateSchema = z
  .object({
    version,
    index,
    platforms: z.array(z.object({ platform, digest, verdict, findings: z.array(findingSchema) })),
  })
  .meta({ title: "Result of archway image create" });

/** `archway image copy|tag|promote --format json`. */
export const imageCopySchema = z
  .object({
    version,
    image: index.omit({ pushed: true }).describe("the image or index that was published"),
    platforms: z.array(z.object({ platform, digest, verdict, findings: z.array(findingSchema) })),
    tags: z
      .array(
        z.object({
          reference: z.string(),
          before: digest.nullable().describe("what it pointed at before; null when it was not there"),
        }),
      )
      .describe("the tags that point at it now"),
    attached: z
      .array(z.object({ digest, subject: digest, artifactType: z.string().optional(), tag: z.string().optional() }))
      .describe("signatures and other referrers that went along"),
    targets: z.array(
      z.object({
        target: z.string().describe("repository, layout or archive"),
        blobs: z.object({ present: count, mounted: count, sent: count }).describe("how each came to be there"),
        bytesSent: count,
      }),
    ),
  })
  .meta({ title: "Result of archway image copy, tag and promote" });

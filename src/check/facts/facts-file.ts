import { z } from "zod";
import { ArchwayError } from "../../error/error.ts";
import { parsePlatform, type Platform } from "../../platform/platform.ts";
import { imageKeyOf } from "./image-key.ts";

const platform = z.string().transform((text, context): Platform => {
  try {
    return parsePlatform(text);
  } catch (error) {
    if (!(error instanceof ArchwayError)) throw error;
    context.addIssue({ code: "custom", message: error.message, params: { hint: error.hint } });
    return z.NEVER;
  }
});

const platforms = z.array(platform);

/** What is known of an image, as files have it. */
export const imageFactSchema = z
  .strictObject({
    platforms: platforms.describe("all that it has"),
    digest: z
      .string()
      .regex(/^sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})$/, "must be sha256: and 64 hexadecimal digits")
      .exactOptional()
      .describe("what the tag pointed at"),
    isIndex: z.boolean().exactOptional().describe("false for a single manifest"),
  })
  .nullable();

/** What is known of a package, as files have it. */
export const packageFactSchema = z
  .strictObject({ platforms: z.union([platforms, z.literal("all")]).describe("that it is ready for") })
  .nullable();

const imageName = z.string().refine((name) => imageKeyOf(name) !== undefined, "is not the name of an image");

const packageName = z
  .string()
  .regex(/^[a-z]+:\S/, "must be ECOSYSTEM:NAME, such as npm:NAME@VERSION, pypi:NAME@VERSION or apk:RELEASE:NAME");

/** The schema of a facts file: what is known of the world outside of a repository. `null` is known not to exist; what is not in the file is unknown. */
export const factsFileSchema = z
  .strictObject({
    version: z.literal(1).describe("version of this format"),
    asOf: z.string().exactOptional().describe("when it was learned, as ISO 8601"),
    images: z.record(imageName, imageFactSchema).default({}).describe("by reference, in any spelling"),
    urls: z.record(z.string(), z.boolean()).default({}).describe("whether they can be fetched"),
    packages: z.record(packageName, packageFactSchema).default({}).describe("by ECOSYSTEM:NAME@VERSION"),
  })
  .meta({ title: "Facts of archway check" });

/** The content of a facts file, checked. */
export type FactsFile = z.output<typeof factsFileSchema>;

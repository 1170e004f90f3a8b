/** Schema of what `archway verify` prints as JSON. */
import { z } from "zod";
import { platform, platforms, digest, version, count, findingSchema } from "./parts.ts";

const seconds = z.number().min(0);
const proved = z.enum(["pass", "fail", "undecided"]);

/** `archway verify --format json`. */
export const verifySchema = z
  .object({
    version,
    images: z.array(
      z.object({
        reference: z.string().describe("as it was named on the command line"),
        digest: digest.optional().describe("absent for an image that could not be resolved or read"),
        mediaType: z.string().optional(),
        verdict: proved,
        findings: z.array(findingSchema).describe("about the index, or about what only shows between its platforms"),
        platforms: z.array(
          z.object({
            platform,
            digest,
            verdict: proved,
            findings: z.array(findingSchema),
            size: count.describe("compressed bytes of all layers"),
            unpackedSize: count.describe("uncompressed bytes of the layers that were read"),
            coverage: z
              .object({
                layers: count,
                cachedLayers: count.describe("whose facts were known already"),
                unreadLayers: count.describe("that could not be examined"),
                bytes: count.describe("compressed bytes of the examined layers"),
                files: count.describe("regular files in the merged file system"),
                elf: count.describe("ELF files among them"),
              })
              .describe("what was looked at"),
            floor: z
              .object({
                platform: platform.describe("the lowest platform that runs it"),
                because: z.string().optional(),
                hosts: platforms.describe("whose machines run it without an emulator"),
              })
              .optional(),
            layers: z.array(
              z.object({
                index: count,
                digest,
                size: count.describe("bytes"),
                createdBy: z.string().optional(),
                unpackedSize: count.optional(),
                code: z.record(z.string(), count).describe("programs and libraries by what they are code for"),
              }),
            ),
            run: z
              .object({
                host: platform.describe("the machine that ran it"),
                execution: z.enum(["native", "emulated"]).optional().describe("absent when it was not run"),
                emulator: z.string().optional(),
                command: z
                  .array(z.string())
                  .describe("what replaced entrypoint and command; empty for the image's own"),
                result: z.enum(["exited", "kept-running", "failed-to-start", "not-runnable-here"]),
                exitCode: count.optional().describe("128 and the number for a signal"),
                seconds,
                output: z.string().describe("its last lines"),
                reason: z.string().optional().describe("why it was not run"),
              })
              .optional()
              .describe("what came of --run; never a proof of architecture"),
          }),
        ),
      }),
    ),
    unusedAllow: z
      .array(z.object({ path: z.string(), reason: z.string() }))
      .describe("exceptions that covered nothing"),
  })
  .meta({ title: "Result of archway verify" });

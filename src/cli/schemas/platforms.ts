/** Schema of what `archway platforms` prints as JSON. */
import { z } from "zod";
import { platform, platforms, version } from "./parts.ts";

/** `archway platforms --format json`. */
export const platformsSchema = z
  .object({
    version,
    host: z.object({
      platform,
      kernel: z.string(),
      kernelArchitecture: z.string().optional(),
      userlandBits: z.union([z.literal(32), z.literal(64)]),
      emulated: z.boolean(),
      amd64Level: z.enum(["v1", "v2", "v3", "v4"]).optional(),
      aarch32: z.enum(["native", "shadowed", "absent"]).optional(),
      wsl: z.union([z.literal(1), z.literal(2)]).optional(),
      warnings: z.array(z.string()),
    }),
    native: platforms,
    emulated: z.array(
      z.object({
        platform,
        platforms,
        interpreter: z.string(),
        flags: z.string(),
        version: z.string().nullable(),
        missing: z.array(z.string()).describe("what each missing flag breaks"),
      }),
    ),
    engines: z.array(
      z.object({
        name: z.string(),
        version: z.string(),
        endpoint: z.string(),
        platforms,
        faults: z.array(z.object({ id: z.string(), text: z.string(), since: z.string(), avoided: z.boolean() })),
      }),
    ),
    unreachable: z.array(z.object({ name: z.string(), endpoint: z.string(), reason: z.string() })),
  })
  .meta({ title: "Result of archway platforms" });

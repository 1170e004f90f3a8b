import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { buildSchema } from "./schemas/build.ts";
import { imageCopySchema, imageCreateSchema } from "./schemas/image.ts";

/** An image that a job built, and the seconds of each way to build. */
export interface BuiltByJob {
  /** Digest of the index. */
  readonly index: string;
  readonly platforms: readonly string[];
  readonly seconds: { readonly native: number; readonly cross: number; readonly emulated: number };
}

const metadata = z.object({ archway: buildSchema });

/** Reads what a build says of itself in its metadata file. Throws `COMMAND_FAILED` when there is no digest in it. */
export function readBuilt(text: string): BuiltByJob {
  const { index, platforms } = metadata.parse(JSON.parse(text)).archway;
  if (index === undefined)
    throw new ArchwayError({ code: "COMMAND_FAILED", kind: "failed", message: "The build gave no digest." });
  const seconds = { native: 0, cross: 0, emulated: 0 };
  for (const { seconds: spent } of platforms) {
    seconds.native += spent.native;
    seconds.cross += spent.cross;
    seconds.emulated += spent.emulated;
  }
  return { index: index.digest, platforms: platforms.map(({ platform }) => platform), seconds };
}

/** An image that a job joined, copied, tagged or promoted. */
export interface PublishedByJob {
  readonly digest: string;
  /** Whole names that lead to it now. */
  readonly references: readonly string[];
  readonly platforms: readonly string[];
}

/** Reads the result of `archway image create|copy|tag|promote --format json`. */
export function readPublished(action: "create" | "copy" | "tag" | "promote", text: string): PublishedByJob {
  const result: unknown = JSON.parse(text);
  const { image, platforms } =
    action === "create" ? imageOfJoin(imageCreateSchema.parse(result)) : imageCopySchema.parse(result);
  const { digest, references } = image;
  return { digest, references, platforms: platforms.map(({ platform }) => platform) };
}

function imageOfJoin({ index, platforms }: z.output<typeof imageCreateSchema>) {
  return { image: index, platforms };
}

/** Words for what a command has done. */
const done = { create: "created", copy: "copied", tag: "tagged", promote: "promoted" } as const;

/** The result as lines, as the command itself says it on a terminal. */
export function formatPublished({ references, digest }: PublishedByJob, action: keyof typeof done): string {
  const word = done[action];
  return [...references.map((one) => `${word} ${one}`), `${" ".repeat(word.length)} ${digest}`, ""].join("\n");
}

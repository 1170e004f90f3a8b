import type { Attachment } from "../image/attachments.ts";
import type { Descriptor, Digest } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { GatedChild } from "../publish/gate.ts";
import { toFindingJson } from "../report/findings.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import type { Style } from "../report/style.ts";
import type { CliContext } from "./context.ts";
import type { Arrivals } from "./image-arrivals.ts";
import type { Format } from "./parse-option.ts";

/** A tag that points at the image now. */
export interface MovedTag {
  /** Whole, `HOST/PATH:TAG` or `oci:DIR:NAME`. */
  readonly reference: string;
  /** What it pointed at before; `null` when it was not there. */
  readonly before: Digest | null;
}

/** What copy, tag and promote did. */
export interface PublishedImage {
  readonly root: Descriptor;
  /** Where it is now, as people name it. */
  readonly references: readonly string[];
  readonly children: readonly GatedChild[];
  readonly tags: readonly MovedTag[];
  readonly attached: readonly Attachment[];
  readonly arrivals: readonly Arrivals[];
}

/** Writes the result to standard output; `done` is what happened to the references: `copied`. */
export function writePublished(
  { stdout, env }: Pick<CliContext, "stdout" | "env">,
  published: PublishedImage,
  format: Format,
  done: string,
): void {
  if (format === "json") {
    stdout.write(`${JSON.stringify(publishedJson(published), null, 2)}\n`);
    return;
  }
  const lines = formatPublished(published, makeStyle(usesColor(stdout, env)), done);
  stdout.write(`${lines.join("\n")}\n`);
}

/** Where an image is now, and its digest, as lines. */
export function formatPublished(
  { references, root }: Pick<PublishedImage, "references" | "root">,
  style: Style,
  done: string,
): string[] {
  const lines = references.map((reference) => `${style.green(done)} ${style.bold(reference)}`);
  return [...lines, `${" ".repeat(done.length)} ${root.digest}`];
}

/** The result as JSON (schemas/image-copy.schema.json). */
export function publishedJson(published: PublishedImage): object {
  const { digest, mediaType, size } = published.root;
  return {
    version: 1,
    image: { digest, mediaType, size, references: published.references },
    platforms: published.children.map(({ child, platform, proof }) => ({
      platform: formatPlatform(platform),
      digest: child.descriptor.digest,
      verdict: proof?.verdict ?? "skipped",
      findings: (proof?.findings ?? []).map(toFindingJson),
    })),
    tags: published.tags,
    attached: published.attached.map(({ descriptor, subject, tag }) => ({
      digest: descriptor.digest,
      subject,
      ...(descriptor.artifactType === undefined ? {} : { artifactType: descriptor.artifactType }),
      ...(tag === undefined ? {} : { tag }),
    })),
    targets: published.arrivals,
  };
}

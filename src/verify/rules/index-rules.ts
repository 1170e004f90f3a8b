import type { Finding, Severity } from "../../finding/finding.ts";
import type { Descriptor, Digest } from "../../oci/descriptor.ts";
import { isDockerType } from "../../oci/media-types.ts";
import type { Platform } from "../../platform/platform.ts";
import { formatPlatform } from "../../platform/platform.ts";
import type { ImageTree, TreeEntry } from "../image-tree.ts";

/**
 * Findings about an index itself (image-spec, image-index.md): entries that are not there or are something else than the index says, platforms
 * listed twice, attestations of nothing. What is wrong with one image alone is in {@link entryFindings}.
 */
export function indexFindings({ root, entries }: ImageTree): Finding[] {
  if (root.kind === "manifest") return [];
  const images = entries.filter(({ role }) => role === "image");
  const others = entries.filter(({ role }) => role !== "image");
  return [
    ...others.flatMap((entry) => entryFindings(entry)),
    ...duplicateFindings(images),
    ...attestationFindings(entries),
    ...mixedTypeFindings(root.mediaType, entries),
  ];
}

/** Findings about one entry: whether what it points at is there, and is what it says. */
export function entryFindings({ role, descriptor, found }: TreeEntry): Finding[] {
  const { digest, size, mediaType } = descriptor;
  const what = {
    image: "The image",
    index: "The nested index",
    attestation: "The attestation",
    other: "The entry",
  }[role];
  const add = (severity: Severity, rule: string, message: string, fix?: string): Finding => ({
    ...aboutIndex(rule, severity, message, descriptor.platform && role === "image" ? [descriptor.platform] : []),
    ...(fix === undefined ? {} : { fix: { title: fix } }),
  });
  switch (found.state) {
    case "missing":
      return [
        add(
          role === "image" || role === "index" ? "error" : "warning",
          "child-missing",
          `${what} ${digest} is listed in the index, and the store does not have it: a cleaner removed it, or the index was pushed without it.`,
          "Push or copy the child again, or publish an index without it; clean with a tool that keeps the children of indexes (`archway image prune`).",
        ),
      ];
    case "invalid":
      return [add("error", "child-invalid", `${what} ${digest} cannot be used: ${found.error.message}.`)];
    case "unreachable":
      return [
        add("warning", "not-reached", `${what} ${digest} could not be read: ${found.error.message}.`, found.error.hint),
      ];
    case "present": {
      const findings: Finding[] = [];
      if (found.size !== size) {
        const message = `${what} ${digest} has ${found.size} bytes, and the index says ${size}: engines refuse it.`;
        findings.push(add("error", "child-size-mismatch", message));
      }
      const own = found.document?.mediaType;
      if (own !== undefined && own !== mediaType) {
        const message = `${what} ${digest} is listed as ${mediaType}, and is ${own}.`;
        findings.push(add("warning", "media-type-mismatch", message));
      }
      return findings;
    }
  }
}

/** The first of two entries of one platform is taken by every engine; the second is dead. */
function duplicateFindings(images: readonly TreeEntry[]): Finding[] {
  const groups = Map.groupBy(images, ({ descriptor }) => nameOf(descriptor));
  return [...groups].flatMap(([name, group]) => {
    const [first, second] = group;
    const platform = first?.descriptor.platform;
    if (name === undefined || first === undefined || second === undefined || platform === undefined) return [];
    const digests = group.map(({ descriptor }) => descriptor.digest);
    const same = new Set(digests).size === 1;
    const message = same
      ? `${name} is listed ${group.length} times, each time as ${first.descriptor.digest}.`
      : `${name} is listed ${group.length} times (${digests.join(", ")}): engines take the first, and nobody gets the others.`;
    return [
      {
        ...aboutIndex("duplicate-platform", "warning", message, [platform]),
        fix: { title: "Join the images again with one image a platform (`archway image create` refuses two)." },
      },
    ];
  });
}

/** Windows images of different versions are different platforms. */
function nameOf({ platform, osVersion }: Descriptor): string | undefined {
  return platform && [formatPlatform(platform), osVersion].filter(Boolean).join(" ");
}

/** An attestation whose image is not in the index says something about nothing (BuildKit, attestation-storage.md). */
function attestationFindings(entries: readonly TreeEntry[]): Finding[] {
  const digests = new Set<Digest>(entries.map(({ descriptor }) => descriptor.digest));
  return entries.flatMap((entry) => {
    if (entry.role !== "attestation" || digests.has(entry.subject)) return [];
    return [
      {
        ...aboutIndex(
          "attestation-orphan",
          "warning",
          `The attestation ${entry.descriptor.digest} belongs to ${entry.subject}, which the index does not list.`,
          [],
        ),
        fix: { title: "Join the index again with each attestation beside its image, as `archway image create` does." },
      },
    ];
  });
}

/** Docker's list and OCI's children are understood by most engines, and not by all registries and old clients. */
function mixedTypeFindings(rootType: string, entries: readonly TreeEntry[]): Finding[] {
  if (!isDockerType(rootType)) return [];
  const foreign = entries.filter(({ descriptor }) => !isDockerType(descriptor.mediaType));
  const [first] = foreign;
  if (first === undefined) return [];
  const message = `The index is a Docker manifest list, and ${foreign.length} of its entries are not Docker's (${first.descriptor.mediaType}).`;
  return [aboutIndex("media-type-mismatch", "warning", message, [])];
}

/** A finding about the index, not about a file. */
export function aboutIndex(rule: string, severity: Severity, message: string, platforms: readonly Platform[]): Finding {
  return { rule, severity, message, platforms, path: "/", related: [] };
}

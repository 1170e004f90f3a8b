import type {
  Inspected,
  InspectedArtifact,
  InspectedAttestation,
  InspectedImage,
  InspectedIndex,
} from "../image/inspect.ts";
import { hostsOf, odditiesOf, platformOfImage, transferSize } from "../image/inspection-facts.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Inspection } from "./image-inspect.ts";

/** What `archway image inspect --format json` prints (schemas/image-inspect.schema.json). */
export function inspectedJson(images: readonly Inspection[]): object {
  return {
    version: 1,
    images: images.map(({ reference, root }) => ({
      reference,
      ...partJson(root),
      runsOn: hostsOf(root).map(({ host, takes }) => ({ host: formatPlatform(host), takes: formatPlatform(takes) })),
      oddities: odditiesOf(root),
    })),
  };
}

/** What a predicate type is in a word: provenance and SBOMs have several types each. */
export function predicateName(type: string): "provenance" | "sbom" | "other" {
  if (type.startsWith("https://slsa.dev/provenance/")) return "provenance";
  if (/^https:\/\/(?:spdx\.dev\/Document|cyclonedx\.org\/bom)(?:\/|$)/.test(type)) return "sbom";
  return "other";
}

function partJson(part: Inspected): object {
  switch (part.kind) {
    case "orphan":
      return { kind: part.kind, ...attestationJson(part.attestation), subject: part.subject };
    case "unreadable":
      return { kind: part.kind, ...descriptorJson(part.descriptor), problem: part.problem };
    case "unknown":
      return { kind: part.kind, ...descriptorJson(part.descriptor) };
    case "index":
      return { ...documentJson(part), entries: part.entries.map(partJson) };
    case "artifact":
      return {
        ...documentJson(part),
        layers: part.blobs.map(descriptorJson),
        predicates: part.predicates.map(predicateJson),
        ...(part.subject === undefined ? {} : { subject: part.subject }),
      };
    case "image":
      return imageJson(part);
  }
}

/** What indexes, images and artifacts have in common. */
function documentJson({
  kind,
  descriptor,
  annotations,
  artifactType,
  referrers,
}: InspectedIndex | InspectedImage | InspectedArtifact): object {
  return {
    kind,
    ...descriptorJson(descriptor),
    annotations,
    ...(artifactType === undefined ? {} : { artifactType }),
    referrers: referrers.map((referrer) => ({
      ...descriptorJson(referrer),
      ...(referrer.artifactType === undefined ? {} : { artifactType: referrer.artifactType }),
    })),
  };
}

function imageJson(part: InspectedImage): object {
  const { config, layers, attestations } = part;
  const platform = platformOfImage(part);
  return {
    ...documentJson(part),
    ...(platform === undefined ? {} : { platform: formatPlatform(platform) }),
    transferSize: transferSize(part),
    config: configJson(config),
    layers: layers.map(({ descriptor: layer, createdBy }) => ({
      ...descriptorJson(layer),
      ...(createdBy === undefined ? {} : { createdBy }),
    })),
    attestations: attestations.map(attestationJson),
  };
}

function configJson({ descriptor, content, problem }: InspectedImage["config"]): object {
  const { digest, size, mediaType } = descriptor;
  if (content === undefined) return { digest, size, mediaType, problem };
  return {
    digest,
    size,
    mediaType,
    platform: formatPlatform(content.platform),
    ...(content.osVersion === undefined ? {} : { osVersion: content.osVersion }),
    ...(content.created === undefined ? {} : { created: content.created }),
    entrypoint: content.entrypoint,
    cmd: content.command,
    environment: environmentNames(content.environment),
    workingDirectory: content.workingDirectory,
    user: content.user,
    labels: content.labels,
  };
}

/** Names without values: an inspection ends in logs, and values have been secrets. */
export function environmentNames(environment: readonly string[]): string[] {
  return environment.map((entry) => entry.split("=", 1)[0] ?? entry);
}

function attestationJson({ descriptor, predicates, problem }: InspectedAttestation): object {
  return {
    ...descriptorJson(descriptor),
    predicates: predicates.map(predicateJson),
    ...(problem === undefined ? {} : { problem }),
  };
}

function predicateJson(type: string): object {
  return { type, name: predicateName(type) };
}

function descriptorJson({ digest, mediaType, size, platform, osVersion, annotations }: Descriptor): object {
  return {
    digest,
    mediaType,
    size,
    ...(platform === undefined ? {} : { listedPlatform: formatPlatform(platform) }),
    ...(osVersion === undefined ? {} : { osVersion }),
    ...(annotations === undefined ? {} : { descriptorAnnotations: annotations }),
  };
}

import type { Inspected, InspectedAttestation, InspectedImage } from "../image/inspect.ts";
import { hostsOf, odditiesOf, platformOfImage, transferSize } from "../image/inspection-facts.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import { formatBytes, formatCount } from "../report/quantity.ts";
import { printable, type Style } from "../report/style.ts";
import { environmentNames, predicateName } from "./image-inspect-json.ts";
import type { Inspection } from "./image-inspect.ts";

/** Longest instruction that is shown in whole, characters: they are whole scripts at times. JSON has all of it. */
const longestInstruction = 100;

/** Lines that show an image to a person: what it is, who runs it, what is odd, then part by part. */
export function formatInspection({ reference, root }: Inspection, style: Style): string[] {
  const oddities = odditiesOf(root);
  const hosts = hostsOf(root).map(({ host, takes }) =>
    samePlatform(host, takes) ? formatPlatform(host) : `${formatPlatform(host)} (as ${formatPlatform(takes)})`,
  );
  return [
    style.bold(printable(reference)),
    ...indented([
      `digest   ${root.descriptor.digest}`,
      ...(hosts.length === 0 ? [] : [`runs on  ${hosts.join(", ")}`]),
      ...oddities.map(
        ({ message, digest }) => `${style.yellow("odd")}      ${printable(message)} ${style.dim(digest)}`,
      ),
    ]),
    ...indented(partLines(root, style)),
  ];
}

function partLines(part: Inspected, style: Style): string[] {
  switch (part.kind) {
    case "index":
      return [
        `${style.bold("index")} ${printable(part.descriptor.mediaType)}, ${formatBytes(part.descriptor.size)}, ${formatEntries(part.entries.length)}`,
        ...indented([
          ...documentLines(part, style),
          ...part.entries.flatMap((entry) => partLines(entry, style)),
          ...referrerLines(part.referrers, style),
        ]),
      ];
    case "image":
      return imageLines(part, style);
    case "artifact":
      return [
        `${style.bold("artifact")} ${printable(part.artifactType ?? part.descriptor.mediaType)} ${style.dim(part.descriptor.digest)}`,
        ...indented([
          ...part.predicates.map((type) => `predicate ${predicateText(type)}`),
          ...(part.subject === undefined ? [] : [`subject ${part.subject}`]),
          ...part.blobs.map(
            (blob) => `layer ${formatBytes(blob.size)} ${printable(blob.mediaType)} ${style.dim(blob.digest)}`,
          ),
          ...documentLines(part, style),
          ...referrerLines(part.referrers, style),
        ]),
      ];
    case "orphan":
      return [attestationLine(part.attestation, style), ...indented([`of ${part.subject}, which is not here`])];
    case "unreadable":
      return [
        `${style.bold(listedAs(part.descriptor))} ${style.dim(part.descriptor.digest)} ${style.yellow("cannot be read")}`,
      ];
    case "unknown":
      return [
        `${style.bold("entry")} of unknown type ${printable(part.descriptor.mediaType)}, ${formatBytes(part.descriptor.size)} ${style.dim(part.descriptor.digest)}`,
      ];
  }
}

function imageLines(image: InspectedImage, style: Style): string[] {
  const platform = platformOfImage(image);
  const { content } = image.config;
  const configSays =
    content && platform && !samePlatform(content.platform, platform) ? formatPlatform(content.platform) : undefined;
  const osVersion = image.descriptor.osVersion ?? content?.osVersion;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ["config says", configSays],
    ["os version", osVersion],
    ["created", content?.created],
    ["entrypoint", wordsOf(content?.entrypoint)],
    ["command", wordsOf(content?.command)],
    ["directory", content?.workingDirectory],
    ["user", content?.user],
    ["environment", content && environmentNames(content.environment).join(", ")],
  ];
  const size = `${formatBytes(transferSize(image))} in ${formatCount(image.layers.length, "layer")}`;
  return [
    `${style.bold(platform === undefined ? "unknown platform" : formatPlatform(platform))} ${image.descriptor.digest} ${size}`,
    ...indented([
      ...facts.flatMap(([name, value]) => (value ? [`${name} ${printable(value)}`] : [])),
      ...pairLines("label", content?.labels ?? {}),
      ...documentLines(image, style),
      ...image.layers.map(
        ({ descriptor, createdBy }, position) =>
          `layer ${position + 1} ${formatBytes(descriptor.size)} ${style.dim(descriptor.digest)}${instruction(createdBy)}`,
      ),
      ...image.attestations.map((attestation) => attestationLine(attestation, style)),
      ...referrerLines(image.referrers, style),
    ]),
  ];
}

function attestationLine({ descriptor, predicates, problem }: InspectedAttestation, style: Style): string {
  const what =
    problem === undefined ? predicates.map(predicateText).join(", ") || "without a predicate" : "cannot be read";
  return `attestation ${what} ${style.dim(descriptor.digest)}`;
}

function documentLines(
  {
    annotations,
    descriptor,
  }: { readonly annotations: Descriptor["annotations"] & object; readonly descriptor: Descriptor },
  style: Style,
): string[] {
  return [
    ...pairLines("annotation", annotations),
    ...pairLines(`annotation ${style.dim("of the descriptor")}`, descriptor.annotations ?? {}),
  ];
}

function referrerLines(referrers: readonly Descriptor[], style: Style): string[] {
  return referrers.map(
    ({ artifactType, mediaType, digest, size }) =>
      `referrer ${printable(artifactType ?? mediaType)}, ${formatBytes(size)} ${style.dim(digest)}`,
  );
}

function pairLines(what: string, pairs: Readonly<Record<string, string>>): string[] {
  return Object.entries(pairs).map(([key, value]) => `${what} ${printable(`${key}=${value}`)}`);
}

/** `provenance https://slsa.dev/provenance/v1`. */
function predicateText(type: string): string {
  const name = predicateName(type);
  return name === "other" ? printable(type) : `${name} (${printable(type)})`;
}

function listedAs({ platform, mediaType }: Descriptor): string {
  return platform === undefined ? printable(mediaType) : formatPlatform(platform);
}

/** A command line as Dockerfiles write it. */
function wordsOf(words: readonly string[] | undefined): string | undefined {
  return words === undefined || words.length === 0 ? undefined : JSON.stringify(words);
}

function instruction(createdBy: string | undefined): string {
  if (createdBy === undefined) return "";
  const text = printable(createdBy);
  return `  ${text.length > longestInstruction ? `${text.slice(0, longestInstruction)}…` : text}`;
}

function formatEntries(count: number): string {
  return count === 1 ? "1 entry" : `${count} entries`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

import { z } from "zod";
import { ArchwayError } from "../error/error.ts";
import { annotationKeys } from "../oci/annotations.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { descriptorSchema, encodeDescriptor } from "../oci/descriptor.ts";
import { encodeJson, parseJson } from "../oci/json.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { isTag } from "../oci/reference.ts";

/** `index.json` of a layout, with all that other tools keep in it. */
export interface LayoutIndex {
  readonly entries: readonly LayoutEntry[];
  /** The document as it was read. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** One entry of `index.json`: as it was read, and what it means. */
export interface LayoutEntry {
  readonly raw: unknown;
  readonly descriptor: Descriptor;
  /** Annotation `org.opencontainers.image.ref.name`. */
  readonly name?: string;
}

/** Bytes of the file `oci-layout` (image-layout.md, version 1.0.0). */
export const layoutMarker = new TextEncoder().encode('{"imageLayoutVersion":"1.0.0"}');

/** `index.json` without entries. */
export const emptyLayoutIndex: LayoutIndex = {
  entries: [],
  document: { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] },
};

/**
 * Names in a layout: parts of letters and digits, separated by one of `-._:@+/` or `--` (annotations.md, ref.name). Every tag of a
 * registry is taken too, though some (`1.0_`) break that grammar: other tools write them.
 */
const namePattern = /^[A-Za-z0-9]+(?:(?:[-._:@+/]|--)[A-Za-z0-9]+)*$/;
const maxNameLength = 255;

const documentSchema = z.looseObject({ schemaVersion: z.literal(2), manifests: z.array(z.unknown()).nullable() });

/** Reads `index.json`; `where` names the layout in errors. Throws `INVALID_MANIFEST`. */
export function parseLayoutIndex(bytes: Uint8Array, where: string): LayoutIndex {
  const parsed = documentSchema.safeParse(parseJson(bytes, `index.json of ${where}`));
  if (!parsed.success) throw invalid(where, "it is not an image index");
  return { document: parsed.data, entries: (parsed.data.manifests ?? []).map((raw) => entryOf(raw, where)) };
}

/** Checks the file `oci-layout`. Throws `INVALID_MANIFEST`. */
export function checkLayoutMarker(bytes: Uint8Array, where: string): void {
  const parsed = z.object({ imageLayoutVersion: z.string() }).safeParse(parseJson(bytes, `oci-layout of ${where}`));
  if (!parsed.success || !parsed.data.imageLayoutVersion.startsWith("1.")) {
    throw new ArchwayError({
      code: "INVALID_MANIFEST",
      kind: "failed",
      message: `${where} is not an OCI layout of version 1: its file oci-layout says something else`,
    });
  }
}

/** Bytes of `index.json`. */
export function encodeLayoutIndex(index: LayoutIndex): Uint8Array {
  return encodeJson({ ...index.document, manifests: index.entries.map(({ raw }) => raw) });
}

/** The index in which `name` points at a descriptor, and at nothing else; other entries stay as they are. */
export function withName(index: LayoutIndex, name: string, descriptor: Descriptor): LayoutIndex {
  const annotations = { ...descriptor.annotations, [annotationKeys.refName]: name };
  const named = { ...descriptor, annotations };
  const others = index.entries.filter((entry) => entry.name !== name);
  return { ...index, entries: [...others, { raw: encodeDescriptor(named), descriptor: named, name }] };
}

/** The index with an entry for a descriptor without a name; nothing changes when any entry points at it. */
export function withEntry(index: LayoutIndex, descriptor: Descriptor): LayoutIndex {
  if (index.entries.some((entry) => entry.descriptor.digest === descriptor.digest)) return index;
  return { ...index, entries: [...index.entries, { raw: encodeDescriptor(descriptor), descriptor }] };
}

/** The index without the entries that `remove` chooses. */
export function withoutEntries(index: LayoutIndex, remove: (entry: LayoutEntry) => boolean): LayoutIndex {
  return { ...index, entries: index.entries.filter((entry) => !remove(entry)) };
}

/** Throws `INVALID_REFERENCE` (kind `input`) for a name that layouts do not allow. */
export function checkLayoutName(name: string): void {
  if (isTag(name) || (name.length <= maxNameLength && namePattern.test(name))) return;
  throw new ArchwayError({
    code: "INVALID_REFERENCE",
    kind: "input",
    message: `"${name.slice(0, 300)}" is not a name that an OCI layout can hold`,
    hint: "Names have letters and digits, separated by one of - . _ : @ + /, and at most 255 characters.",
  });
}

function entryOf(raw: unknown, where: string): LayoutEntry {
  const parsed = descriptorSchema.safeParse(raw);
  if (!parsed.success) throw invalid(where, `an entry is not a descriptor: ${parsed.error.issues[0]?.message ?? ""}`);
  const name = parsed.data.annotations?.[annotationKeys.refName];
  return { raw, descriptor: parsed.data, ...(name === undefined ? {} : { name }) };
}

function invalid(where: string, why: string): ArchwayError {
  return new ArchwayError({
    code: "INVALID_MANIFEST",
    kind: "failed",
    message: `index.json of ${where} is not valid: ${why}`,
  });
}

import { statSync } from "node:fs";
import type { Stats } from "node:fs";
import { ArchwayError } from "../error/error.ts";
import { dockerHub, formatReference, parseReference, targetOf } from "../oci/reference.ts";
import type { Reference } from "../oci/reference.ts";
import { ArchiveStore, tarFiles } from "./archive.ts";
import { dockerArchiveFiles } from "./docker-archive-files.ts";
import { LayoutStore } from "./layout.ts";
import type { Registries } from "./registry/registries.ts";
import type { ImageStore } from "./store.ts";

/** An image argument, taken apart: a store, and what to resolve in it. */
export interface OpenedImage {
  readonly store: ImageStore;
  /** For {@link ImageStore.resolve}: tag, digest, or a name in a layout; empty for a layout's only image. */
  readonly reference: string;
}

/** `KIND:PATH[:NAME]`, as skopeo spells places that are no registry (containers-transports.5). */
const placePattern = /^(oci|oci-archive|docker-archive):([^:]+)(?::(.+))?$/;

/**
 * Opens an image argument: a bare reference is in a registry; `oci:DIR[:NAME]` is an OCI layout, `oci-archive:FILE[:NAME]` one in a tar,
 * `docker-archive:FILE[:NAME]` what `docker save` wrote.
 *
 * @throws ArchwayError `INVALID_REFERENCE` (kind `input`), with a hint when it is the name of a file or folder.
 */
export function openImage(location: string, registries: Registries): OpenedImage {
  const [, kind, path, name = ""] = placePattern.exec(location) ?? [];
  if (kind === undefined || path === undefined) {
    const reference = readLocation(location);
    return { store: registries.open(reference), reference: targetOf(reference) };
  }
  if (kind === "oci") return { store: new LayoutStore(path), reference: name };
  const files = tarFiles(path, `${kind}:${path}`);
  if (kind === "oci-archive") return { store: new ArchiveStore(files), reference: name };
  return { store: new ArchiveStore(dockerArchiveFiles(files)), reference: name === "" ? "" : savedName(name) };
}

function readLocation(location: string): Reference {
  try {
    return parseReference(location);
  } catch (error) {
    const hint = fileHint(location);
    throw hint !== undefined && error instanceof ArchwayError ? withHint(error, hint) : error;
  }
}

/**
 * What a person is told when an image argument could not be found or reached: also how to write the file or folder of that name, when there is one, because a
 * name without a host is looked for on Docker Hub. Other errors and arguments stay as they are.
 */
export function missedFile(error: unknown, location: string): unknown {
  if (!(error instanceof ArchwayError) || error.kind !== "unreachable" || placePattern.test(location)) return error;
  const hint = parseReference(location).host === dockerHub ? fileHint(location) : undefined;
  if (hint === undefined) return error;
  return withHint(error, error.hint === undefined ? hint : `${hint} ${error.hint}`);
}

/** How to write what may be a file or folder: `image.tar`, `./image.tar`, `images`, `images:NAME`. */
function fileHint(location: string): string | undefined {
  const [, path = location, name = ""] = /^(.+?)(:[^:/]+)$/.exec(location) ?? [];
  for (const [file, rest] of [
    [location, ""],
    [path, name],
  ] as const) {
    const found = lookAt(file);
    if (found?.isDirectory())
      return `${file} is a folder here: write oci:${file}${rest} when it is an OCI layout. Names without a kind are looked for in registries.`;
    if (found?.isFile())
      return `${file} is a file here: write oci-archive:${file}${rest} for an OCI layout in a tar, docker-archive:${file}${rest} for what docker save wrote. Names without a kind are looked for in registries.`;
  }
  return undefined;
}

/** What is at a path; nothing also when it cannot be looked at, or can be none. */
function lookAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function withHint({ code, kind, message, place, cause }: ArchwayError, hint: string): ArchwayError {
  return new ArchwayError({ code, kind, message, hint, cause, ...(place === undefined ? {} : { place }) });
}

/** Names in what `docker save` wrote are whole references; `app` means `docker.io/library/app:latest` there. */
function savedName(name: string): string {
  const reference = parseReference(name);
  return formatReference({ ...reference, tag: reference.tag ?? "latest" });
}

import { formatReference, parseReference, targetOf } from "../oci/reference.ts";
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
 * @throws ArchwayError `INVALID_REFERENCE` (kind `input`).
 */
export function openImage(location: string, registries: Registries): OpenedImage {
  const [, kind, path, name = ""] = placePattern.exec(location) ?? [];
  if (kind === undefined || path === undefined) {
    const reference = parseReference(location);
    return { store: registries.open(reference), reference: targetOf(reference) };
  }
  if (kind === "oci") return { store: new LayoutStore(path), reference: name };
  const files = tarFiles(path, `${kind}:${path}`);
  if (kind === "oci-archive") return { store: new ArchiveStore(files), reference: name };
  return { store: new ArchiveStore(dockerArchiveFiles(files)), reference: name === "" ? "" : savedName(name) };
}

/** Names in what `docker save` wrote are whole references; `app` means `docker.io/library/app:latest` there. */
function savedName(name: string): string {
  const reference = parseReference(name);
  return formatReference({ ...reference, tag: reference.tag ?? "latest" });
}

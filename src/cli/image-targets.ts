import { join, resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import type { Digest } from "../oci/descriptor.ts";
import { formatReference, parseReference, repositoryOf, targetOf } from "../oci/reference.ts";
import { writeLayoutArchive } from "../store/archive.ts";
import { LayoutStore } from "../store/layout.ts";
import type { ImageStore } from "../store/store.ts";
import { requireDestinations } from "./destinations.ts";
import type { OpenRegistries } from "./registries.ts";

/** Where an image is to go: a repository or a layout, and the names that it gets there. */
export interface ImagePlace {
  readonly store: ImageStore;
  /** None: the image is there by its digest alone. */
  readonly tags: readonly string[];
  /** As people name the places, one a tag: `HOST/PATH:TAG`, `oci:DIR:NAME`. */
  readonly references: readonly string[];
  /** The digest that the user named instead of a tag. */
  readonly digest?: Digest;
  /** Writes the archive whose content lies in {@link store} until then. */
  readonly finish?: (signal: AbortSignal) => Promise<void>;
}

/** What targets are opened with. */
export interface PlaceOptions {
  readonly cwd: string;
  readonly registries: OpenRegistries;
  /** A target that is the source's own repository or layout gets this very store. */
  readonly source?: ImageStore;
  /** A private folder, in which archives are made. */
  readonly scratch: string;
}

/** `KIND:PATH[:NAME]`, as in image arguments. */
const placePattern = /^(oci|oci-archive|docker-archive):([^:]+)(?::(.+))?$/;

/** Whether a target is a layout or an archive, and no repository. */
export function isPlace(target: string): boolean {
  return placePattern.test(target);
}

/**
 * Opens the targets of a command. Several names in one repository or layout are one place.
 *
 * @throws ArchwayError `INVALID_REFERENCE`, `READ_ONLY`, `FILE_UNWRITABLE` (kind `input`).
 */
export async function openPlaces(targets: readonly string[], options: PlaceOptions): Promise<ImagePlace[]> {
  const places = new Map<string, ImagePlace>();
  for (const target of targets) {
    const opened = await openPlace(target, options);
    const key = opened.digest === undefined ? opened.store.name : `${opened.store.name}@`;
    const known = places.get(key);
    if (known !== undefined && known.finish === undefined && opened.finish === undefined) {
      const isNew = opened.tags.every((tag) => !known.tags.includes(tag));
      if (!isNew) continue;
      places.set(key, {
        ...known,
        tags: [...known.tags, ...opened.tags],
        references: [...known.references, ...opened.references],
      });
    } else places.set(known === undefined ? key : `${key} ${places.size}`, opened);
  }
  return [...places.values()];
}

async function openPlace(target: string, { cwd, registries, source, scratch }: PlaceOptions): Promise<ImagePlace> {
  const [, kind, path, name] = placePattern.exec(target) ?? [];
  if (kind === undefined || path === undefined) {
    const reference = parseReference(target);
    const opened = registries.open(reference);
    const store = source !== undefined && opened.name === source.name ? source : opened;
    const { digest } = reference;
    if (digest !== undefined) return { store, tags: [], references: [formatReference(reference)], digest };
    const tag = targetOf(reference);
    return { store, tags: [tag], references: [`${repositoryOf(reference)}:${tag}`] };
  }
  if (kind === "docker-archive") {
    throw new ArchwayError({
      code: "READ_ONLY",
      kind: "input",
      message: `${target} can only be read: an archive of docker save holds one platform, and no digests of manifests.`,
      hint: `Write oci-archive:${path} instead; docker load reads that too.`,
    });
  }
  const tags = name === undefined ? [] : [name];
  if (kind === "oci") {
    const store = source !== undefined && source.name === `oci:${path}` ? source : new LayoutStore(path);
    return { store, tags, references: [target] };
  }
  await requireDestinations(cwd, { output: { kind: "oci", tar: true, dest: path } });
  const directory = join(scratch, encodeURIComponent(target));
  return {
    store: new LayoutStore(directory),
    tags,
    references: [target],
    finish: (signal) => writeLayoutArchive(directory, resolve(cwd, path), { signal }),
  };
}

import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { ArchwayError } from "../error/error.ts";
import { LayoutStore } from "../store/layout.ts";
import type { BaseImage } from "./bases.ts";
import type { NamedContexts } from "./request.ts";

const layoutScheme = "oci-layout://";
const imageScheme = "docker-image://";
/** What the engine fetches itself. */
const remote = /^(?:docker-image|https?|git|ssh):\/\/|^git@/;

/**
 * The named contexts as engines take them: folders that exist, and `oci-layout://DIR@DIGEST` for `oci-layout://DIR[:NAME|@DIGEST]`, where no name
 * means the only image of the layout. Relative folders are relative to `cwd`, the working directory.
 *
 * Throws `CONTEXT_INVALID` (kind `input`) for a folder or an image that does not exist.
 */
export async function locateContexts(
  contexts: NamedContexts,
  cwd: string,
  signal: AbortSignal,
): Promise<NamedContexts> {
  const located = await Promise.all(
    Object.entries(contexts).map(async ([name, value]) => {
      if (remote.test(value)) return [name, value] as const;
      if (value.startsWith(layoutScheme)) return [name, await locateLayout(name, value, cwd, signal)] as const;
      const directory = resolve(cwd, value);
      await requireFolder(name, value, directory);
      return [name, directory] as const;
    }),
  );
  return Object.fromEntries(located);
}

/** The named contexts with images by the digest that the plan found, as base images are. `images` are by the reference as written. */
export function pinContexts(
  contexts: NamedContexts,
  images: ReadonlyMap<string, Pick<BaseImage, "pinned">>,
): NamedContexts {
  const pinned = Object.entries(contexts).map(([name, value]) => {
    const image = value.startsWith(imageScheme) ? images.get(value.slice(imageScheme.length)) : undefined;
    return [name, image ? `${imageScheme}${image.pinned}` : value];
  });
  return Object.fromEntries(pinned);
}

async function locateLayout(name: string, value: string, cwd: string, signal: AbortSignal): Promise<string> {
  const written = /^(?<folder>.+?)(?:@(?<digest>[a-z0-9]+:[0-9a-f]+)|:(?<tag>[^/:]+))?$/.exec(
    value.slice(layoutScheme.length),
  )?.groups;
  const directory = resolve(cwd, written?.["folder"] ?? "");
  await requireFolder(name, value, directory);
  const reference = written?.["digest"] ?? written?.["tag"] ?? "";
  try {
    const { digest } = await new LayoutStore(directory).resolve(reference, { signal });
    return `${layoutScheme}${directory}@${digest}`;
  } catch (error) {
    if (!(error instanceof ArchwayError) || error.kind === "interrupted") throw error;
    throw invalid(name, value, error.message, error);
  }
}

async function requireFolder(name: string, value: string, directory: string): Promise<void> {
  const found = await stat(directory).catch((error: unknown) => {
    if (error instanceof Error && "code" in error) return undefined;
    throw error;
  });
  if (!found?.isDirectory()) throw invalid(name, value, `${directory} is no folder.`);
}

function invalid(name: string, value: string, why: string, cause?: unknown): ArchwayError {
  return new ArchwayError({
    code: "CONTEXT_INVALID",
    kind: "input",
    message: `--build-context ${name}=${value}: ${why}`,
    hint: "Give a folder, a Git URL, docker-image://IMAGE, or oci-layout://DIR[:NAME|@DIGEST].",
    ...(cause === undefined ? {} : { cause }),
  });
}

import type { ResolveReference } from "../build/bases.ts";
import { ArchwayError } from "../error/error.ts";
import { parseReference, type Reference, repositoryOf, targetOf } from "../oci/reference.ts";
import { isPlace } from "./image-targets.ts";

type Located = Awaited<ReturnType<ResolveReference>>;

/** The images of one run by the names that were looked up: each name is one image for all jobs, platforms and machines, wherever its tag moves meanwhile. */
export class RunPins {
  readonly #resolve: ResolveReference;
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, Promise<Located>>();

  /**
   * @param resolve asks the registry or a mirror of it
   * @param signal of the run: what one job asks for is for all
   */
  constructor(resolve: ResolveReference, signal: AbortSignal) {
    this.#resolve = resolve;
    this.#signal = signal;
  }

  /** Resolves a reference as it was the first time. What failed is asked for again. */
  readonly resolve: ResolveReference = (reference, signal) => {
    const key = keyOf(reference);
    let found = this.#found.get(key);
    if (found === undefined) {
      found = this.#resolve(reference, this.#signal);
      this.#found.set(key, found);
      found.catch(() => this.#found.delete(key));
    }
    return withSignal(found, signal);
  };

  /** An image by its digest as commands take it; its own name where it is no name in a registry, or cannot be asked for now. */
  async pinned(image: string, signal: AbortSignal): Promise<string> {
    if (isPlace(image) || image.startsWith("sha256:")) return image;
    try {
      const reference = parseReference(image);
      const { descriptor } = await this.resolve(reference, signal);
      return `${repositoryOf(reference)}@${descriptor.digest}`;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ArchwayError) return image;
      throw error;
    }
  }

  /** Names that a job of the run has moved: whoever asks from now on gets what it made. */
  forget(names: readonly string[]): void {
    for (const name of names) if (!isPlace(name)) this.#found.delete(keyOf(parseReference(name)));
  }
}

function keyOf(reference: Reference): string {
  return `${repositoryOf(reference)} ${targetOf(reference)}`;
}

/** Waits no longer than its own signal says. */
async function withSignal<T>(found: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const over = Promise.withResolvers<never>();
  const stop = () => over.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([found, over.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

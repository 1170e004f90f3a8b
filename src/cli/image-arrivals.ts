import type { BlobArrival } from "../image/copy.ts";
import type { ReadyEvent } from "../publish/publish.ts";
import { formatBytes, formatCount } from "../report/quantity.ts";
import type { CliContext } from "./context.ts";
import type { ImagePlace } from "./image-targets.ts";

/** What came into one target. */
export interface Arrivals {
  /** The repository, layout or archive, as a person names it. */
  readonly target: string;
  /** Blobs by the way that they took. */
  readonly blobs: Readonly<Record<BlobArrival, number>>;
  /** Bytes of the blobs that were sent. */
  readonly bytesSent: number;
}

/** Blobs from this size on are told one by one when they have arrived, bytes. */
const notableBlob = 16 * 1024 * 1024;

/** Counts what arrives, and tells it on standard error. */
export class ArrivalCounter {
  readonly #stderr: CliContext["stderr"];
  readonly #counts = new Map<string, { target: string; blobs: Record<BlobArrival, number>; bytesSent: number }>();

  constructor(places: readonly ImagePlace[], { stderr }: Pick<CliContext, "stderr">) {
    this.#stderr = stderr;
    for (const { store, finish, references } of places) {
      // An archive is made in a folder whose name says nothing.
      const target = finish === undefined ? store.name : (references[0] ?? store.name);
      this.#counts.set(store.name, { target, blobs: { present: 0, mounted: 0, sent: 0 }, bytesSent: 0 });
    }
  }

  readonly onEvent = (event: ReadyEvent): void => {
    const count = this.#counts.get(event.target);
    if (count === undefined) return;
    if (event.type === "blob") {
      count.blobs[event.arrival] += 1;
      if (event.arrival !== "sent") return;
      count.bytesSent += event.size;
      if (event.size < notableBlob) return;
      this.#stderr.write(`sent ${event.digest.slice(0, 19)} (${formatBytes(event.size)}) to ${count.target}\n`);
    } else if (event.type === "index") this.#tell(count);
  };

  /** In the order of the targets. */
  get arrivals(): readonly Arrivals[] {
    return [...this.#counts.values()];
  }

  #tell({ target, blobs, bytesSent }: Arrivals): void {
    const parts = [
      ...(blobs.sent > 0 ? [`${formatCount(blobs.sent, "blob")} sent (${formatBytes(bytesSent)})`] : []),
      ...(blobs.mounted > 0 ? [`${blobs.mounted} mounted`] : []),
      ...(blobs.present > 0 ? [`${blobs.present} there already`] : []),
    ];
    if (parts.length > 0) this.#stderr.write(`${target}: ${parts.join(", ")}\n`);
  }
}

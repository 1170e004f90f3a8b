import type { ChecksumAlgorithm } from "./fixer.ts";

/** Hexadecimal digits of a checksum. */
export const checksumLengths: Readonly<Record<ChecksumAlgorithm, number>> = {
  md5: 32,
  sha1: 40,
  sha256: 64,
  sha512: 128,
};

/** Fetches a small text; undefined when it is not there or cannot be reached. */
export type FetchText = (url: string, signal: AbortSignal) => Promise<string | undefined>;

/** Checksums that projects publish beside their files. Questions without an answer are remembered, and asked by {@link learn}. */
export interface Checksums {
  /** The checksum of the file behind a URL, in small hexadecimal digits; undefined while it is unknown. */
  checksum(url: string, algorithm: ChecksumAlgorithm): string | undefined;
  /** Looks up what was asked; false when nothing new was learned. */
  learn(signal: AbortSignal): Promise<boolean>;
}

/** Knows no checksum and asks nobody: for work without a network. */
export const noChecksums: Checksums = { checksum: () => undefined, learn: () => Promise.resolve(false) };

/** Looks published checksums up. A file is never fetched to make its checksum: that would prove only that it is itself. */
export function publishedChecksums(fetchText: FetchText): Checksums {
  const known = new Map<string, string | undefined>();
  const asked = new Map<string, { readonly url: string; readonly algorithm: ChecksumAlgorithm }>();
  return {
    checksum(url, algorithm) {
      const key = `${algorithm} ${url}`;
      if (!known.has(key)) asked.set(key, { url, algorithm });
      return known.get(key);
    },
    async learn(signal) {
      let learned = false;
      for (const [key, { url, algorithm }] of asked) {
        const found = await lookUp(url, algorithm, fetchText, signal);
        known.set(key, found);
        learned ||= found !== undefined;
      }
      asked.clear();
      return learned;
    },
  };
}

async function lookUp(
  url: string,
  algorithm: ChecksumAlgorithm,
  fetchText: FetchText,
  signal: AbortSignal,
): Promise<string | undefined> {
  const name = decodeURIComponent(url.split(/[?#]/, 1)[0]?.split("/").at(-1) ?? "");
  for (const candidate of checksumUrls(url, algorithm)) {
    signal.throwIfAborted();
    const text = await fetchText(candidate, signal);
    const found = text === undefined ? undefined : checksumIn(text, name, algorithm, candidate.startsWith(url));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Where projects publish the checksum of a file: beside it, or in a list of the same folder. */
export function checksumUrls(url: string, algorithm: ChecksumAlgorithm): string[] {
  const plain = url.split(/[?#]/, 1)[0] ?? url;
  const folder = plain.slice(0, plain.lastIndexOf("/") + 1);
  const upper = algorithm.toUpperCase();
  return [
    `${plain}.${algorithm}`,
    `${plain}.${algorithm}sum`,
    `${folder}${upper}SUMS`,
    `${folder}${algorithm}sum.txt`,
    `${folder}checksums.txt`,
    `${folder}SHASUMS256.txt`,
  ].filter((each) => algorithm === "sha256" || !each.endsWith("SHASUMS256.txt"));
}

/**
 * The checksum of a file in a published list (`HEX  NAME`, `HEX *NAME`, `SHA256 (NAME) = HEX`), or the only one in a text that is `alone` for the file.
 */
export function checksumIn(
  text: string,
  name: string,
  algorithm: ChecksumAlgorithm,
  alone: boolean,
): string | undefined {
  const digits = new RegExp(`(?<![0-9a-f])[0-9a-f]{${checksumLengths[algorithm]}}(?![0-9a-f])`, "gi");
  const lines = text.split(/\r?\n/);
  const named = lines.filter((line) => line.split(/[\s()*]+/).some((word) => word.split("/").at(-1) === name));
  const found = (part: readonly string[]) => [...new Set(part.flatMap((line) => line.match(digits) ?? []))];
  const [first, ...others] = found(named);
  if (first !== undefined) return others.length === 0 ? first.toLowerCase() : undefined;
  const [only, ...rest] = alone ? found(lines) : [];
  return only !== undefined && rest.length === 0 ? only.toLowerCase() : undefined;
}

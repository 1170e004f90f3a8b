import { z } from "zod";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { ImageFact, PackageFact } from "./facts.ts";
import type { FactCache } from "./fact-cache.ts";
import { imageFactJson, packageFactJson } from "./fact-table.ts";
import { imageFactSchema, packageFactSchema } from "./facts-file.ts";
import { type FindImage, lookUpImage } from "./image-lookup.ts";
import type { LookUp } from "./known-facts.ts";
import { lookUpPackage } from "./package-lookup.ts";
import { lookUpUrl } from "./url-lookup.ts";
import type { Web } from "./web.ts";

/** Milliseconds that answers are kept. Tags move; released files and packages stay; what is missing today may be there tomorrow. */
const hour = 3_600_000;
const lifetimes = { tag: 24 * hour, fixed: 7 * 24 * hour, missing: hour };

/** What the outside is asked with. */
export interface OutsideOptions {
  readonly find: FindImage;
  readonly web: Web;
  readonly cache: FactCache;
  /** What the answer of a registry depends on besides the reference: its mirrors. Undefined for one whose answers are not kept: this machine's. */
  readonly registryName: (host: string) => string | undefined;
}

/** Asks registries, web servers and package indexes, and keeps their answers. */
export function openOutside({ find, web, cache, registryName }: OutsideOptions): LookUp {
  const kept = async <Fact>(
    key: string | undefined,
    { schema, write, lifetime }: Keeping<Fact>,
    ask: () => Promise<Fact | undefined>,
  ): Promise<Fact | undefined> => {
    const known = key === undefined ? undefined : await cache.get(key);
    const read = known === undefined ? undefined : schema.safeParse(known.value);
    if (read?.success) return read.data;
    const answer = await ask();
    if (answer !== undefined && key !== undefined) cache.put(key, write(answer), lifetime(answer));
    return answer;
  };
  return {
    image: (reference, signal) => {
      const name = registryName(reference.host);
      const key = name === undefined ? undefined : `image ${name} ${formatReference(reference)}`;
      return kept(key, imageKeeping(reference), () => lookUpImage(find, reference, signal));
    },
    url: (url, signal) => kept(`url ${url}`, urlKeeping, () => lookUpUrl(web, url, signal)),
    package: (key, signal) => kept(`package ${key}`, packageKeeping, () => lookUpPackage(web, key, signal)),
  };
}

/** How answers of a kind are kept. */
interface Keeping<Fact> {
  readonly schema: Pick<z.ZodType<Fact>, "safeParse">;
  readonly write: (fact: Fact) => unknown;
  readonly lifetime: (fact: Fact) => number;
}

function imageKeeping({ digest }: Reference): Keeping<ImageFact> {
  return {
    schema: imageFactSchema,
    write: imageFactJson,
    lifetime: (fact) => (fact === null ? lifetimes.missing : digest === undefined ? lifetimes.tag : lifetimes.fixed),
  };
}

const packageKeeping: Keeping<PackageFact> = {
  schema: packageFactSchema,
  write: packageFactJson,
  lifetime: (fact) => (fact === null ? lifetimes.missing : lifetimes.fixed),
};

const urlKeeping: Keeping<boolean> = {
  schema: z.boolean(),
  write: (fact) => fact,
  lifetime: (fact) => (fact ? lifetimes.fixed : lifetimes.missing),
};

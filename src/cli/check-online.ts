import { openFactCache } from "../check/facts/fact-cache.ts";
import type { LookUp } from "../check/facts/known-facts.ts";
import { openOutside } from "../check/facts/outside.ts";
import { openWeb } from "../check/facts/web.ts";
import type { Config } from "../config/config.ts";
import { hostnameOf, isLoopback } from "../store/registry/settings.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder } from "./folders.ts";
import { openRegistries } from "./registries.ts";

/** Registries, web servers and package indexes of one check. */
export interface Online extends LookUp {
  /** The text behind a URL; undefined when it is not there or cannot be reached. */
  text(url: string, signal: AbortSignal): Promise<string | undefined>;
  /** Keeps what was learned for the next run, and closes connections. */
  close(): Promise<void>;
}

/** Tries and milliseconds for a registry: a check waits for nobody as long as a build does. */
const patience = {
  retry: { attempts: 2, firstDelay: 250, maxDelay: 1_000, maxRetryAfter: 5_000 },
  timeouts: { connect: 5_000, idle: 10_000 },
};

/** Bytes of a published list of checksums. */
const maxText = 1024 * 1024;

/** Opens the way outside; nothing is connected yet. */
export function openOnline(
  context: CliContext,
  config: Pick<Config, "registries">,
  insecureRegistries: readonly string[],
): Online {
  const settings = { registries: config.registries, insecureRegistries };
  const { resolve: find, registries } = openRegistries(settings, context, patience);
  const cache = openFactCache(cacheFolder(context.env), context.now);
  const web = openWeb();
  const registryName = (host: string) => {
    const mirrors = config.registries[host]?.mirrors ?? [];
    const local = [host, ...mirrors].some((one) => isLoopback(hostnameOf(one)));
    return local ? undefined : [...mirrors, host].join(",");
  };
  return {
    ...openOutside({ find, web, cache, registryName }),
    text: async (url, signal) => {
      const answer = await web.ask({ method: "GET", url, limit: maxText }, signal);
      return answer?.status === 200 ? new TextDecoder().decode(answer.bytes) : undefined;
    },
    close: async () => {
      await Promise.all([cache.save(), registries.close()]);
    },
  };
}

import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { builtInFacts } from "../check/facts/built-in.ts";
import { openFactCache } from "../check/facts/fact-cache.ts";
import { type FactsFile, factsFileSchema, factTable } from "../check/facts/facts-file.ts";
import { KnownFacts, type Question } from "../check/facts/known-facts.ts";
import { openOutside } from "../check/facts/outside.ts";
import { openWeb, type Web } from "../check/facts/web.ts";
import type { Checksums } from "../check/fix/checksums.ts";
import { noChecksums, publishedChecksums } from "../check/fix/checksums.ts";
import type { Config } from "../config/config.ts";
import { parseDocument } from "../config/parse-document.ts";
import { ArchwayError } from "../error/error.ts";
import type { Platform } from "../platform/platform.ts";
import { hostnameOf, isLoopback } from "../store/registry/settings.ts";
import type { CheckCommandOptions } from "./check-options.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder } from "./folders.ts";
import { openRegistries } from "./registries.ts";

/** What one check knows of the world outside. */
export interface OpenedFacts {
  readonly facts: KnownFacts;
  readonly checksums: Checksums;
  /** Keeps what was learned for the next run. */
  close(): Promise<void>;
}

/** Tries and milliseconds for a registry: a check waits for nobody as long as a build does. */
const patience = {
  retry: { attempts: 2, firstDelay: 250, maxDelay: 1_000, maxRetryAfter: 5_000 },
  timeouts: { connect: 5_000, idle: 10_000 },
};

/** Bytes of a facts file or baseline: 64 MiB. */
const maxFileBytes = 64 * 1024 * 1024;

/** Bytes of a published list of checksums. */
const maxChecksumList = 1024 * 1024;

/**
 * Opens the facts of a check: the files of `--facts`, the table that comes with the program, and without `--offline` registries, web servers and package indexes.
 *
 * @throws ArchwayError `FACTS_INVALID`, `FILE_UNREADABLE` (kind `input`)
 */
export async function openFacts(
  context: CliContext,
  options: CheckCommandOptions,
  config: Config,
  platforms: readonly Platform[],
): Promise<OpenedFacts> {
  const given = factTable(await Promise.all(options.facts.map((file) => readFacts(context.cwd, file))));
  const builtIn = builtInFacts(platforms);
  if (options.offline) {
    return {
      facts: new KnownFacts({ given, builtIn }),
      checksums: noChecksums,
      close: () => Promise.resolve(),
    };
  }
  const settings = { registries: config.registries, insecureRegistries: options.insecureRegistries };
  const { resolve: find, registries } = openRegistries(settings, context, patience);
  const cache = openFactCache(cacheFolder(context.env), context.now);
  const web = openWeb();
  const registryName = (host: string) => {
    const mirrors = config.registries[host]?.mirrors ?? [];
    const local = [host, ...mirrors].some((one) => isLoopback(hostnameOf(one)));
    return local ? undefined : [...mirrors, host].join(",");
  };
  return {
    facts: new KnownFacts({
      given,
      builtIn,
      lookUp: openOutside({ find, web, cache, registryName }),
      onAsk: (questions) => announce(context, questions),
    }),
    checksums: publishedChecksums((url, signal) => fetchText(web, url, signal)),
    close: async () => {
      await Promise.all([cache.save(), registries.close()]);
    },
  };
}

/** A person at a terminal is told what is waited for. */
function announce({ stderr }: CliContext, questions: readonly Question[]): void {
  if (stderr.isTTY === true) stderr.write(`asking about ${questionWords(questions)}…\n`);
}

/** `3 images, 1 URL`. */
export function questionWords(questions: readonly Question[]): string {
  const names = { image: ["image", "images"], url: ["URL", "URLs"], package: ["package", "packages"] } as const;
  return (["image", "url", "package"] as const)
    .map((kind) => ({ kind, count: questions.filter((question) => question.kind === kind).length }))
    .filter(({ count }) => count > 0)
    .map(({ kind, count }) => `${count} ${names[kind][count === 1 ? 0 : 1]}`)
    .join(", ");
}

async function fetchText(web: Web, url: string, signal: AbortSignal): Promise<string | undefined> {
  const answer = await web.ask({ method: "GET", url, limit: maxChecksumList }, signal);
  return answer?.status === 200 ? new TextDecoder().decode(answer.bytes) : undefined;
}

async function readFacts(cwd: string, file: string): Promise<FactsFile> {
  const path = resolve(cwd, file);
  const kind = { code: "FACTS_INVALID", name: "the facts", schema: factsFileSchema };
  return parseDocument(await readUserFile(path, file), path, kind);
}

/** Reads a text file that the user named. Throws `FILE_UNREADABLE` (kind `input`). */
export async function readUserFile(path: string, name: string): Promise<string> {
  let reason: string;
  let cause: unknown;
  try {
    const bytes = await readFile(path);
    if (bytes.length <= maxFileBytes) return bytes.toString("utf8");
    reason = `it is larger than ${maxFileBytes} bytes`;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    reason = error.message;
    cause = error;
  }
  throw new ArchwayError({
    code: "FILE_UNREADABLE",
    kind: "input",
    message: `${name} cannot be read: ${reason}`,
    cause,
  });
}

import { resolve } from "node:path";
import { builtInFacts } from "../check/facts/built-in.ts";
import { factTable } from "../check/facts/fact-table.ts";
import type { FactsFile } from "../check/facts/facts-file.ts";
import { KnownFacts, type Question } from "../check/facts/known-facts.ts";
import type { Checksums } from "../check/fix/checksums.ts";
import { noChecksums, publishedChecksums } from "../check/fix/checksums.ts";
import type { Config } from "../config/config.ts";
import type { Platform } from "../platform/platform.ts";
import type { Online } from "./check-online.ts";
import type { CheckCommandOptions } from "./check-options.ts";
import type { CliContext } from "./context.ts";
import { readUserFile } from "./user-file.ts";

/** What one check knows of the world outside. */
export interface OpenedFacts {
  readonly facts: KnownFacts;
  readonly checksums: Checksums;
  /** Keeps what was learned for the next run. */
  close(): Promise<void>;
}

/**
 * Opens the facts of a check: the files of `--facts`, the table that comes with the program, and without `--offline` registries, web servers and package indexes, when there is a question.
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
  let opened: Promise<Online> | undefined;
  // Loading it takes longer than checking a small repository without a question.
  const online = () =>
    (opened ??= import("./check-online.ts").then(({ openOnline }) =>
      openOnline(context, config, options.insecureRegistries),
    ));
  return {
    facts: new KnownFacts({
      given,
      builtIn,
      lookUp: {
        image: async (reference, signal) => (await online()).image(reference, signal),
        url: async (url, signal) => (await online()).url(url, signal),
        package: async (key, signal) => (await online()).package(key, signal),
      },
      onAsk: (questions) => announce(context, questions),
    }),
    checksums: publishedChecksums(async (url, signal) => (await online()).text(url, signal)),
    close: async () => (await opened)?.close(),
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

async function readFacts(cwd: string, file: string): Promise<FactsFile> {
  const [{ factsFileSchema }, { parseDocument }] = await Promise.all([
    import("../check/facts/facts-file.ts"),
    import("../config/parse-document.ts"),
  ]);
  const path = resolve(cwd, file);
  const kind = { code: "FACTS_INVALID", name: "the facts", schema: factsFileSchema };
  return parseDocument(await readUserFile(path, file), path, kind);
}

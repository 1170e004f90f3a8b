import { existsSync } from "node:fs";
import { join } from "node:path";
import description from "../../package.json" with { type: "json" };
import { loadConfig } from "../config/config.ts";
import { ArchwayError, exitCodes } from "../error/error.ts";
import { reaches } from "../finding/finding.ts";
import { formatPlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { formatGithub } from "../report/github.ts";
import { formatJunit } from "../report/junit.ts";
import { formatMarkdown } from "../report/markdown.ts";
import type { ReportOptions } from "../report/reported-image.ts";
import { formatSarif } from "../report/sarif.ts";
import { makeStyle, usesColor } from "../report/style.ts";
import { missedFile, openImage } from "../store/open-store.ts";
import type { OpenedImage } from "../store/open-store.ts";
import { isEvidence } from "../verify/rules/evidence.ts";
import { FactsCache } from "../verify/layer/facts-cache.ts";
import { aboutIndex } from "../verify/rules/index-rules.ts";
import { verifyReference } from "../verify/verify.ts";
import type { VerifyOptions } from "../verify/verify.ts";
import type { CliContext } from "./context.ts";
import { cacheFolder } from "./folders.ts";
import { openRegistries } from "./registries.ts";
import type { VerifyCommandOptions, VerifyFormat } from "./verify-options.ts";
import { openProofProgress } from "./verify-progress.ts";
import { openRuns } from "./verify-run.ts";
import { findingsOf, proofWords, verdictOfAll, verifyJson } from "./verify-result.ts";
import type { VerifiedImage, VerifyResult } from "./verify-result.ts";
import { formatVerified } from "./verify-text.ts";

/** Width of plain output where there is no terminal. */
const plainColumns = 120;

/**
 * `archway verify`: proves images one after another and prints what was found. Returns 0 when all are proven, 1 when a finding reaches the
 * threshold, 3 when something could not be decided; 1 beats 3.
 */
export async function runVerify(
  context: CliContext,
  references: readonly string[],
  options: VerifyCommandOptions,
): Promise<number> {
  const { signal, env } = context;
  const config = await loadConfig({ directory: context.cwd, file: options.config });
  const { registries } = openRegistries({ ...options, registries: config.registries }, context);
  // What is no image name is told before anything is read.
  const opened = references.map((name) => ({ name, ...openImage(name, registries) }));
  const allow = [...config.verify.allow, ...options.allow];
  const runs = options.run && (await openRuns(context));
  const facts = new FactsCache(join(cacheFolder(env), "facts"));
  const progress = openProofProgress(context);
  const images: VerifiedImage[] = [];
  try {
    for (const image of opened) {
      const asked: VerifyOptions = {
        facts,
        allow,
        signal,
        platforms: options.platforms,
        required: options.required,
        onPlatforms: (chosen, listed) => progress.begin(`${image.name}: ${proofWords(chosen, listed)}`),
        onProgress: (layer) => progress.layer(layer),
      };
      const proven = await verifyOne(image, asked);
      if (options.run === undefined || runs === undefined) images.push(proven);
      else {
        const onStart = (platform: Platform) => progress.begin(`${image.name}: running ${formatPlatform(platform)}`);
        images.push(await runs.run(proven, image.store, options.run, onStart));
      }
    }
  } finally {
    progress.end();
  }
  const used = new Set(images.flatMap(({ platforms }) => platforms.flatMap(({ allowed }) => allowed)));
  const result: VerifyResult = { images, unusedAllow: allow.filter((one) => !used.has(one)) };
  show(context, options, result);
  return exitCodeOf(result, options);
}

/** An image that cannot be resolved or read leaves the others to be proven; what the user wrote wrong ends the command. */
async function verifyOne(
  { store, reference, name }: OpenedImage & { readonly name: string },
  options: VerifyOptions,
): Promise<VerifiedImage> {
  try {
    return await verifyReference(store, reference, name, options);
  } catch (failure) {
    options.signal?.throwIfAborted();
    const error = missedFile(failure, name);
    if (!(error instanceof ArchwayError) || error.kind === "input" || error.kind === "interrupted") throw error;
    const failed = error.kind === "failed";
    const finding = {
      ...aboutIndex(failed ? "image-invalid" : "not-reached", failed ? "error" : "warning", `${error.message}.`, []),
      ...(error.hint === undefined ? {} : { fix: { title: error.hint } }),
    };
    const verdict = failed ? "fail" : "undecided";
    return { reference: name, digest: "", mediaType: "", verdict, findings: [finding], platforms: [] };
  }
}

function show(
  { stdout, env, cwd }: CliContext,
  { format, severity }: VerifyCommandOptions,
  result: VerifyResult,
): void {
  const columns = stdout.columns || plainColumns;
  const text = () => formatVerified(result, { style: makeStyle(usesColor(stdout, env)), columns }).join("\n");
  const formats: Readonly<Record<VerifyFormat, (options: ReportOptions) => string>> = {
    text,
    json: () => JSON.stringify(verifyJson(result), null, 2),
    sarif: (options) => formatSarif(result.images, options),
    junit: (options) => formatJunit(result.images, { ...options, threshold: severity }),
    github: (options) => formatGithub(result.images, options),
    markdown: (options) => formatMarkdown(result.images, options),
  };
  const written = formats[format]({ toolVersion: description.version, ...dockerfileIn(cwd) });
  stdout.write(written.endsWith("\n") ? written : `${written}\n`);
}

/** The Dockerfile that findings are shown at by services that want a file of the repository. */
function dockerfileIn(cwd: string): Pick<ReportOptions, "dockerfile"> {
  return existsSync(join(cwd, "Dockerfile")) ? { dockerfile: "Dockerfile" } : {};
}

/** Findings about missing evidence never reach a threshold: they leave the verdict undecided. */
function exitCodeOf({ images }: VerifyResult, { severity }: VerifyCommandOptions): number {
  const judged = images.flatMap(findingsOf).filter((finding) => !isEvidence(finding));
  const verdict = verdictOfAll(images);
  if (verdict === "fail" || reaches(judged, severity)) return exitCodes.failed;
  return verdict === "undecided" ? exitCodes.unreachable : 0;
}

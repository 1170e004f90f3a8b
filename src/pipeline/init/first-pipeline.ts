import { formatPlatform, type Platform } from "../../platform/platform.ts";
import { jobPart, type RecognizedImage, type RecognizedLanguage } from "./repository-files.ts";

/** What a first pipeline is made of. */
export interface FirstPipeline {
  readonly platforms: readonly Platform[];
  /** Branch whose pushes start a run. */
  readonly branch: string;
  readonly languages: readonly RecognizedLanguage[];
  readonly images: readonly RecognizedImage[];
  /** Repository in a registry that the images may go to, for the comment that tells how to publish. */
  readonly destination: string;
}

/** The text of a first `.archway.yaml`: a test job for each language on every platform, a build job for each Dockerfile, and comments that say what to change. */
export function writeFirstPipeline(first: FirstPipeline): string {
  const tests = first.languages.map((language) => ({ name: testName(language, first.languages), language }));
  const names = tests.map(({ name }) => name);
  const jobs = [
    ...tests.map(({ name, language }) => testJob(name, language)),
    ...first.images.map((image) => imageJob(image, names, first.destination)),
  ];
  const lines = [
    "version: 1",
    `platforms: [${first.platforms.map(formatPlatform).join(", ")}]`,
    "on:",
    `  push: { branches: [${quoted(first.branch)}] }`,
    '  tag: ["v*"]',
    "  pull_request: {}",
    "jobs:",
    ...(jobs.length > 0 ? jobs : [exampleJob]),
  ];
  return `${lines.join("\n")}\n`;
}

const exampleJob = `  test:
    platforms: all # one job per platform, each on a machine of that platform
    image: alpine:3
    steps: # replace by what tests this repository
      - uname -m`;

/** `test`, with the folder where projects have such, and the language where there are several. */
function testName({ folder, id }: RecognizedLanguage, all: readonly RecognizedLanguage[]): string {
  if (all.length === 1) return "test";
  const shares = all.filter((one) => one.folder === folder).length > 1;
  return ["test", ...(folder === undefined ? [] : [jobPart(folder)]), ...(shares ? [id] : [])].join("-");
}

function testJob(name: string, { image, steps, cache, doubt, folder }: RecognizedLanguage): string {
  const key = cache && `${cache.name}-\${{ hash('${cache.lock}') }}`;
  return [
    `  ${name}:`,
    "    platforms: all # one job per platform, each on a machine of that platform",
    `    image: ${image}`,
    ...(cache ? [`    cache: [{ path: ${cache.path}, key: "${key}" }]`] : []),
    ...(doubt === undefined ? [] : [`    # ${doubt}`]),
    "    steps:",
    ...steps.flatMap((script) => stepLines(script, folder)),
  ].join("\n");
}

function stepLines(script: string, folder: string | undefined): string[] {
  if (folder !== undefined) {
    const lines = script.split("\n");
    const run =
      lines.length === 1 ? [`        run: ${script}`] : ["        run: |", ...lines.map((line) => `          ${line}`)];
    return [`      - directory: ${quoted(folder)}`, ...run];
  }
  if (!script.includes("\n")) return [`      - ${script}`];
  return ["      - |", ...script.split("\n").map((line) => `        ${line}`)];
}

function imageJob({ job, file, context }: RecognizedImage, tests: readonly string[], destination: string): string {
  const needs = tests.length === 1 ? tests[0] : `[${tests.join(", ")}]`;
  const usual = (context === undefined ? "" : `${context}/`) + "Dockerfile";
  const keys = [
    ...(context === undefined ? [] : [`context: ${quoted(context)}`]),
    ...(file === usual ? [] : [`file: ${quoted(file)}`]),
  ];
  const tags = `tags: ["${destination}${job === "image" ? "" : `-${job.slice("image-".length)}`}:\${{ git.tag || git.short_sha }}"]`;
  const published = [...keys, tags, "push: true"].join(", ");
  return [
    `  ${job}:`,
    ...(tests.length === 0 ? [] : [`    needs: ${needs}`]),
    keys.length === 0 ? "    build: {}" : `    build: { ${keys.join(", ")} }`,
    "    # To publish the image, write this instead (and the login of the registry under registries):",
    `    # build: { ${published} }`,
  ].join("\n");
}

/** A plain word stays as it is; everything else is quoted. */
function quoted(text: string): string {
  return /^[A-Za-z][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off)$/i.test(text)
    ? text
    : JSON.stringify(text);
}

import type { BuildReport } from "../build/report.ts";
import { formatPlatform } from "../platform/platform.ts";
import { formatDuration } from "../report/quantity.ts";
import { toFindingJson } from "../report/findings.ts";
import type { FailedPlatform } from "./build-explain.ts";
import { logErrorJson } from "./explain-result.ts";
import type { Style } from "../report/style.ts";
import { formatTable } from "../report/table.ts";
import type { Cell } from "../report/table.ts";

/**
 * The result of a build as `--format json` prints it and the metadata file holds it under `archway` (schemas/build.schema.json). `known` is what the logs of
 * platforms that failed say.
 */
export function buildJson(report: BuildReport, known: readonly FailedPlatform[] = []): object {
  return {
    version: report.version,
    ...(report.index ? { index: indexJson(report.index) } : {}),
    platforms: report.platforms.map(({ platform, findings, ...rest }) => ({
      platform: formatPlatform(platform),
      ...rest,
      findings: findings.map(toFindingJson),
    })),
    missing: report.missing.map(absenceJson),
    ...(report.failure
      ? {
          failure: {
            ...report.failure,
            unbuilt: report.failure.unbuilt.map(absenceJson),
            known: known.flatMap(({ errors }) => errors.map(logErrorJson)),
          },
        }
      : {}),
    ...(report.logs === undefined ? {} : { logs: report.logs }),
  };
}

function indexJson({ loaded, ...index }: NonNullable<BuildReport["index"]>): object {
  return { ...index, ...(loaded ? { loaded: { ...loaded, platform: formatPlatform(loaded.platform) } } : {}) };
}

function absenceJson({ platform, reason }: BuildReport["missing"][number]): object {
  return { platform: formatPlatform(platform), reason };
}

/** Content of `--metadata-file`: the keys of docker buildx, and ours under `archway`. */
export function metadataJson(report: BuildReport, known: readonly FailedPlatform[] = []): object {
  const { index } = report;
  return {
    ...(index
      ? {
          "containerimage.digest": index.digest,
          "containerimage.descriptor": { mediaType: index.mediaType, digest: index.digest, size: index.size },
          "image.name": index.references.join(","),
        }
      : {}),
    archway: buildJson(report, known),
  };
}

/** The result for a person: a line a platform, then what was published. */
export function formatBuild(report: BuildReport, style: Style, columns: number): string[] {
  const rows = report.platforms.map((platform): Cell[] => [
    { text: formatPlatform(platform.platform), paint: style.bold },
    platform.strategy === "emulated" ? { text: "emulated", paint: style.yellow } : platform.strategy,
    platform.resumed ? "kept from the last run" : secondsOf(platform.seconds),
    verdictCell(platform.verdict, style),
    platform.digest?.slice(0, 19) ?? "",
  ]);
  const lines = formatTable(rows, { columns, style });
  for (const { platform, reason } of report.missing) {
    lines.push(`${style.yellow("left out")} ${formatPlatform(platform)}: ${reason.split("\n")[0] ?? ""}`);
  }
  if (report.index) lines.push("", ...formatPlaces(report, report.index, style));
  return lines;
}

/** Where the image is now. */
function formatPlaces(report: BuildReport, index: NonNullable<BuildReport["index"]>, style: Style): string[] {
  const { loaded, pushed, references } = index;
  const store = loaded?.store;
  const lines = references.map((reference) => {
    if (store) return `${style.green(`loaded into ${store}`)} as ${style.bold(reference.slice(store.length + 1))}`;
    return `${style.green(pushed ? "published" : "written")} ${style.bold(reference)}`;
  });
  lines.push(`          ${index.digest}`);
  if (loaded && report.platforms.length > 1) {
    const place = store ?? "a Docker archive";
    lines.push(
      `${style.yellow("only")} ${formatPlatform(loaded.platform)}: ${place} takes one platform; --push or --output type=oci,dest=FILE keeps all ${report.platforms.length}.`,
    );
  }
  return lines;
}

function secondsOf(seconds: BuildReport["platforms"][number]["seconds"]): string {
  const emulated = seconds.emulated > 0 ? `, ${formatDuration(seconds.emulated * 1000)} of it emulated` : "";
  return `${formatDuration(seconds.total * 1000)}${emulated}`;
}

function verdictCell(verdict: BuildReport["platforms"][number]["verdict"], style: Style): Cell {
  switch (verdict) {
    case "pass":
      return { text: "proven", paint: style.green };
    case "skipped":
      return { text: "not proven", paint: style.yellow };
    case "fail":
      return { text: "refused", paint: style.red };
    case "undecided":
      return { text: "undecided", paint: style.yellow };
  }
}

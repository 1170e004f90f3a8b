import type { Emulator } from "../platform/emulators.ts";
import type { HostReport } from "../platform/host.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";
import { printable, type Style, wrap } from "./style.ts";
import { type Cell, formatTable } from "./table.ts";

/** An engine that answered. */
export interface EngineEntry {
  readonly name: string;
  readonly version: string;
  readonly endpoint: string;
  readonly platforms: readonly Platform[];
  /** Known faults of this version. */
  readonly faults: readonly {
    readonly id: string;
    readonly text: string;
    readonly since: string;
    readonly avoided: boolean;
  }[];
}

/** An engine that was looked for or named and did not answer. */
export interface UnreachableEngine {
  readonly name: string;
  readonly endpoint: string;
  /** One sentence. */
  readonly reason: string;
}

/** What `archway platforms` tells. */
export interface PlatformsReport {
  readonly host: HostReport;
  readonly engines: readonly EngineEntry[];
  readonly unreachable: readonly UnreachableEngine[];
}

/** The report as `archway platforms --format json` prints it (schemas/platforms.schema.json). */
export function platformsJson({ host, engines, unreachable }: PlatformsReport): object {
  return {
    version: 1,
    host: {
      platform: formatPlatform(host.platform),
      kernel: host.kernel,
      kernelArchitecture: host.kernelArchitecture,
      userlandBits: host.userlandBits,
      emulated: host.emulated,
      amd64Level: host.amd64Level,
      aarch32: host.aarch32,
      wsl: host.wsl,
      warnings: host.warnings,
    },
    native: host.native.map(formatPlatform),
    emulated: host.emulators.map(({ platform, platforms, interpreter, flags, version, missing }) => ({
      platform: formatPlatform(platform),
      platforms: platforms.map(formatPlatform),
      interpreter,
      flags,
      version: version ?? null,
      missing,
    })),
    engines: engines.map(({ name, version, endpoint, platforms, faults }) => ({
      name,
      version,
      endpoint,
      platforms: platforms.map(formatPlatform),
      faults,
    })),
    unreachable,
  };
}

/** The report for a person: the machine, its traps, what it runs, what it builds with. */
export function formatPlatforms(
  report: PlatformsReport,
  options: { readonly style: Style; readonly columns: number },
): string[] {
  const { host } = report;
  return [
    ...section("This machine", machineRows(host, options.style), options),
    ...host.warnings.flatMap((warning) => mark("!", warning, options)),
    "",
    ...section("Runs natively", [[platformList(host.native) || "nothing"]], options),
    "",
    ...section("Emulates", emulatorRows(host.emulators), options),
    ...missingFlags(host.emulators).flatMap((warning) => mark("!", warning, options)),
    "",
    ...section("Engines", engineRows(report, options.style), options),
    ...report.engines.flatMap(({ name, version, faults }) =>
      faults.flatMap(({ text }) => mark("!", `${name} ${version}: ${text}`, options)),
    ),
  ];
}

/** Platforms in one line, variants of one architecture behind its first: `linux/arm/v7 (v6, v5)`. */
export function platformList(platforms: readonly Platform[]): string {
  const groups = Map.groupBy(platforms, ({ os, architecture }) => `${os}/${architecture}`);
  return [...groups.values()]
    .map(([first, ...others]) => {
      const variants = others.map(({ variant, architecture }) => variant ?? `plain ${architecture}`);
      const name = first === undefined ? "" : formatPlatform(first);
      return variants.length === 0 ? name : `${name} (${variants.join(", ")})`;
    })
    .join(", ");
}

function machineRows(host: HostReport, style: Style): Cell[][] {
  const facts = [`${host.userlandBits}-bit userland`, printable(host.kernel)];
  if (host.amd64Level !== undefined) facts.push(`x86-64-${host.amd64Level}`);
  if (host.wsl !== undefined) facts.push(`WSL ${host.wsl}`);
  const name = formatPlatform(host.platform);
  const platform = host.emulated
    ? { text: `${name} (emulated)`, paint: style.yellow }
    : { text: name, paint: style.bold };
  return [[platform, facts.join(", ")]];
}

function emulatorRows(emulators: readonly Emulator[]): Cell[][] {
  if (emulators.length === 0) return [["nothing: install QEMU's user emulators (Debian: qemu-user-static) to emulate"]];
  return emulators.map(({ platforms, interpreter, flags, version }) => [
    platformList(platforms),
    version === undefined ? "" : `QEMU ${printable(version)}`,
    flags,
    printable(interpreter),
  ]);
}

/** What missing flags break, with the platforms that it concerns. */
function missingFlags(emulators: readonly Emulator[]): string[] {
  const concerns = new Map<string, string[]>();
  for (const { platform, missing } of emulators) {
    for (const text of missing) concerns.set(text, [...(concerns.get(text) ?? []), formatPlatform(platform)]);
  }
  return [...concerns].map(
    ([text, names]) => `${names.length === emulators.length ? "All" : names.join(", ")}: ${text}.`,
  );
}

function engineRows({ engines, unreachable }: PlatformsReport, style: Style): Cell[][] {
  if (engines.length === 0 && unreachable.length === 0) {
    return [["none found: install Buildah (Debian: buildah), Docker with buildx, or BuildKit"]];
  }
  return [
    ...engines.map(({ name, version, endpoint, platforms }): Cell[] => [
      { text: `${name} ${printable(version)}`, paint: style.bold },
      printable(endpoint),
      platformList(platforms),
    ]),
    ...unreachable.map(({ name, endpoint, reason }): Cell[] => [
      { text: name, paint: style.dim },
      printable(endpoint),
      { text: printable(reason), paint: style.red },
    ]),
  ];
}

/** Rows under a title, indented by two. */
function section(
  title: string,
  rows: readonly (readonly Cell[])[],
  options: { style: Style; columns: number },
): string[] {
  const table = formatTable(rows, { columns: options.columns - 2, style: options.style });
  return [options.style.bold(title), ...table.map((line) => `  ${line}`)];
}

/** A warning, wrapped and marked. */
function mark(sign: string, text: string, { style, columns }: { style: Style; columns: number }): string[] {
  return wrap(printable(text), Math.max(20, columns - 4)).map((line, index) =>
    index === 0 ? `  ${style.yellow(sign)} ${line}` : `    ${line}`,
  );
}

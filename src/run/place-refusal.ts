import { ArchwayError } from "../error/error.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";
import type { JobDemand } from "./job-demand.ts";
import type { BusyMachine, MachineSize, PlacedJob, PlacePolicy } from "./place-job.ts";

const gibibyte = 1024 ** 3;

/** That no machine runs a platform, with what those that exist run. */
export function platformUnavailable(
  job: PlacedJob,
  platform: Platform,
  machines: readonly BusyMachine[],
  policy: PlacePolicy,
): ArchwayError {
  const name = formatPlatform(platform);
  const canEmulate = machines.some(({ emulated }) => has(emulated, platform));
  const gone = machines.filter(({ lost, native }) => lost !== undefined && has(native, platform));
  const why = !canEmulate
    ? ""
    : policy.emulation
      ? ", and the job forbids emulation"
      : ", and --no-emulation was given";
  const list = (names: readonly Platform[]) => names.map(formatPlatform).join(", ") || "nothing";
  const each = machines.map(
    ({ name: machine, native, emulated, lost }) =>
      `${machine} runs ${list(native)} itself and emulates ${list(emulated)}${lost === undefined ? "" : ` (gone: ${lost})`}`,
  );
  return new ArchwayError({
    code: "PLATFORM_UNAVAILABLE",
    kind: gone.length > 0 ? "unreachable" : "failed",
    message: `Nothing here can run ${name} for the job "${job.id}"${gone.length > 0 ? "" : why}: ${each.join("; ")}.`,
    hint:
      canEmulate && gone.length === 0
        ? `Allow emulation, name a machine with --node ${name}=ENDPOINT, or leave the platform out with --platform.`
        : `Name a machine with --node ${name}=ENDPOINT, register an emulator (docs/emulation.md), or leave the platform out with --platform.`,
  });
}

/** That the machines which may run a job are too small for it, with the size of each. */
export function resourcesUnavailable(
  job: PlacedJob,
  platform: Platform | undefined,
  machines: readonly BusyMachine[],
  demand: JobDemand,
): ArchwayError {
  const large = machines.some((machine) => machine.lost !== undefined && fits(machine.size, demand));
  const each = machines.map(
    ({ name, size, lost }) =>
      `${name} has ${size === undefined ? "an unknown size" : amounts(size)}${lost === undefined ? "" : ` (gone: ${lost})`}`,
  );
  const as = platform === undefined ? "" : ` on ${formatPlatform(platform)}`;
  const node = platform === undefined ? "PLATFORM" : formatPlatform(platform);
  return new ArchwayError({
    code: "RESOURCES_UNAVAILABLE",
    kind: large ? "unreachable" : "failed",
    message: `The job "${job.id}" asks for ${amounts(demand)}, and no machine that may run it${as} has that: ${each.join("; ")}.`,
    hint: `Lower resources of the job or of its services, or name a larger machine with --node ${node}=ENDPOINT.`,
  });
}

/** Whether a machine has what a job asks for. Of one whose size is unknown it is believed. */
export function fits(size: MachineSize | undefined, { memory, processors }: JobDemand): boolean {
  if (size === undefined) return true;
  return (memory ?? 0) <= size.memory && (processors ?? 0) <= size.processors;
}

/** `16 GiB of memory and 4 processors`. */
function amounts({ memory, processors }: JobDemand): string {
  const parts = [
    ...(memory === undefined ? [] : [`${binary(memory)} of memory`]),
    ...(processors === undefined ? [] : [processors === 1 ? "1 processor" : `${processors} processors`]),
  ];
  return parts.join(" and ");
}

/** In the units that pipelines are written in. */
function binary(bytes: number): string {
  const [value, unit] = bytes >= gibibyte ? [bytes / gibibyte, "GiB"] : [bytes / 1024 ** 2, "MiB"];
  return `${value >= 100 ? Math.round(value) : Math.round(value * 10) / 10} ${unit}`;
}

function has(list: readonly Platform[], platform: Platform): boolean {
  return list.some((one) => samePlatform(one, platform));
}

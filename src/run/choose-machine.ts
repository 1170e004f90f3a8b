import type { Emulation } from "../pipeline/job-spec.ts";
import { formatPlatform, samePlatform, type Platform } from "../platform/platform.ts";

/** A machine that runs jobs: its Engine API, and the platforms it runs itself or emulates. */
export interface Machine {
  /** Endpoint, or `local`. */
  readonly name: string;
  readonly native: readonly Platform[];
  readonly emulated: readonly Platform[];
  /** Jobs at a time. */
  readonly slots: number;
}

/** Where a job may run, and why there. */
export interface Choice {
  readonly machine: Machine;
  readonly mode: "native" | "emulated";
  readonly platform: Platform;
  readonly reason: string;
}

/** What a job asks of machines. */
export interface Wish {
  /** Absent: any machine does, with its own platform. */
  readonly platform?: Platform;
  readonly emulation: Emulation;
}

/** How many times longer emulated work takes at least (docs/emulation.md). */
const emulationFactor = 10;

/** All that could run the job: native ones first, each in the order of the machines. With `never`, and with `fallback` as soon as a native machine exists, nothing is emulated. */
export function choicesOf({ platform, emulation }: Wish, machines: readonly Machine[]): readonly Choice[] {
  const native = machines.flatMap((machine): Choice[] => {
    const own = platform ?? machine.native[0];
    const runs = own !== undefined && machine.native.some((there) => samePlatform(there, own));
    return runs
      ? [{ machine, mode: "native", platform: own, reason: `${machine.name} runs ${formatPlatform(own)} itself` }]
      : [];
  });
  if (platform === undefined || emulation === "never" || (emulation === "fallback" && native.length > 0)) return native;
  const why = native.length === 0 ? "no machine runs it itself" : "the machines that run it themselves are busy";
  const emulated = machines
    .filter((machine) => machine.emulated.some((there) => samePlatform(there, platform)))
    .filter((machine) => !native.some((choice) => choice.machine === machine))
    .map((machine): Choice => ({
      machine,
      mode: "emulated",
      platform,
      reason: `${machine.name} emulates ${formatPlatform(platform)}: ${why}`,
    }));
  return [...native, ...emulated];
}

/**
 * The first choice with a free slot. Next to native machines emulation is chosen only when so many jobs wait for them that the emulated work is estimated to end first.
 *
 * @param ahead jobs that wait for the same native machines
 */
export function chooseFree(
  choices: readonly Choice[],
  free: (machine: Machine) => number,
  ahead: number,
): Choice | undefined {
  const native = choices.filter(({ mode }) => mode === "native");
  const found = native.find(({ machine }) => free(machine) > 0);
  if (found !== undefined) return found;
  const slots = native.reduce((sum, { machine }) => sum + machine.slots, 0);
  const isWorth = slots === 0 || (ahead + 1) / slots >= emulationFactor - 1;
  return isWorth ? choices.find(({ mode, machine }) => mode === "emulated" && free(machine) > 0) : undefined;
}

/** What the machines run, for a person whose job fits none: `local: linux/amd64, emulated linux/arm64`. */
export function describeMachines(machines: readonly Machine[]): string {
  return machines
    .map(({ name, native, emulated }) => {
      const platforms = [...native.map(formatPlatform), ...emulated.map((one) => `emulated ${formatPlatform(one)}`)];
      return `${name}: ${platforms.join(", ") || "nothing"}`;
    })
    .join("; ");
}

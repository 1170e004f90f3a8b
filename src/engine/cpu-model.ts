import { ArchwayError } from "../error/error.ts";
import type { Platform } from "../platform/platform.ts";
import type { EmulatedCpu, EngineEvent, EngineRequest } from "./engine.ts";

/**
 * CPU models that make emulated steps faster and change nothing that a program can rely on; measured in docs/emulation.md. Architectures that are not here
 * gain nothing. arm64: QEMU's default computes each pointer signature with the cipher that Arm names (QARMA); distributions whose programs sign their return
 * addresses (Debian 13, Ubuntu, Fedora) pay a quarter of a step's time for it. Arm leaves the algorithm to the implementation: this is QEMU's own quick one, its
 * default from version 10 on. Every feature of the processor stays.
 */
const fastModels: Readonly<Record<string, string>> = { arm64: "max,pauth-impdef=on" };

/** The fast, safe model for emulated steps of a platform; nothing when QEMU's default is best. */
export function fastCpuModel(platform: Platform): string | undefined {
  return fastModels[platform.architecture];
}

/** The secret that carries the model into the steps, and the variable of the client that holds it. */
export const cpuSecret = { id: "archway-qemu-cpu", env: "ARCHWAY_QEMU_CPU" };

const flag = `--mount=type=secret,id=${cpuSecret.id},env=QEMU_CPU`;

/**
 * The Dockerfile with the model given to the emulated steps. It comes as a secret in the environment of the step: QEMU reads `QEMU_CPU` from there,
 * and neither the image's configuration and history nor the cache key of its value show it. Lines keep their numbers.
 */
export function withCpuModel(dockerfile: string, { runLines }: EmulatedCpu): string {
  const lines = dockerfile.split("\n");
  for (const number of runLines) {
    const line = lines[number - 1] ?? "";
    const changed = line.replace(/^(\s*RUN)(?=\s|$)/i, `$1 ${flag}`);
    if (changed === line) throw new RangeError(`line ${number} of the Dockerfile begins no RUN: ${line}`);
    lines[number - 1] = changed;
  }
  return lines.join("\n");
}

/** Takes out of an engine's words what {@link withCpuModel} put in. */
export function withoutCpuModel(text: string): string {
  return text.replaceAll(` ${flag}`, "");
}

/** Tags of `docker/dockerfile` whose RUN knows `--mount=type=secret,env=` (1.10, September 2024). */
const frontendTag =
  /^(?:docker\.io\/)?docker\/dockerfile(?::(?:latest|labs|1|1-labs|1\.[1-9]\d(?:\.\d+)?(?:-labs)?))?(?:@\S+)?$/;

/** Whether the frontend that a Dockerfile asks for (`# syntax=`) understands what {@link withCpuModel} writes; true for none, the engine's own. */
export function frontendSetsCpu(dockerfile: string): boolean {
  const syntax = /^(?:\s*#[ \t]*[a-z]+[ \t]*=.*\n)*?\s*#[ \t]*syntax[ \t]*=[ \t]*(\S+)/i.exec(dockerfile)?.[1];
  return syntax === undefined || frontendTag.test(syntax);
}

/** QEMU's refusal of a model, or of a feature of it, in the log of a step (7.2). */
export const cpuRefused = /unable to find CPU model '|can't apply global \S+-cpu\./;

/** Code of the error that says that the emulator does not know the model. */
export const cpuRefusedCode = "EMULATED_CPU_REFUSED";

/**
 * Builds with the request's model, and again without it when it is our own and the node's emulator does not know it: the steps before the first
 * emulated one come from the cache. A `QEMU_CPU` among the build arguments is the user's own way, and nothing is added.
 *
 * Throws what `build` throws; the refusal of a chosen model as kind `input`.
 */
export async function withModelOrDefault<T>(
  { emulatedCpu, args, source }: Pick<EngineRequest, "emulatedCpu" | "args" | "source">,
  onEvent: (event: EngineEvent) => void,
  build: (emulatedCpu: EmulatedCpu | undefined) => Promise<T>,
): Promise<T> {
  if (emulatedCpu === undefined || emulatedCpu.runLines.length === 0 || args["QEMU_CPU"] !== undefined) {
    return build(undefined);
  }
  if (!frontendSetsCpu(source.text)) {
    const text =
      "Emulated steps run on the emulator's default CPU: the frontend of this Dockerfile (# syntax=) is older than docker/dockerfile:1.10.";
    onEvent({ type: "warning", text });
    return build(undefined);
  }
  try {
    return await build(emulatedCpu);
  } catch (error) {
    if (!(error instanceof ArchwayError && error.code === cpuRefusedCode)) throw error;
    if (emulatedCpu.chosen) throw refusedChoice(emulatedCpu.model, error);
    const text = `The node's emulator does not know the CPU "${emulatedCpu.model}": building again with its default.`;
    onEvent({ type: "warning", text });
    return build(undefined);
  }
}

/** What the refusal of a model means for the user who chose it; the message has the emulator's own words. */
function refusedChoice(model: string, { code, message, place, cause }: ArchwayError): ArchwayError {
  return new ArchwayError({
    code,
    kind: "input",
    message,
    hint: `The node's emulator does not know the CPU "${model}": give another with --emulated-cpu, or --emulated-cpu default for its own.`,
    ...(place === undefined ? {} : { place }),
    ...(cause === undefined ? {} : { cause }),
  });
}

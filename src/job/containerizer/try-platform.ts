import { aarch32Question, tinyProgram, tinyProgramExitCode } from "../../platform/tiny-program.ts";
import { formatPlatform, samePlatform, type Platform } from "../../platform/platform.ts";
import type { EngineFacts, Labels } from "./containerizer.ts";
import { createdAnswer, waitAnswer } from "./docker-answers.ts";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";
import { writeLabels } from "./labels.ts";
import { loadBytes } from "./pull-image.ts";
import { tinyImage } from "./tiny-image.ts";
import { retryTransient } from "./transient-refusal.ts";

/** Architectures that a 64-bit processor may run itself. */
const relatives: Readonly<Record<string, string>> = { amd64: "386", arm64: "arm" };

/**
 * Whether an engine runs programs of a platform: a container with a tiny program tells. Natively is what its processor runs itself: its own platform, and the 32-bit relative, which many arm64
 * processors do not have and an emulator may stand in for.
 *
 * @param load.name gives an image a name, which goes with this process
 */
export async function tryPlatform(
  engine: EngineHttp,
  facts: EngineFacts,
  platform: Platform,
  load: { readonly name: () => string; readonly labels: Labels },
  signal: AbortSignal,
): Promise<"native" | "emulated" | undefined> {
  if (samePlatform(facts.platform, platform)) return "native";
  const program = tinyProgram(platform.architecture);
  if (program === undefined || platform.os !== facts.platform.os) return undefined;
  const run = async (content: Uint8Array, as: Platform) => {
    const name = load.name();
    await loadBytes(engine, await tinyImage(name, as, content), signal);
    return exitCode(engine, name, as, load.labels, signal);
  };
  if ((await run(program, platform)) !== tinyProgramExitCode) return undefined;
  const own = facts.platform.architecture;
  if (own === platform.architecture) return "native";
  if (relatives[own] !== platform.architecture) return "emulated";
  // The program ran: what for 386 is the processor for sure may for arm be QEMU.
  if (own !== "arm64") return "native";
  return (await run(aarch32Question(), facts.platform)) === tinyProgramExitCode ? "native" : "emulated";
}

/** Exit code of a container; undefined when it did not start. */
async function exitCode(
  engine: EngineHttp,
  image: string,
  platform: Platform,
  labels: Labels,
  signal: AbortSignal,
): Promise<number | undefined> {
  try {
    const path = `/containers/create?platform=${encodeURIComponent(formatPlatform(platform))}`;
    const body = { Image: image, Labels: writeLabels(labels), HostConfig: { NetworkMode: "none" } };
    const ask = (asked: string, content?: object) =>
      retryTransient(() => engine.json({ method: "POST", path: asked, body: content }, signal), { signal });
    const { Id } = createdAnswer.parse(await ask(path, body));
    try {
      await ask(`/containers/${Id}/start`);
      return waitAnswer.parse(await engine.json({ method: "POST", path: `/containers/${Id}/wait` }, signal)).StatusCode;
    } finally {
      await engine.json({ method: "DELETE", path: `/containers/${Id}?force=true` }, AbortSignal.timeout(30_000));
    }
  } catch (error) {
    if (error instanceof EngineRefusal) return undefined;
    throw error;
  }
}

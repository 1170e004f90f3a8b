import { createdAnswer, execAnswer } from "./docker-answers.ts";
import { type EngineHttp, engineLost } from "./engine-http.ts";
import { OutputFrames } from "./output-frames.ts";
import { retryTransient } from "./transient-refusal.ts";

/** Bytes of a command's output that are kept. */
const maxOutput = 64 * 1024;

/** Runs a command in a running container. Throws {@link EngineRefusal}, `ENGINE_LOST` (kind `unreachable`), the signal's reason. */
export async function execCommand(
  engine: EngineHttp,
  container: string,
  command: readonly string[],
  signal: AbortSignal,
): Promise<{ readonly exitCode: number; readonly output: string }> {
  const body = { Cmd: command, AttachStdout: true, AttachStderr: true };
  const asked = { method: "POST", path: `/containers/${container}/exec`, body } as const;
  const { Id } = createdAnswer.parse(await retryTransient(() => engine.json(asked, signal), { signal }));
  const start = { method: "POST", path: `/exec/${Id}/start`, body: { Detach: false, Tty: false } } as const;
  const { stream, head } = await engine.hijack(start, signal);
  let output = Buffer.alloc(0);
  const frames = new OutputFrames((_, bytes) => {
    output = Buffer.concat([output, bytes]).subarray(-maxOutput);
  });
  try {
    await frames.write(head);
    for await (const piece of stream) await frames.write(piece);
  } catch (error) {
    throw signal.aborted ? signal.reason : engineLost(engine.endpoint, error);
  }
  const { ExitCode } = execAnswer.parse(await engine.json({ method: "GET", path: `/exec/${Id}/json` }, signal));
  return { exitCode: ExitCode ?? 1, output: output.toString("utf8") };
}

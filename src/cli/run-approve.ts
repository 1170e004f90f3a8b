import { createInterface } from "node:readline/promises";
import { isAbort } from "../error/error.ts";
import type { JobResult } from "../job/steps-job.ts";
import type { ApprovalWork, JobSpec } from "../pipeline/job-spec.ts";
import type { CliContext } from "./context.ts";
import type { CommandJobs } from "./run-commands.ts";

/** Asks for an approval on the terminal, unless `--approve` gave it; without a terminal it is a failure that says how to give it. */
export async function approve(
  { stdin, stderr, signal, env }: CliContext,
  { id, name, work }: JobSpec & { readonly work: ApprovalWork },
  approved: readonly string[],
  emit: CommandJobs["emit"],
): Promise<JobResult> {
  const by = env["USER"] ?? "somebody at the terminal";
  const answer = async (given: boolean, who: string): Promise<JobResult> => {
    await emit({ type: "approval", job: id, answer: given ? "given" : "refused", by: who });
    if (given) return { status: "succeeded", outputs: {} };
    return {
      status: "failed",
      failure: { kind: "user", code: "APPROVAL_REFUSED", message: `"${id}" was not approved.` },
      outputs: {},
    };
  };
  if (approved.includes(id) || approved.includes(name)) return answer(true, "--approve");
  if (!("isTTY" in stdin && stdin.isTTY === true)) {
    const failure = {
      kind: "user",
      code: "APPROVAL_MISSING",
      message: `"${id}" waits for an approval, and there is no terminal to ask on.`,
      hint: `Give it with --approve ${name}.`,
    } as const;
    return { status: "failed", failure, outputs: {} };
  }
  const asking = createInterface({ input: stdin, output: stderr });
  // A terminal in raw mode gives Ctrl-C to whoever reads it.
  asking.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const limit = work.wait === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(work.wait * 1000)]);
    const said = await asking.question(`${work.message ?? `Go on with "${id}"?`} [y/N] `, { signal: limit });
    return await answer(/^y(es)?$/i.test(said.trim()), by);
  } catch (error) {
    if (!isAbort(error) && !(error instanceof Error && error.name === "TimeoutError")) throw error;
    return signal.aborted ? { status: "cancelled", outputs: {} } : answer(false, "nobody: its time is over");
  } finally {
    asking.close();
  }
}

import { userInfo } from "node:os";
import type { JobResult } from "../job/steps-job.ts";
import type { ApprovalWork, JobSpec } from "../pipeline/job-spec.ts";
import type { CommandJobs } from "./run-commands.ts";
import type { Ask } from "./run-questions.ts";

/** Milliseconds that a timer can wait for at most, 24 days: longer ones would be over at once. */
const longestWait = 2 ** 31 - 1;

/** How an approval is got. */
export interface Approval {
  /** Names and ids of the jobs that `--approve` names. */
  readonly approved: readonly string[];
  /** Absent without a terminal. */
  readonly ask?: Ask;
  readonly emit: CommandJobs["emit"];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Asks for an approval on the terminal, unless `--approve` gave it; without a terminal it is a failure that says how to give it. */
export async function approve(
  { id, name, work }: JobSpec & { readonly work: ApprovalWork },
  { approved, ask, emit, env }: Approval,
  signal: AbortSignal,
): Promise<JobResult> {
  const answer = async (given: boolean, by: string): Promise<JobResult> => {
    await emit({ type: "approval", job: id, answer: given ? "given" : "refused", by });
    if (given) return { status: "succeeded", outputs: {} };
    const message = `"${id}" was not approved: ${by} refused it.`;
    return { status: "failed", failure: { kind: "user", code: "APPROVAL_REFUSED", message }, outputs: {} };
  };
  const user = userOf(env);
  if (approved.includes(id) || approved.includes(name)) return answer(true, `${user} with --approve`);
  if (ask === undefined) {
    const failure = {
      kind: "user",
      code: "APPROVAL_MISSING",
      message: `"${id}" waits for an approval, and there is no terminal to ask on.`,
      hint: `Give it with --approve ${name}.`,
    } as const;
    return { status: "failed", failure, outputs: {} };
  }
  const limit = work.wait === undefined ? undefined : AbortSignal.timeout(Math.min(work.wait * 1000, longestWait));
  try {
    const within = limit === undefined ? signal : AbortSignal.any([signal, limit]);
    for (;;) {
      const said = (await ask(work.message ?? `Go on with "${id}"?`, within)).trim();
      if (/^y(es)?$/i.test(said)) return await answer(true, user);
      // Anything else was meant for something else, and a refusal cannot be taken back.
      if (/^(no?)?$/i.test(said)) return await answer(false, user);
    }
  } catch (error) {
    if (signal.aborted) return { status: "cancelled", outputs: {} };
    if (limit?.aborted !== true) throw error;
    const message = `"${id}" was not approved within ${work.wait} s.`;
    await emit({ type: "approval", job: id, answer: "refused", by: "nobody: its time is over" });
    return { status: "failed", failure: { kind: "timeout", code: "APPROVAL_TIMEOUT", message }, outputs: {} };
  }
}

/** Who sits at the terminal. */
function userOf(env: Approval["env"]): string {
  const named = env["USER"] ?? env["LOGNAME"];
  if (named !== undefined && named !== "") return named;
  try {
    return userInfo().username;
  } catch {
    // A user without an entry in the list of users.
    return `user ${process.getuid?.() ?? ""}`.trim();
  }
}

import { parseConfig } from "../../src/config/parse-config.ts";
import { ArchwayError } from "../../src/error/error.ts";
import type { RunEventBody } from "../../src/event/run-event.ts";
import { SecretMasks } from "../../src/job/mask-secrets.ts";
import { NetworkQueue } from "../../src/job/network-queue.ts";
import { handleFailure } from "../../src/job/handle-failure.ts";
import { runAttempt } from "../../src/job/run-attempt.ts";
import { expandPipeline } from "../../src/pipeline/expand-pipeline.ts";
import type { RunFacts } from "../../src/pipeline/facts.ts";
import { parsePlatform } from "../../src/platform/platform.ts";
import { MachinePool } from "../../src/run/machine-pool.ts";
import { runPipeline, type RunState } from "../../src/run/run-pipeline.ts";
import { type EngineScript, ScriptedContainerizer } from "./scripted-containerizer.ts";
import { type FolderScript, ScriptedFolders } from "./scripted-folder.ts";
import { VirtualClock } from "./virtual-clock.ts";

const [amd64, arm64] = [parsePlatform("linux/amd64"), parsePlatform("linux/arm64")];
const facts: RunFacts = {
  run: "r",
  number: 1,
  event: "manual",
  branch: "main",
  tag: "",
  sha: "",
  message: "",
  authorName: "",
  authorEmail: "",
  inputs: {},
};

/** An event with its virtual time. */
export type TimedEvent = RunEventBody & { readonly at: number };

/** What came of a run. */
export interface ScriptedRun {
  readonly state: RunState;
  readonly events: readonly TimedEvent[];
  readonly engine: ScriptedContainerizer;
  readonly folders: ScriptedFolders;
  /** Milliseconds that it took. */
  readonly took: number;
}

const notScripted = new ArchwayError({ code: "NOT_SCRIPTED", kind: "failed", message: "Commands are not scripted." });

/** Runs the jobs of a pipeline on an engine that does what a script says, in virtual time. Jobs without steps fail. */
export async function runScripted(
  jobs: string,
  script: EngineScript,
  {
    cancelAt,
    secrets = {},
    noFolder,
    ...files
  }: FolderScript & {
    readonly cancelAt?: number;
    readonly secrets?: Readonly<Record<string, string>>;
    /** Why no job gets files. */
    readonly noFolder?: Error;
  } = {},
): Promise<ScriptedRun> {
  const clock = new VirtualClock();
  const engine = new ScriptedContainerizer(clock, script);
  const folders = new ScriptedFolders(clock, files);
  const graph = expandPipeline(parseConfig(`version: 1\n${jobs}`, "/x/.archway.yaml"), facts);
  const events: TimedEvent[] = [];
  const emit = (event: RunEventBody) => void events.push({ ...event, at: clock.now() });
  const stop = new AbortController();
  if (cancelAt !== undefined)
    clock.after(cancelAt, () => stop.abort(new DOMException("It was cancelled", "AbortError")));
  const around = {
    run: "r",
    containerizer: engine,
    networks: new NetworkQueue(engine.name, clock),
    clock,
    openFolder: () => (noFolder === undefined ? folders.openFolder() : Promise.reject(noFolder)),
    isEmulated: false,
    variables: {},
    secret: (name: string) => secrets[name] ?? "",
    masks: new SecretMasks(Object.values(secrets)),
    dockerConfig: () => "{}",
    owner: "me",
    emit,
  };
  const machine = { name: "here", platform: amd64, native: [amd64, arm64], emulated: [], slots: 4 };
  const machines = new MachinePool({
    machines: [machine],
    own: machine,
    policy: { platforms: [], emulation: true },
    seconds: () => ({}),
    now: () => clock.now(),
  });
  const state = await clock.run(
    runPipeline(
      {
        graph,
        resolution: { facts, hash: () => "" },
        machines,
        joinGroup: async () => ({ superseded: new AbortController().signal, leave: async () => {} }),
        perform: async (job, attempt) => {
          if (job.work.kind !== "steps") throw notScripted;
          const { platform = amd64 } = job;
          return runAttempt({ ...job, work: job.work, platform }, around, attempt);
        },
        handleFailure: (job, failure, failedStep) =>
          handleFailure(job, failure, { failedStep, platform: amd64, around }),
        clock,
        emit,
      },
      stop.signal,
    ),
  );
  return { state, events, engine, folders, took: clock.now() };
}

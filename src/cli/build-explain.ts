import type { BuildEvent } from "../build/events.ts";
import type { BuildPlan, PlannedPlatform } from "../build/plan.ts";
import type { EngineEvent, EngineName } from "../engine/engine.ts";
import { explainLog, type LogReader } from "../explain/explain.ts";
import type { Explanation } from "../explain/judge.ts";
import type { Engine } from "../explain/notes.ts";
import { formatPlatform, type Platform } from "../platform/platform.ts";

/** What a failed build's own logs say, a platform at a time. */
export interface BuildExplainer {
  event(event: BuildEvent): void;
  /** The errors that are known, root cause first, of each platform that failed. Warnings are left to the plan. To be asked once, when the build is over. */
  explain(): readonly FailedPlatform[];
}

/** A platform whose build failed for reasons that are known. */
export interface FailedPlatform {
  readonly platform: Platform;
  readonly errors: readonly Explanation[];
}

const engineNames: Readonly<Record<EngineName, Engine>> = {
  buildkit: "BuildKit",
  buildx: "buildx",
  buildah: "Buildah",
};

/** Steps of one platform that are told apart; a Dockerfile has fewer. */
const maxSteps = 5000;

/**
 * Reads what the engines print while a build runs, in bounded memory, so that a failure can be explained with all that is known: the step, its platform, the
 * strategy and whether the programs were emulated.
 */
export function explainBuild(plan: Pick<BuildPlan, "placements">): BuildExplainer {
  const platforms = new Map(plan.placements.map((placement) => [formatPlatform(placement.platform), watch(placement)]));
  return {
    event(event) {
      if (event.type === "publish") return;
      const watched = platforms.get(formatPlatform(event.platform));
      if (!watched) return;
      if (event.type === "engine") watched.engine(event.event);
      else if (event.type === "failed") watched.failed = true;
    },
    explain: () =>
      [...platforms.values()]
        .filter(({ failed }) => failed)
        .map(({ platform, reader }) => ({
          platform,
          errors: reader.end().errors.filter(({ severity }) => severity === "error"),
        }))
        .filter(({ errors }) => errors.length > 0),
  };
}

interface Watched {
  readonly platform: Platform;
  readonly reader: LogReader;
  engine(event: EngineEvent): void;
  failed: boolean;
}

/** Hands the events of one platform to a reader, in the form of BuildKit's plain printer. */
function watch({ platform, strategy, node }: PlannedPlatform): Watched {
  const [host] = node.info.platforms;
  const reader = explainLog({
    platform,
    engine: engineNames[node.info.name],
    ...(host ? { host } : {}),
    ...(strategy === "emulated" ? { emulated: true } : {}),
  });
  const numbers = new Map<string, number>();
  const numberOf = (id: string) => {
    const known = numbers.get(id);
    if (known !== undefined) return known;
    if (numbers.size >= maxSteps) numbers.clear();
    numbers.set(id, numbers.size + 1);
    return numbers.size;
  };
  /** The end of a step's output that is no whole line yet. */
  const rests = new Map<string, string>();
  const say = (text: string) => reader.push(Buffer.from(`${text}\n`));
  const flush = (id: string) => {
    const rest = rests.get(id) ?? "";
    rests.delete(id);
    if (rest !== "") say(`#${numberOf(id)} 0.0 ${rest}`);
  };
  return {
    platform,
    reader,
    failed: false,
    engine(event) {
      if (event.type === "step") {
        const number = numberOf(event.id);
        if (event.state === "started") say(`#${number} ${event.name}`);
        else flush(event.id);
        if (event.state === "done") say(`#${number} DONE 0.0s`);
        else if (event.state === "cached") say(`#${number} CACHED`);
        else if (event.state === "canceled") say(`#${number} CANCELED`);
        else if (event.state === "failed") say(`#${number} ERROR: ${(event.error ?? "").replaceAll(/\s*\n\s*/g, " ")}`);
      } else if (event.type === "log" && event.step === undefined) {
        reader.push(Buffer.from(event.text.endsWith("\n") ? event.text : `${event.text}\n`));
      } else if (event.type === "log" && event.step !== undefined) {
        const lines = `${rests.get(event.step) ?? ""}${event.text}`.split("\n");
        rests.set(event.step, lines.pop() ?? "");
        for (const line of lines) say(`#${numberOf(event.step)} 0.0 ${line}`);
      }
    },
  };
}

import type { ArchwayError } from "../error/error.ts";
import type { EngineEvent } from "../engine/engine.ts";
import { summarizeSteps } from "../engine/steps.ts";
import type { Digest } from "../oci/descriptor.ts";
import { formatPlatform, samePlatform } from "../platform/platform.ts";
import type { Platform } from "../platform/platform.ts";
import { GateRefusal } from "../publish/gate.ts";
import type { BuildEvent } from "./events.ts";
import type { BuildPlan, PlannedPlatform } from "./plan.ts";
import type { BuildReport, PlatformReport } from "./report.ts";
import { runsNatively } from "./stages.ts";

/** What is known of a build while it runs, so that one that fails can be told as fully as one that succeeds. */
export interface BuildJournal {
  event(event: BuildEvent): void;
  /** The report of the build that ended with this error: what was built and proven until then, and why there is no more. */
  failed(error: ArchwayError): BuildReport;
}

/** What was seen of one platform. */
interface Seen {
  readonly steps: EngineEvent[];
  made?: { readonly digest?: Digest; readonly resumed: boolean };
  verdict?: PlatformReport["verdict"];
  failure?: string;
}

/** Keeps the journal of one build. Platforms of `allowMissing` may fail: they are reported as missing. */
export function keepJournal(
  plan: Pick<BuildPlan, "placements" | "missing">,
  allowMissing: readonly Platform[],
): BuildJournal {
  const seen = new Map<string, Seen>(plan.placements.map(({ platform }) => [formatPlatform(platform), { steps: [] }]));
  const optional = (platform: Platform) => allowMissing.some((allowed) => samePlatform(allowed, platform));
  return {
    event(event) {
      if (event.type === "publish") return;
      const entry = seen.get(formatPlatform(event.platform));
      if (entry) note(entry, event);
    },
    failed(error) {
      const proofs = error instanceof GateRefusal ? error.proofs : [];
      const platforms: PlatformReport[] = [];
      const unbuilt: { platform: Platform; reason: string }[] = [];
      for (const placement of plan.placements) {
        const { platform } = placement;
        const entry = seen.get(formatPlatform(platform));
        if (!entry?.made || entry.failure !== undefined) {
          unbuilt.push({ platform, reason: entry?.failure ?? "stopped, because the build had failed" });
          continue;
        }
        const proof = proofs.find((other) => samePlatform(other.platform, platform));
        platforms.push({
          ...reportOf(placement, entry, entry.made),
          ...(proof ? { verdict: proof.verdict, findings: proof.findings } : {}),
        });
      }
      return {
        version: 1,
        platforms,
        missing: [...plan.missing, ...unbuilt.filter(({ platform }) => optional(platform))],
        failure: {
          code: error.code,
          message: error.message,
          unbuilt: unbuilt.filter(({ platform }) => !optional(platform)),
        },
      };
    },
  };
}

function note(entry: Seen, event: Exclude<BuildEvent, { type: "publish" }>): void {
  switch (event.type) {
    case "engine":
      // Logs are long, and no step is told by them.
      if (event.event.type === "step") entry.steps.push(event.event);
      return;
    case "built":
    case "resumed":
      entry.made = {
        resumed: event.type === "resumed",
        ...(event.digest === undefined ? {} : { digest: event.digest }),
      };
      return;
    case "proven":
      entry.verdict = event.verdict;
      return;
    case "failed":
      entry.failure = event.message;
      return;
    case "started":
    case "proving":
  }
}

function reportOf(placement: PlannedPlatform, entry: Seen, made: NonNullable<Seen["made"]>): PlatformReport {
  const { platform, node, reason, strategy } = placement;
  const steps = summarizeSteps(entry.steps, {
    target: platform,
    runsNatively: (other) => runsNatively(node, other),
  });
  return {
    platform,
    strategy: steps.seconds.emulated > 0 ? "emulated" : strategy,
    reason: made.resumed ? "built by an earlier run of the same command" : reason,
    node: node.engine.endpoint,
    engine: `${node.info.name} ${node.info.version}`,
    seconds: steps.seconds,
    cachedSteps: steps.cachedSteps,
    ...(steps.slowest ? { slowestStep: { name: steps.slowest.name, seconds: steps.slowest.seconds } } : {}),
    ...(made.digest === undefined ? {} : { digest: made.digest }),
    // Files have no digest, and nothing to prove; an image whose proof did not end is undecided.
    verdict: entry.verdict ?? (made.digest === undefined ? "skipped" : "undecided"),
    findings: [],
    resumed: made.resumed,
  };
}

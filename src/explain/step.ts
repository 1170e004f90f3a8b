import { normalizePlatform, type Platform } from "../platform/platform.ts";

/** A step of a build, as its engine announced it in the log. */
export interface Step {
  /** What a person recognises: `[linux/arm64 build 3/5] RUN make`, `STEP 3/5: RUN make`. */
  readonly name: string;
  /** The instruction with its arguments: `RUN make`. */
  readonly command: string;
  /** The platform that the step's result is for; absent when the engine did not say. */
  readonly target?: Platform;
  /** The platform whose programs it runs: differs from `target` in cross-compiling stages. */
  readonly runsOn?: Platform;
  /** The line of the log in which it was announced. */
  readonly line: number;
  state: "running" | "done" | "cached" | "canceled" | "failed";
}

const instruction = "(?:ONBUILD )?(?:RUN|COPY|ADD|FROM|WORKDIR|ENV|ENTRYPOINT|CMD|USER|ARG|LABEL|EXPOSE|SHELL|VOLUME)";
const platformText = String.raw`(?<os>linux|windows|darwin|freebsd)\/(?<arch>[a-z0-9_]+)(?:\/(?<variant>v[0-9.]+))?`;

/** `[linux/amd64->arm64 build 3/5] RUN …`, `[app linux/arm64 2/4] RUN …`, `[build 3/5] COPY …` (dockerfile2llb `prefixCommand`; bake puts its target first). */
const buildkitStep = new RegExp(
  String.raw`^\[(?:(?<bakeTarget>[\w.-]+) )?(?:${platformText}(?:->(?<target>[a-z0-9/._]+))? )?(?:[\w.$-]+ +)?(?:stage-\d+ +)?\d+\/\d+\] (?<command>${instruction}\b.*)`,
);
const buildkitInternal = new RegExp(String.raw`^\[(?:[\w.-]+ )?(?:${platformText} )?internal\] (?<command>.*)`);
/** `Step 3/5 : RUN …` of Docker's classic builder, `STEP 3/5: RUN …` and `[linux/arm64] [2/3] STEP 3/5: RUN …` of Buildah and Podman. */
const sequentialStep = new RegExp(
  String.raw`^(?<lane>(?:\[${platformText}\] ?)?(?:\[(?<stage>\d+)\/\d+\] ?)?)(?:STEP|Step) \d+(?:\/\d+)? ?: (?<command>${instruction}\b.*)`,
);
/** kaniko: `INFO[0012] RUN make`, with or without a time. */
const kanikoStep = new RegExp(String.raw`^INFO(?:\[\d+\])? (?<command>${instruction}\b.*)`);

/** What the announcement of a step says, or `undefined` when a line is none. `lane` tells sequences of steps apart that run side by side. */
export function readStep(
  text: string,
  line: number,
): { readonly step: Step; readonly sequential: boolean; readonly lane: string } | undefined {
  const buildkit = buildkitStep.exec(text) ?? buildkitInternal.exec(text);
  if (buildkit?.groups) return { step: stepOf(text, buildkit.groups, line), sequential: false, lane: "" };
  const sequential = sequentialStep.exec(text) ?? kanikoStep.exec(text);
  if (!sequential?.groups) return undefined;
  return { step: stepOf(text, sequential.groups, line), sequential: true, lane: sequential.groups["lane"] ?? "" };
}

type Groups = Readonly<Record<string, string | undefined>>;

function stepOf(name: string, { os, arch, variant, target, command = "" }: Groups, line: number): Step {
  const runsOn =
    os === undefined || arch === undefined ? undefined : normalizePlatform({ os, architecture: arch, variant });
  const made = runsOn === undefined ? undefined : targetOf(runsOn, target);
  return {
    name: name.slice(0, 400),
    command: command.slice(0, 4000),
    line,
    state: "running",
    ...(runsOn ? { runsOn } : {}),
    ...(made ? { target: made } : {}),
  };
}

/** What follows the arrow of `linux/amd64->arm64`: the parts that differ, operating system first when that differs too. */
function targetOf(runsOn: Platform, arrow: string | undefined): Platform {
  if (arrow === undefined) return runsOn;
  const parts = arrow.split("/");
  const [os, architecture, variant] = /^(?:linux|windows|darwin|freebsd)$/.test(parts[0] ?? "")
    ? parts
    : [runsOn.os, ...parts];
  return normalizePlatform({ os: os ?? runsOn.os, architecture: architecture ?? runsOn.architecture, variant });
}

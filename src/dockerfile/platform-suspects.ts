import { formatPlatform, samePlatform } from "../platform/platform.ts";
import { architecturesIn, foreignName } from "./architecture-name.ts";
import { automaticArgs, isAutomaticArg, targetArgNames } from "./automatic-args.ts";
import type { EvaluatedRun, Evaluation, Stage } from "./evaluation.ts";
import { chainOf } from "./file-origin.ts";
import { imageOf } from "./image-uses.ts";
import type { Dockerfile } from "./parse.ts";
import { runText } from "./run-script.ts";
import type { Candidate } from "./suspect.ts";
import { variablesIn } from "./target-use.ts";

/** S01: the stage that becomes the image, or one it begins from, runs on another platform than the image is for. */
export function finalStageSuspects({ stages, target, targetPlatform }: Evaluation): Candidate[] {
  const bottom = chainOf(stages, target).at(-1) ?? target;
  if (samePlatform(bottom.platform, targetPlatform) || bottom.platformFlag === undefined) return [];
  const { written } = bottom.platformFlag;
  const here = bottom === target ? "The final stage" : `The final stage begins from stage ${bottom.label}, which`;
  return [
    {
      code: "S01",
      text: `${here} is on ${formatPlatform(bottom.platform)} (--platform=${written}): everything in it but copied files is for that platform, in the image for ${formatPlatform(targetPlatform)} too.`,
      line: bottom.text.from.range.start.line,
      fix: `Remove --platform=${written} from this FROM; only stages whose results are copied elsewhere may have one.`,
      stage: bottom.index,
      explains: "files of the base",
    },
  ];
}

/** S02: a value of TARGETARCH and its kin that is not BuildKit's own. */
export function shadowSuspects(dockerfile: Dockerfile, evaluation: Evaluation): Candidate[] {
  const { buildPlatform, targetPlatform, stages } = evaluation;
  const automatic = automaticArgs(buildPlatform, targetPlatform, "", {});
  return stages
    .filter(({ reachable }) => reachable)
    .flatMap((stage) =>
      stage.instructions.flatMap((each) => {
        if (each.keyword !== "ARG") return [];
        return each.args.flatMap(({ name, value, origin }): Candidate[] => {
          const isTarget = targetArgNames.some((target) => target === name);
          if (!isTarget || value === undefined || value === automatic.get(name)) return [];
          const line = origin === "global" ? globalLine(dockerfile, name) : each.line;
          return [
            {
              code: "S02",
              text: `${shadowing(name, value, origin)}: it hides the automatic value ${automatic.get(name) ?? ""}, so every platform is built as ${value}.`,
              line,
              fix:
                origin === "build-arg"
                  ? `Do not pass --build-arg ${name}; BuildKit sets it for each platform.`
                  : `Write ARG ${name} without a default; where one is needed for other builders, use \${${name}:-${value}} in the command.`,
              stage: stage.index,
              variable: name,
            },
          ];
        });
      }),
    );
}

function shadowing(name: string, value: string, origin: string): string {
  return origin === "build-arg" ? `--build-arg ${name}=${value} is given` : `ARG ${name} has the default ${value}`;
}

function globalLine(dockerfile: Dockerfile, name: string): number {
  const instruction = dockerfile.globalArgs.findLast(({ args }) => args.some((arg) => arg.name.text === name));
  return instruction?.range.start.line ?? 1;
}

/** S16: an automatic argument that a stage uses without declaring it. */
export function undeclaredSuspects({ stages }: Evaluation): Candidate[] {
  return stages
    .filter(({ reachable }) => reachable)
    .flatMap((stage) =>
      stage.instructions.flatMap((each): Candidate[] => {
        const inScript = each.keyword === "RUN" ? unsetIn(each) : [];
        const names = [...new Set([...each.unset, ...inScript])].filter(isAutomaticArg);
        return names.map((name) => ({
          code: "S16",
          text: `$${name} is used in stage ${stage.label}, which has no ARG ${name}: it is empty there, and programs take the platform they run on.`,
          line: each.line,
          fix: `Add ARG ${name} to stage ${stage.label}, before line ${each.line}.`,
          stage: stage.index,
          instruction: each.instruction,
          variable: name,
        }));
      }),
    );
}

/** Variables that a script refers to and neither it nor the stage sets. */
function unsetIn(run: EvaluatedRun): string[] {
  const text = runText(run);
  return variablesIn(text).filter((name) => {
    return run.environment.get(name) === undefined && !new RegExp(`\\b${name}=|\\bread\\b.*\\b${name}\\b`).test(text);
  });
}

/** Base images whose name or digest is that of one architecture. */
export function baseSuspects({ stages, targetPlatform }: Evaluation): Candidate[] {
  return stages.flatMap((stage) => {
    if (!stage.reachable || !samePlatform(stage.platform, targetPlatform)) return [];
    const base = imageOf(stage.base);
    const line = stage.text.from.range.start.line;
    const copied = stage.instructions.flatMap((each) => {
      const image = each.keyword === "COPY" ? imageOf(each.origin) : undefined;
      return image === undefined ? [] : [{ ...image, line: each.line, instruction: each.instruction }];
    });
    const images = [...(base === undefined ? [] : [{ ...base, line, instruction: undefined }]), ...copied];
    return images.flatMap(({ reference, line, instruction }) => {
      const place = { line, stage: stage.index, ...(instruction === undefined ? {} : { instruction }) };
      return baseCandidates(stage, reference).map((candidate) => ({ ...candidate, ...place }));
    });
  });
}

function baseCandidates(
  { platform }: Stage,
  reference: string,
): Pick<Candidate, "code" | "text" | "fix" | "explains">[] {
  const explains = "files of the base" as const;
  const name = reference.replace(/@.*$/, "");
  const foreign = foreignName(name, platform);
  if (foreign !== undefined) {
    return [
      {
        code: "base-arch-pinned",
        text: `The image ${name} is named for ${foreign} and is taken for ${formatPlatform(platform)} too.`,
        fix: `Take the image of all platforms (${withoutArchitecture(name)}), or name it by $TARGETARCH.`,
        explains,
      },
    ];
  }
  if (!reference.includes("@")) return [];
  return [
    {
      code: "base-digest-pinned",
      text: `The image ${name} is pinned by a digest. If that is the digest of one platform's manifest, every platform gets it.`,
      fix: `Pin the digest of the index: docker buildx imagetools inspect ${name} shows it in its first lines.`,
      explains,
    },
  ];
}

/** `amd64/alpine` → `alpine`, `nginx-amd64:1` → `nginx:1`. */
function withoutArchitecture(name: string): string {
  const [first] = architecturesIn(name);
  if (first === undefined) return name;
  const spelling = first.text.replaceAll(/[^A-Za-z0-9_]/g, "\\$&");
  return name
    .replace(new RegExp(`(?:^|(?<=/))${spelling}/`), "")
    .replace(new RegExp(`[-_.]${spelling}\\b|(?<=:)${spelling}[-_.]`), "");
}

import type { Platform } from "../platform/platform.ts";
import type { TracedEnvironment } from "./environment.ts";
import type {
  ArgInstruction,
  CommandInstruction,
  CopyInstruction,
  HealthcheckInstruction,
  ListInstruction,
  OnbuildInstruction,
  PairsInstruction,
  RunInstruction,
  ShellInstruction,
  ValueInstruction,
} from "./instruction.ts";
import type { Mount } from "./mount.ts";
import type { StageText } from "./parse.ts";

/** What a Dockerfile means for one platform: every variable has its value, every stage its platform and its origin. */
export interface Evaluation {
  readonly targetPlatform: Platform;
  /** The platform of the node that builds: `$BUILDPLATFORM`. */
  readonly buildPlatform: Platform;
  /** What FROM sees: automatic arguments, then the ARGs before the first FROM. */
  readonly globals: TracedEnvironment;
  /** All stages in the order of the file, also those that the target does not need. */
  readonly stages: readonly Stage[];
  /** The stage that becomes the image; one of `stages`. */
  readonly target: Stage;
  /** Images from outside that the target needs, in the order of the file. */
  readonly images: readonly ImageUse[];
  /** The image that BuildKit reads the file with: `BUILDKIT_SYNTAX`, else the `# syntax=` directive. */
  readonly syntax?: { readonly image: string; readonly line?: number };
  /** Names of given build arguments that no ARG declares and that mean nothing by themselves. */
  readonly unusedArgs: readonly string[];
  /** Variables that are expanded and set nowhere: mostly misspelt, or an ARG is missing in the stage. */
  readonly unknownVariables: readonly UnknownVariable[];
}

/** A variable without a value. */
export interface UnknownVariable {
  readonly name: string;
  readonly line: number;
  /** Index of the stage; absent in FROM and in the ARGs before it. */
  readonly stage?: number;
  /** False when the base image, whose ENV is not known, may set it. */
  readonly certain: boolean;
}

/** Where the file system of a stage begins. */
export type StageBase =
  | { readonly kind: "scratch" }
  | { readonly kind: "stage"; readonly index: number }
  /** The reference as it is after expansion, not completed. */
  | { readonly kind: "image"; readonly reference: string }
  /** A named context takes the place of an image or of the whole stage; `value` is what `--build-context NAME=VALUE` said. */
  | { readonly kind: "context"; readonly name: string; readonly value: string };

/** One stage. */
export interface Stage {
  readonly text: StageText;
  readonly index: number;
  /** Its name, or `stage-N` as BuildKit calls those without one. */
  readonly label: string;
  readonly base: StageBase;
  /**
   * Where its RUN steps run and what its base image is for: the target platform unless `--platform` says otherwise. A stage that begins
   * from another has that one's platform, whatever its own flag says; `FROM scratch` always has the target's.
   */
  readonly platform: Platform;
  /** The `--platform` of its FROM when it counts: what was written, and the variables in it. */
  readonly platformFlag?: { readonly written: string; readonly variables: readonly string[] };
  /** True when the target needs it. */
  readonly reachable: boolean;
  /** True when a named context takes its place: its instructions are not executed. */
  readonly replaced: boolean;
  /** Its instructions, the ONBUILD triggers of its base first. */
  readonly instructions: readonly EvaluatedInstruction[];
  /** Names that ARG declares here or in the stages it begins from. */
  readonly declaredArgs: readonly string[];
  /** Variables at its end. */
  readonly environment: TracedEnvironment;
  /** True when every variable is known: it begins from scratch, or the base image's ENV was given. */
  readonly environmentKnown: boolean;
  /** Absolute path that relative destinations start from at its end. */
  readonly workdir: string;
  /** What is wrong with a stage that the target does not need; its instructions end before it. */
  readonly problem?: string;
}

/** Where COPY, ADD or a mount takes files from. */
export type Origin = { readonly kind: "build context" } | StageBase;

interface EvaluatedBase {
  /** The line in the file; for a trigger of ONBUILD that of the FROM which fires it. */
  readonly line: number;
  readonly onbuild: boolean;
  /** Variables that it sees: those set before it. */
  readonly environment: TracedEnvironment;
  /** Variables that its expansion looked up: found, and unset. Scripts of RUN are expanded by their shell and not counted. */
  readonly used: readonly string[];
  readonly unset: readonly string[];
  /** Absolute path that relative paths start from. */
  readonly workdir: string;
}

/** How a declared ARG came to its value. */
export interface EvaluatedArg {
  readonly name: string;
  readonly value?: string;
  /** `global` is a value from before the first FROM, `automatic` one of BuildKit's own; `unset` has no value. */
  readonly origin: "build-arg" | "default" | "global" | "automatic" | "unset";
}

/** COPY or ADD with its words expanded. */
export interface EvaluatedCopy extends EvaluatedBase {
  readonly keyword: "COPY" | "ADD";
  readonly instruction: CopyInstruction;
  readonly origin: Origin;
  readonly sources: readonly string[];
  /** Absolute, with the final slash it was written with. */
  readonly destination: string;
}

/** RUN with its mounts. */
export interface EvaluatedRun extends EvaluatedBase {
  readonly keyword: "RUN";
  readonly instruction: RunInstruction;
  readonly mounts: readonly (Mount & { readonly origin: Origin })[];
}

/** An instruction with its words expanded. */
export type EvaluatedInstruction =
  | EvaluatedCopy
  | EvaluatedRun
  | (EvaluatedBase & {
      readonly keyword: "ARG";
      readonly instruction: ArgInstruction;
      readonly args: readonly EvaluatedArg[];
    })
  | (EvaluatedBase & {
      readonly keyword: "ENV" | "LABEL";
      readonly instruction: PairsInstruction;
      readonly pairs: readonly { readonly name: string; readonly value: string }[];
    })
  | (EvaluatedBase & {
      readonly keyword: "EXPOSE" | "VOLUME";
      readonly instruction: ListInstruction;
      readonly words: readonly string[];
    })
  | (EvaluatedBase & {
      readonly keyword: "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER";
      readonly instruction: ValueInstruction;
      /** For WORKDIR the absolute path. */
      readonly value: string;
    })
  | (EvaluatedBase & {
      readonly keyword: "CMD" | "ENTRYPOINT" | "HEALTHCHECK" | "SHELL" | "ONBUILD";
      readonly instruction: CommandInstruction | HealthcheckInstruction | ShellInstruction | OnbuildInstruction;
    });

/** An image from outside that a build needs, and the platform it must have. */
export interface ImageUse {
  /** As in the Dockerfile (or named context) after expansion, not completed. */
  readonly reference: string;
  readonly platform: Platform;
  /** Index of the stage that uses it. */
  readonly stage: number;
  readonly line: number;
  /** How it is used. */
  readonly use: "base" | "copy" | "mount";
  /** Name of the context that put it in the place of what the file says. */
  readonly context?: string;
}

/** What the configuration of a base image adds to an evaluation. */
export interface BaseImageConfig {
  readonly env: Readonly<Record<string, string>>;
  readonly workdir?: string;
  /** Triggers, as the configuration holds them: `COPY . /app`. */
  readonly onbuild?: readonly string[];
}

/** What a build is asked for. */
export interface EvaluateOptions {
  readonly targetPlatform: Platform;
  readonly buildPlatform: Platform;
  /** Name of the stage to build; default the last one. */
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  /** Named contexts: `--build-context NAME=VALUE`. */
  readonly contexts?: Readonly<Record<string, string>>;
  /** What is known of an image's configuration; without it ENV, WORKDIR and ONBUILD of base images are unknown. */
  readonly baseImage?: (reference: string, platform: Platform) => BaseImageConfig | undefined;
  /**
   * For looking at a file without building it: a character that stands in build arguments for what is not known. Then a base that is unknown, blank or
   * no valid name is an image of that name, a platform that is unknown or wrong is the target's, and a stage ends at the first word that
   * cannot be expanded instead of the whole evaluation.
   */
  readonly unknownMark?: string;
}

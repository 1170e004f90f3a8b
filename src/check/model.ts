import type { Evaluation, Stage } from "../dockerfile/evaluation.ts";
import type { Dockerfile } from "../dockerfile/parse.ts";
import type { Platform } from "../platform/platform.ts";
import type { BuildCall } from "./callers/build-call.ts";
import type { Facts } from "./facts/facts.ts";
import type { MakefileModel } from "./make/makefile.ts";
import type { Manifest } from "./manifests/manifest.ts";
import type { PackageFile } from "./packages/dependency.ts";
import type { Place } from "./place.ts";
import type { Repository } from "./repository/repository.ts";
import type { ShellTrace } from "./shell/trace.ts";
import type { Value } from "./value.ts";

/**
 * Where the commands of an execution run and for whom: `image` makes the image of the target platform; `build` is a stage on the build platform, whose
 * files may go on; `host` is the machine of whoever runs make or a script; `runner` is a CI machine.
 */
export type Scope = "image" | "build" | "host" | "runner";

/** One script as it runs for one platform: a RUN, a recipe of make, a script of the repository, a step of CI. */
export interface Execution {
  readonly kind: "run" | "recipe" | "script" | "step";
  readonly scope: Scope;
  /** The platform that is wanted in the end. */
  readonly target: Platform;
  /** The platform that the commands run on, natively or emulated. */
  readonly machine: Platform;
  readonly trace: ShellTrace;
  /** From its first to its last line: of a RUN the whole instruction. */
  readonly place: Place;
  /** The target of a recipe; the name of a job and step. */
  readonly name?: string;
  /** Set for a RUN. */
  readonly stage?: StageModel;
  /** Set for a recipe. */
  readonly makefile?: MakefileModel;
}

/** An instruction's word as it is for one platform. */
export interface CopyModel {
  readonly keyword: "COPY" | "ADD";
  readonly place: Place;
  readonly sources: readonly Value[];
  /** As written, relative to WORKDIR. */
  readonly destination: Value;
  /** The destination as an absolute path, with a slash at its end when it is a folder. Unknown parts are `unknownMark`. */
  readonly path: string;
  /** Where the files come from: the context, or a stage or image by the words of `--from`. */
  readonly from:
    | { readonly kind: "context" }
    | { readonly kind: "stage"; readonly index: number }
    | { readonly kind: "image"; readonly value: Value };
}

/** A stage of a Dockerfile for one target platform on one build platform. */
export interface StageModel {
  readonly variant: DockerfileVariant;
  readonly stage: Stage;
  /**
   * `target`: its platform is the wanted one. `build`: it is on the build platform. `constant`: a fixed platform. What a stage inherits counts as its own.
   */
  readonly role: "target" | "build" | "constant";
  /** True when it is the image in the end: the stage that is built, or one that it begins from. */
  readonly isFinal: boolean;
  /** The image in FROM, when it begins from one, as evaluated. */
  readonly base?: Value;
  readonly from: Place;
  readonly copies: readonly CopyModel[];
  /** ENV and ARG with a value, in order. */
  readonly variables: readonly {
    readonly keyword: "ENV" | "ARG";
    readonly name: string;
    readonly value: Value;
    readonly place: Place;
    /** How an ARG came to it. */
    readonly origin: "build-arg" | "default" | "global" | "automatic" | "env";
  }[];
  readonly runs: readonly Execution[];
}

/** A Dockerfile as one build sees it. */
export interface DockerfileVariant {
  readonly file: DockerfileModel;
  readonly platform: Platform;
  readonly buildPlatform: Platform;
  /** What calls the build; absent for the build that nobody calls: default arguments, the last stage. */
  readonly call?: BuildCall;
  readonly evaluation: Evaluation;
  /**
   * Those that count, in the order of the file (their number is `stage.index`): stages that this build needs, and stages that no build needs, which
   * somebody may build for themselves. A stage that only another platform's build needs (`build_amd64`) is not among them.
   */
  readonly stages: readonly StageModel[];
}

/** A Dockerfile of the repository. */
export interface DockerfileModel {
  readonly path: string;
  readonly dockerfile: Dockerfile;
  /** Folders that builds take as context, those that callers name first; never empty. */
  readonly contexts: readonly string[];
  readonly calls: readonly BuildCall[];
  /** One for every target platform, build platform and way to call it. */
  readonly variants: readonly DockerfileVariant[];
}

/** An image that something outside of Dockerfiles names: compose, CI, Kubernetes, a Makefile, a script. */
export interface ImageUse {
  readonly value: Value;
  readonly place: Place;
  readonly kind: "compose" | "ci" | "kubernetes" | "environment" | "command" | "variable";
  /** The platform that it must run on. */
  readonly platform: Platform;
  /** True when it is wanted for this platform whatever the machine is (`platform:` in compose, `--platform`). */
  readonly platformGiven: boolean;
}

/** What the rules look at: the repository, parsed and evaluated once for every requested platform. */
export interface Model {
  readonly repository: Repository;
  /** The requested platforms, at least one. */
  readonly platforms: readonly Platform[];
  readonly facts: Facts;
  readonly dockerfiles: readonly DockerfileModel[];
  readonly makefiles: readonly MakefileModel[];
  /** Compose, CI, Kubernetes, Helm and bake files. */
  readonly manifests: readonly Manifest[];
  /** Everything that runs, for every platform. */
  readonly executions: readonly Execution[];
  readonly calls: readonly BuildCall[];
  readonly images: readonly ImageUse[];
  /** Files that ask for packages of a language; absent in models that a test makes by hand. */
  readonly packages?: readonly PackageFile[];
  /** Files that could not be parsed. */
  readonly unreadable: readonly { readonly place: Pick<Place, "path"> & Partial<Place>; readonly message: string }[];
}

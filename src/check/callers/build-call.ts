import type { Platform } from "../../platform/platform.ts";
import type { Place } from "../place.ts";
import type { Value } from "../value.ts";

/** What calls a build. */
export type CallSource = "make" | "script" | "ci" | "compose" | "bake";

/** One build of a Dockerfile that something in the repository asks for, as it is when it runs on one machine. */
export interface BuildCall {
  readonly source: CallSource;
  /** `docker build`, `docker buildx build`, `podman build`, `kaniko`, `docker/build-push-action`, `compose`, `bake`, … */
  readonly tool: string;
  readonly place: Place;
  /** The calls on the way to it, the outermost first: the CI step or the script that calls make. */
  readonly through?: readonly Place[];
  /** The platform of the machine that it runs on. */
  readonly machine: Platform;
  /** Path of the Dockerfile in the repository; undefined when it is not known. */
  readonly dockerfile?: string;
  /** How the path was given (`-f Dockerfile$(ARCHTAG)`); absent for the default. */
  readonly fileValue?: Value;
  /** Folder of the context in the repository (`""` is the repository); undefined when it is not known or not in it. */
  readonly context?: string;
  readonly target?: string;
  /** Build arguments; the value is undefined for `--build-arg NAME`, which takes it from the environment. */
  readonly buildArgs: ReadonlyMap<string, Value | undefined>;
  /** Platforms as given; undefined when none are: then it builds for the machine. Unknown parts stay unknown. */
  readonly platforms?: readonly Value[];
  readonly tags: readonly Value[];
  /** Commands that rename or push a tag of it. */
  readonly uses?: readonly Place[];
  /** Whether the result is published: by itself (`--push`), or by a later `docker push` of one of its tags. */
  readonly publishes: boolean | "unknown";
  /** True when tags of this call are joined to an index by something in the repository (`docker manifest create`, `imagetools create`). */
  readonly joined: boolean;
  /** True when something around it says that it is for tests or development, not for a release. */
  readonly forTests: boolean;
}

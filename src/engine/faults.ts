import type { EngineFault, EngineInfo, EngineName } from "./engine.ts";
import { compareVersions } from "./version.ts";

/** A fault and the versions that have it. */
interface KnownFault extends EngineFault {
  readonly engine: EngineName;
  /** First version with the fault; absent when the beginning is not known. */
  readonly from?: string;
  /** First version without it; absent when none is known. */
  readonly fixed?: string;
}

/** Buildah's cache takes a `FROM scratch` image of one platform for another's. */
export const scratchCollapse = "buildah-scratch-platforms-collapse";

/**
 * Faults of engines that put wrong code into images or lose platforms without a word, each reproduced or reported by its project. `from` and `fixed` are versions
 * that were tried, not release notes: between them the fault is assumed.
 */
const knownFaults: readonly KnownFault[] = [
  {
    id: "buildah-wrong-stage-platform",
    engine: "buildah",
    from: "1.39",
    fixed: "1.45",
    since: "2026-11-20",
    avoided: false,
    text: "gives a final stage the file system of another platform when FROM --platform=$BUILDPLATFORM names the same image in an earlier stage. Archway names each base by the manifest of its platform, which keeps clear of it; images of named contexts it cannot name so, and the architecture gate refuses what comes of them. Update to 1.45.",
  },
  {
    id: "buildah-ignores-buildplatform",
    engine: "buildah",
    from: "1.28",
    fixed: "1.39",
    since: "2026-11-20",
    avoided: true,
    text: "ignores FROM --platform=$BUILDPLATFORM: such stages run as the target platform, emulated, or fail for want of an image. Archway names the image of the right platform in each FROM.",
  },
  {
    id: scratchCollapse,
    engine: "buildah",
    fixed: "1.41",
    since: "2025-07-01",
    avoided: true,
    text: "takes a cached FROM scratch image of one platform for another (containers/podman#18723). Archway builds such images without Buildah's cache.",
  },
  {
    id: "buildkit-no-source-policy",
    engine: "buildkit",
    fixed: "0.11",
    since: "2023-01-09",
    avoided: false,
    text: "knows no source policies: base images are resolved again by each build, and platforms may get different ones. Update.",
  },
  {
    id: "buildx-tags-before-complete",
    engine: "buildx",
    from: "0.37.0",
    fixed: "0.37.1",
    since: "2026-09-01",
    avoided: true,
    text: "pushes the final tag of a build on several nodes before all of them are done (docker/buildx#4058). Archway pushes by digest and moves tags itself.",
  },
  {
    id: "buildx-tags-children",
    engine: "buildx",
    fixed: "0.22",
    since: "2025-03-01",
    avoided: true,
    text: "pushes every platform by the final tag, so that it points at one platform for moments (docker/buildx#3024). Archway pushes by digest and moves tags itself.",
  },
];

/** The known faults of an engine's version; none for a version that cannot be read. */
export function faultsOf({ name, version }: Pick<EngineInfo, "name" | "version">): readonly EngineFault[] {
  if (!/^v?\d/.test(version)) return [];
  return knownFaults
    .filter(
      ({ engine, from, fixed }) =>
        engine === name &&
        (from === undefined || compareVersions(version, from) >= 0) &&
        (fixed === undefined || compareVersions(version, fixed) < 0),
    )
    .map(({ id, text, since, avoided }) => ({ id, text, since, avoided }));
}

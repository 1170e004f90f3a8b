import type { Instruction } from "./instruction.ts";

/**
 * Codes of the catalogue of silent failures: S01 final stage on the build platform or a constant one, S02 a default or build argument hides the
 * automatic value, S03 a compiler with a fixed target, S04 a prebuilt file of the build context, S05 a download or package of a fixed
 * architecture, S06 a base image with foreign contents, S16 an automatic argument without ARG. Bases named or pinned for one architecture have no
 * number there.
 */
export type SuspectCode =
  | "S01"
  | "S02"
  | "S03"
  | "S04"
  | "S05"
  | "S06"
  | "S16"
  | "base-arch-pinned"
  | "base-digest-pinned";

/** A likely reason why an image holds code of another architecture than its platform. */
export interface Suspect {
  readonly code: SuspectCode;
  /** What is wrong and why it makes the wrong architecture, one or two sentences. */
  readonly text: string;
  /** Line of the Dockerfile; counts from 1. */
  readonly line: number;
  /** What to write instead. */
  readonly fix: string;
}

/** A suspect with what its rank depends on. */
export interface Candidate extends Suspect {
  /** Index of the stage that it is in; absent when it is in force everywhere. */
  readonly stage?: number;
  /** The instruction that does it. */
  readonly instruction?: Instruction;
  /** The variable whose value is wrong: an instruction that uses it makes the wrong file. */
  readonly variable?: string;
  /** What it explains best: files that a base image or a package manager brings, or any. */
  readonly explains?: "files of the base";
  /** True when the script seems to choose by architecture, so that the name may be right where it stands. */
  readonly guarded?: boolean;
}

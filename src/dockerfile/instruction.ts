import type { Flag } from "./flags.ts";
import type { Heredoc } from "./heredoc.ts";
import type { MountFlag } from "./mount.ts";
import type { Range, SpannedText, Word } from "./source.ts";

/** All instructions, in capitals. */
export const keywords = [
  "ADD",
  "ARG",
  "CMD",
  "COPY",
  "ENTRYPOINT",
  "ENV",
  "EXPOSE",
  "FROM",
  "HEALTHCHECK",
  "LABEL",
  "MAINTAINER",
  "ONBUILD",
  "RUN",
  "SHELL",
  "STOPSIGNAL",
  "USER",
  "VOLUME",
  "WORKDIR",
] as const;

/** Name of an instruction. */
export type Keyword = (typeof keywords)[number];

/** What every instruction has. Words are as written: quotes stay, variables are not expanded. */
export interface InstructionBase {
  readonly keyword: Keyword;
  /** From the keyword to the last character, heredocs and their terminators included. */
  readonly range: Range;
  /** The instruction joined to one line, without its heredocs. */
  readonly source: string;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
}

/** What RUN, CMD, ENTRYPOINT and HEALTHCHECK execute. */
export type Command =
  /** A JSON array: executed as it is. */
  | { readonly form: "exec"; readonly words: readonly Word[] }
  /** A line for the shell of the stage. Heredocs of a RUN belong to it. */
  | { readonly form: "shell"; readonly script: SpannedText };

/** `NAME=VALUE` of ENV, LABEL and ARG. */
export interface Pair {
  readonly name: Word;
  readonly value: Word;
}

/** FROM: begins a stage. */
export interface FromInstruction extends InstructionBase {
  readonly keyword: "FROM";
  readonly base: Word;
  readonly platform?: Word;
  /** The name after AS, in lower case as BuildKit compares it. */
  readonly stageName?: Word;
}

/** ARG: declares variables, each with or without a default. */
export interface ArgInstruction extends InstructionBase {
  readonly keyword: "ARG";
  readonly args: readonly { readonly name: Word; readonly value?: Word }[];
}

/** ENV or LABEL. */
export interface PairsInstruction extends InstructionBase {
  readonly keyword: "ENV" | "LABEL";
  readonly pairs: readonly Pair[];
  /** True for the old spelling `ENV NAME VALUE`. */
  readonly legacy: boolean;
}

/** COPY or ADD. */
export interface CopyInstruction extends InstructionBase {
  readonly keyword: "COPY" | "ADD";
  /** Paths, and for ADD also URLs and Git references; heredocs are not among them. */
  readonly sources: readonly Word[];
  /** Files that the instruction brings itself. */
  readonly inline: readonly Heredoc[];
  readonly destination: Word;
  /** COPY only: a stage's name or number, a named context, or an image. */
  readonly from?: Word;
  readonly chown?: Word;
  readonly chmod?: Word;
  readonly checksum?: Word;
  readonly exclude: readonly Word[];
  readonly link: boolean;
  readonly parents: boolean;
  readonly keepGitDir?: boolean;
  readonly unpack?: boolean;
}

/** RUN. */
export interface RunInstruction extends InstructionBase {
  readonly keyword: "RUN";
  readonly command: Command;
  readonly mounts: readonly MountFlag[];
  readonly network: "default" | "none" | "host";
  readonly security: "sandbox" | "insecure";
  readonly devices: readonly Word[];
}

/** CMD or ENTRYPOINT. */
export interface CommandInstruction extends InstructionBase {
  readonly keyword: "CMD" | "ENTRYPOINT";
  readonly command: Command;
}

/** HEALTHCHECK; without a command it is `HEALTHCHECK NONE`. */
export interface HealthcheckInstruction extends InstructionBase {
  readonly keyword: "HEALTHCHECK";
  readonly command?: Command;
}

/** EXPOSE or VOLUME. */
export interface ListInstruction extends InstructionBase {
  readonly keyword: "EXPOSE" | "VOLUME";
  readonly words: readonly Word[];
}

/** USER, WORKDIR, STOPSIGNAL or MAINTAINER: the rest of the line is one argument. */
export interface ValueInstruction extends InstructionBase {
  readonly keyword: "USER" | "WORKDIR" | "STOPSIGNAL" | "MAINTAINER";
  readonly value: Word;
}

/** SHELL: what runs the shell form from here on. */
export interface ShellInstruction extends InstructionBase {
  readonly keyword: "SHELL";
  readonly words: readonly Word[];
}

/** ONBUILD: an instruction for the builds that use the image, or a later stage that uses this stage, as base. */
export interface OnbuildInstruction extends InstructionBase {
  readonly keyword: "ONBUILD";
  /** Absent when the trigger is no valid instruction; the engine refuses it only when it fires. */
  readonly trigger?: Instruction;
  /** What is wrong with the trigger. */
  readonly problem?: string;
}

/** Any instruction; `keyword` tells which. */
export type Instruction =
  | FromInstruction
  | ArgInstruction
  | PairsInstruction
  | CopyInstruction
  | RunInstruction
  | CommandInstruction
  | HealthcheckInstruction
  | ListInstruction
  | ValueInstruction
  | ShellInstruction
  | OnbuildInstruction;

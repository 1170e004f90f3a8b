import { ArchwayError, type ErrorParts } from "../error/error.ts";
import type { Platform } from "../platform/platform.ts";

/** What the log of a step says of a program that could not be started. */
export interface ForeignStart {
  /** As the log names it; absent when it does not. */
  readonly program?: string;
  /** A program of the step's image, mostly its shell, had started and told this: programs of the step's platform do run there. */
  readonly othersRan: boolean;
}

/** A step failed because a program in it could not be started: code of another architecture, or a platform that the node does not run. */
export class ForeignProgram extends ArchwayError {
  readonly start: ForeignStart;
  /** Where the step runs. */
  readonly runsOn: Platform;
  /** The step as the engine names it. */
  readonly step: string;

  constructor(parts: ErrorParts, start: ForeignStart, runsOn: Platform, step: string) {
    super(parts);
    this.start = start;
    this.runsOn = runsOn;
    this.step = step;
  }
}

/** runc, crun and BuildKit's executor, of the step's own first program. */
const runtimeWords =
  /exec container process (?:\([^)]*\) )?`(?<crun>[^`]+)`: exec format error|(?:^|[^/\w])exec "?(?<runc>[^\s":]+)"?: exec format error/i;

/** Shells (`/bin/sh: 1: ./tool: Exec format error`, `bash: line 1: ./tool: cannot execute binary file`), Go and Python, of a program that they start. */
const programWords =
  /(?:fork\/exec (?<go>\S+)|(?:^|: )(?<shell>[^\s:]+)): (?:exec format error|cannot execute binary file)|exec format error: '(?<python>[^']+)'/i;

/** What the words of a step say of a program that could not be started; nothing when they say something else. */
export function foreignStart(log: string): ForeignStart | undefined {
  if (!/exec format error|cannot execute binary file/i.test(log)) return undefined;
  for (const line of log.split("\n").reverse()) {
    const other = programWords.exec(line)?.groups;
    const name = other?.["go"] ?? other?.["shell"] ?? other?.["python"];
    if (name !== undefined) return { program: name, othersRan: true };
    const first = runtimeWords.exec(line)?.groups;
    const program = first?.["crun"] ?? first?.["runc"];
    if (program !== undefined) return { program, othersRan: false };
  }
  return { othersRan: false };
}

import type { Platform } from "../platform/platform.ts";
import type { Model } from "./model.ts";
import type { Repository } from "./repository/repository.ts";

/** What every reader of a kind of file gets. */
export interface Reading {
  readonly repository: Repository;
  readonly platforms: readonly Platform[];
  readonly signal: AbortSignal;
  /** Takes down a file (or a place in it) that cannot be parsed; the others go on. */
  unreadable(entry: Model["unreadable"][number]): void;
}

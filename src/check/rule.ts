import type { Severity } from "../finding/finding.ts";
import type { Platform } from "../platform/platform.ts";
import type { Model } from "./model.ts";
import type { Place } from "./place.ts";

/** A name of the wrong platform (or another text) at its exact place, for the code frame and for the fix. */
export interface Spot {
  readonly place: Place;
  /** As written there. */
  readonly text: string;
}

/** What a rule finds; `check.ts` joins those of all platforms and groups them by their cause. */
export interface Problem {
  readonly rule: string;
  /** Default: the rule's own. */
  readonly severity?: Severity;
  /** What breaks and for whom, whole sentences, without the place. */
  readonly message: string;
  /** The platforms that it breaks for. */
  readonly platforms: readonly Platform[];
  readonly place: Place;
  readonly spots?: readonly Spot[];
  /** Other lines of the same mistake, which are patched with it. */
  readonly related?: readonly { readonly place: Place; readonly message: string }[];
  /** What to write instead, one line. */
  readonly advice?: string;
  /** The Execution or instruction it is in, so that a mistake that shows twice is told once: problems with the same key are one finding. */
  readonly key?: string;
}

/** The page of a rule (docs/rules/RULE.md). All texts are Markdown. */
export interface RulePage {
  /** One line without a full stop. */
  readonly title: string;
  /** What the rule looks for. */
  readonly what: string;
  /** Why it breaks. */
  readonly why: string;
  /** How it shows at build or run time, with the exact text of the error where there is one. */
  readonly symptom: string;
  /** What to write instead, with a short example: a diff or the right lines. */
  readonly fix: string;
  /** When the finding may be ignored. */
  readonly ignore: string;
}

/** A rule: a pure function from the model to problems. */
export interface Rule {
  /** In small letters with hyphens: `base-image-missing-platform`. */
  readonly id: string;
  /** How much its findings weigh when nothing makes them lighter or heavier. */
  readonly severity: Severity;
  readonly page: RulePage;
  find(model: Model): Iterable<Problem>;
}

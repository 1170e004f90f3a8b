import type { Labels } from "./containerizer.ts";

const prefix = "dev.archway.";

/** The label that everything of ours carries. */
export const ownerLabel = `${prefix}owner`;

/** Labels as the engine keeps them. */
export function writeLabels(labels: Labels): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [`${prefix}${name}`, String(value)]));
}

/** Our labels among an engine's; undefined when there are none. */
export function readLabels(written: Readonly<Record<string, string>>): Labels | undefined {
  const { [ownerLabel]: owner, [`${prefix}run`]: run, [`${prefix}job`]: job, [`${prefix}step`]: step } = written;
  if (owner === undefined || run === undefined) return undefined;
  return { owner, run, ...(job === undefined ? {} : { job }), ...(step === undefined ? {} : { step }) };
}

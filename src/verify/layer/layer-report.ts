import type { LayerPlace } from "../../finding/finding.ts";
import { elfTypes } from "../program/elf-header.ts";
import type { LayerFacts } from "./facts.ts";
import { architectureOf, describeCode } from "../program/identity.ts";

/** One layer of an image, with the machine code that it brings: what shows which layer came from a wrong base. */
export interface LayerReport extends LayerPlace {
  /** Uncompressed bytes; absent for a layer that was not read. */
  readonly unpackedSize?: number;
  /** Files of programs and libraries by what they are code for (`linux/arm64`), also those that higher layers hide. */
  readonly code: Readonly<Record<string, number>>;
}

/** Tells what machine code a layer holds. */
export function layerReport(place: LayerPlace, facts: LayerFacts | undefined): LayerReport {
  if (facts === undefined) return { ...place, code: {} };
  const counts = new Map<string, number>();
  for (const { elf } of facts.entries) {
    if (elf === undefined || (elf.type !== elfTypes.executable && elf.type !== elfTypes.shared)) continue;
    const architecture = architectureOf(elf);
    const code = architecture === undefined ? describeCode(elf) : `linux/${architecture}`;
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  const code = Object.fromEntries([...counts].sort(([a, many], [b, few]) => few - many || (a < b ? -1 : 1)));
  return { ...place, unpackedSize: facts.unpackedSize, code };
}

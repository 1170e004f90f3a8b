import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ElfHeader } from "./elf-header.ts";
import { ElfNumbers, fileOffset, segmentTypes } from "./elf-header.ts";

/** What the dynamic section asks of the loader. */
export interface ElfDynamic {
  /** `DT_NEEDED`, in order. */
  readonly needed: readonly string[];
  readonly soname?: string;
  /** `DT_RPATH` and `DT_RUNPATH` as written: folders separated by colons, with `$ORIGIN` and the like. */
  readonly rpath?: string;
  readonly runpath?: string;
}

/** Values of `d_tag`. */
const tags = { end: 0, needed: 1, stringTable: 5, soname: 14, rpath: 15, runpath: 29 } as const;

/** Bytes of a dynamic section that are looked at: real ones have some dozens of entries of 16 bytes. */
export const maxDynamicBytes = 64 * 1024;

/** Most libraries that one file may ask for: the largest seen ask for some hundred. */
const maxNeeded = 1_000;

/** Longest name or run path, bytes. */
const maxText = 4096;

/**
 * Reads the dynamic section: `undefined` for a file without one (static programs), `"unread"` when it or its strings are not
 * among the captured bytes. Never throws.
 */
export function readDynamic(file: CapturedBytes, header: ElfHeader): ElfDynamic | "unread" | undefined {
  const segment = header.segments.find(({ type }) => type === segmentTypes.dynamic);
  if (segment === undefined || segment.size === 0) return undefined;
  const bytes = file.slice(segment.offset, Math.min(segment.size, maxDynamicBytes));
  if (bytes === undefined) return "unread";
  const entries = readEntries(bytes, header);
  const table = entries.find(([tag]) => tag === tags.stringTable)?.[1];
  const strings = table === undefined ? undefined : fileOffset(header, table);
  const needed: string[] = [];
  const texts: { soname?: string; rpath?: string; runpath?: string } = {};
  for (const [tag, value] of entries) {
    if (tag !== tags.needed && tag !== tags.soname && tag !== tags.rpath && tag !== tags.runpath) continue;
    const text = strings === undefined ? undefined : file.text(strings + value, maxText);
    if (text === undefined || needed.length >= maxNeeded) return "unread";
    if (tag === tags.needed) needed.push(text);
    else if (tag === tags.soname) texts.soname = text;
    else if (tag === tags.rpath) texts.rpath = text;
    else texts.runpath = text;
  }
  return { needed, ...texts };
}

/** Tag and value of each entry, up to the end mark. */
function readEntries(bytes: Buffer, header: ElfHeader): (readonly [tag: number, value: number])[] {
  const width = header.bits / 8;
  const numbers = new ElfNumbers(bytes, header);
  const entries: (readonly [number, number])[] = [];
  for (let at = 0; at + 2 * width <= bytes.length; at += 2 * width) {
    const tag = numbers.address(at);
    if (tag === tags.end) break;
    entries.push([tag, numbers.address(at + width)]);
  }
  return entries;
}

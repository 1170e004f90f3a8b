import type { CapturedBytes } from "../layer/captured-bytes.ts";
import type { ByteRange } from "../layer/captured-bytes.ts";
import type { ElfHeader } from "./elf-header.ts";
import { segmentTypes } from "./elf-header.ts";

/** What a Go program tells about its build (Go's debug/buildinfo). */
export interface GoBuild {
  /** `go1.26.8` */
  readonly version: string;
  /** `GOARCH`, `GOARM`, `GOAMD64`, `CGO_ENABLED` and other settings in capitals. */
  readonly settings: Readonly<Record<string, string>>;
}

const magic = Buffer.from("\xff Go buildinf:", "latin1");

/** Bytes from the magic on that are looked at; a program of 300 modules has about 40 KB. */
const maxBuildInfo = 64 * 1024;

/** Flag of Go 1.18 and later: the strings follow the header of 32 bytes. */
const inlineStrings = 2;

/** Where a Go program has its build information: at the start of the first writable segment (`.go.buildinfo`). */
export function goBuildRange(header: ElfHeader): ByteRange | undefined {
  const data = header.segments.find(
    ({ type, flags, size }) => type === segmentTypes.load && (flags & 2) !== 0 && size > 0,
  );
  return data && { start: data.offset, end: data.offset + Math.min(data.size, maxBuildInfo) };
}

/** Reads the build information of Go 1.18 and later; `undefined` for other programs. Never throws. */
export function readGoBuild(file: CapturedBytes, header: ElfHeader): GoBuild | undefined {
  const range = goBuildRange(header);
  if (range === undefined) return undefined;
  const bytes = file.upTo(range.start, range.end - range.start);
  if (!bytes.subarray(0, magic.length).equals(magic) || ((bytes[15] ?? 0) & inlineStrings) === 0) return undefined;
  const version = readText(bytes, 32);
  const modules = version && readText(bytes, version.end);
  if (version === undefined || modules === undefined) return undefined;
  const settings: Record<string, string> = {};
  for (const [, key = "", value = ""] of modules.text.matchAll(/^build\t([A-Z0-9_]{1,40})=(.{0,200})$/gm))
    settings[key] = value;
  return { version: version.text.slice(0, 100), settings };
}

/** A text behind its length as a varint; a text that goes beyond the bytes is cut. */
function readText(bytes: Buffer, at: number): { readonly text: string; readonly end: number } | undefined {
  let length = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return { text: bytes.toString("utf8", at, at + length), end: at + length };
}

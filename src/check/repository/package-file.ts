import { basename } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { architecturesIn } from "../../dockerfile/architecture-name.ts";
import { architectures } from "../../platform/architecture.ts";
import { addRpmHeader } from "../../verify/packages/rpm-header.ts";
import { PackageList } from "../../verify/packages/package-list.ts";
import type { ArMember } from "./ar-archive.ts";
import type { CodeFor } from "./binary.ts";

/** What the control part of a package may be unpacked to, bytes. */
const maxControl = 8 * 1024 * 1024;

/**
 * The architecture (OCI's name) of a package of Debian: what its control file says, or its file name where that is packed with xz, which is not
 * read here. Undefined for packages for all architectures, and where it is not known.
 */
export function debianArchitecture(path: string, members: readonly ArMember[]): string | undefined {
  const control = members.find(({ name }) => name.startsWith("control.tar"));
  const text = control && unpack(control);
  const word =
    text === undefined ? /_([a-z0-9-]+)\.deb$/.exec(path)?.[1] : /^Architecture:[ \t]*([a-z0-9-]+)/m.exec(text)?.[1];
  return architectures.find(({ debian }) => debian !== undefined && debian === word)?.name;
}

/** The control file is text in an archive of tar, whose other parts are no concern here. */
function unpack({ name, content }: ArMember): string | undefined {
  try {
    if (name.endsWith(".tar")) return Buffer.from(content).toString("latin1");
    if (name.endsWith(".gz")) return gunzipSync(content, { maxOutputLength: maxControl }).toString("latin1");
    if (name.endsWith(".zst")) return zstdDecompressSync(content, { maxOutputLength: maxControl }).toString("latin1");
  } catch {
    // Damaged, cut or too large: then the name of the file has to tell.
  }
  return undefined;
}

/** Bytes of the lead of a package of RPM; the signature begins behind it. */
const leadSize = 96;

/** Marks the beginning of a header structure. */
const headerMagic = "8eade801";

/** The architecture (OCI's name) of a package of RPM, by its header; undefined for `noarch`, and where it cannot be read. */
export function rpmArchitecture(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const signature = headerAt(buffer, leadSize);
  // The header begins at the next multiple of eight behind the signature.
  const header = signature && headerAt(buffer, Math.ceil(signature.end / 8) * 8);
  if (header === undefined) return undefined;
  const list = new PackageList();
  try {
    addRpmHeader(header.bytes, list);
  } catch {
    // A header that breaks the format says nothing.
    return undefined;
  }
  const word = list.packages[0]?.architecture;
  if (word === undefined) return undefined;
  if (/^i[3-6]86$/.test(word)) return "386";
  return architectures.find(({ rpm }) => rpm !== undefined && rpm === word)?.name;
}

function headerAt(buffer: Buffer, at: number): { readonly bytes: Buffer; readonly end: number } | undefined {
  if (at + 16 > buffer.length || buffer.toString("hex", at, at + 4) !== headerMagic) return undefined;
  const end = at + 16 + buffer.readUInt32BE(at + 8) * 16 + buffer.readUInt32BE(at + 12);
  return end > buffer.length ? undefined : { bytes: buffer.subarray(at + 8, end), end };
}

/** The machines of a wheel, by the platform tags of its name (PEP 427): `manylinux2014_x86_64`, `macosx_11_0_universal2`. */
export function wheelArchitectures(path: string): CodeFor[] {
  const tags = basename(path, ".whl").split("-").at(-1) ?? "";
  return tags.split(".").flatMap((tag) => {
    const os = /^(?:many|musl)?linux/.test(tag) ? "linux" : tag.startsWith("macosx") ? "darwin" : "windows";
    if (os === "darwin" && tag.endsWith("universal2"))
      return ["amd64", "arm64"].map((architecture) => ({ os, architecture }));
    const name = /(?<=_)(?:x86_64|aarch64|i[3-6]86|armv[67]l|ppc64le|s390x|riscv64|arm64|amd64)$/.exec(tag)?.[0];
    return name === undefined ? [] : architecturesIn(name).map(({ architecture }) => ({ os, architecture }));
  });
}

/** A member of an archive of `ar`: a static library, or a package of Debian. */
export interface ArMember {
  readonly name: string;
  /** What of it is there: an archive may be cut. */
  readonly content: Uint8Array;
}

/** Most members that are looked at. */
const maxMembers = 10_000;

/** Bytes of the header of a member: name, time, owner, group, mode, size, end mark (`<ar.h>`). */
const headerSize = 60;

/** The members of an archive that begins with `!<arch>` and a line feed, as far as its bytes go. Never throws. */
export function readArMembers(bytes: Uint8Array): ArMember[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const members: ArMember[] = [];
  for (let at = 8; at + headerSize <= buffer.length && members.length < maxMembers;) {
    if (buffer.toString("latin1", at + 58, at + headerSize) !== "`\n") break;
    const size = Number(buffer.toString("latin1", at + 48, at + 58).trim());
    if (!Number.isSafeInteger(size) || size < 0) break;
    const start = at + headerSize;
    const name = buffer.toString("latin1", at, at + 16).trim();
    members.push({
      name: name.length > 1 ? name.replace(/\/$/, "") : name,
      content: buffer.subarray(start, start + size),
    });
    // Members begin at even places.
    at = start + size + (size % 2);
  }
  return members;
}

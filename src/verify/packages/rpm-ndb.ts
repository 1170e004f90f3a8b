import { UnreadableDatabase } from "./package-list.ts";

/** Sizes and magic words (rpm, lib/backend/ndb/rpmpkg.c); all numbers are little-endian. */
const headerSize = 32;
const slotSize = 16;
const pageSize = 4096;
const blockSize = 16;
const blobHeadSize = 16;
const blobTailSize = 12;

/** How many pages of slots the header of a file of 64 MiB can name, with room. */
const maxSlotPages = 4096;

/**
 * The blobs of RPM's `Packages.db` (the back end "ndb"), one header each: slots at the beginning of the file tell where they
 * are. Throws {@link UnreadableDatabase} for what breaks the format.
 */
export function* readNdbBlobs(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (file.length < headerSize || file.toString("latin1", 0, 4) !== "RpmP") {
    throw new UnreadableDatabase("is no package database of RPM");
  }
  if (file.readUInt32LE(4) !== 0) throw new UnreadableDatabase("is of a version that is not known here");
  const slotPages = file.readUInt32LE(12);
  const slotsEnd = slotPages * pageSize;
  if (slotPages > maxSlotPages || slotsEnd > file.length) throw damaged();
  let room = file.length;
  for (let at = headerSize; at < slotsEnd; at += slotSize) {
    if (file.toString("latin1", at, at + 4) !== "Slot") throw damaged();
    const index = file.readUInt32LE(at + 4);
    const start = file.readUInt32LE(at + 8) * blockSize;
    const size = file.readUInt32LE(at + 12) * blockSize;
    // A slot without a block is free.
    if (start === 0) continue;
    // Blobs do not overlap: all together are no larger than the file.
    room -= size;
    if (start + size > file.length || size < blobHeadSize + blobTailSize || room < 0) throw damaged();
    const length = file.readUInt32LE(start + 12);
    const isBlob = file.toString("latin1", start, start + 4) === "BlbS" && file.readUInt32LE(start + 4) === index;
    if (!isBlob || blobHeadSize + length + blobTailSize > size) throw damaged();
    yield file.subarray(start + blobHeadSize, start + blobHeadSize + length);
  }
}

function damaged(): UnreadableDatabase {
  return new UnreadableDatabase("is damaged");
}

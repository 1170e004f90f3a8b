/** The polynomial of CRC-32 (ISO 3309, as zlib uses it), its bits reversed. */
const polynomial = 0xedb88320;

/** 1 as a polynomial of reversed bits. */
const one = 0x80000000;

/** x to the power of 8: one byte. */
const byteStep = 0x00800000;

/**
 * The CRC-32 of bytes that are followed by `count` zeros, from the CRC-32 of those bytes, in as many steps as `count` has bits: a zero byte
 * multiplies the remainder by x to the power of 8.
 */
export function crc32OfZeros(count: number, crc: number): number {
  let factor = one;
  let power = byteStep;
  for (let left = count; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) factor = multiply(factor, power);
    power = multiply(power, power);
  }
  // CRC-32 begins and ends with a complement.
  return ~multiply(factor, ~crc) >>> 0;
}

/** The product of two polynomials modulo that of CRC-32. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 31; bit >= 0; bit--) {
    if (((a >>> bit) & 1) === 1) product ^= shifted;
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}

import { ArchwayError } from "../error/error.ts";

/**
 * Reads again what came with a wrong digest: bytes that were damaged on their way must not read as a bad image. What is wrong twice is wrong where it
 * lies.
 */
export async function readTwice<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof ArchwayError) || error.code !== "DIGEST_MISMATCH") throw error;
    return read();
  }
}

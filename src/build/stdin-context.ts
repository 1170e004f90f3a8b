import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { ArchwayError } from "../error/error.ts";
import type { ContextInputs, OpenContext } from "./context.ts";
import { locatedInside } from "./located.ts";

/** Most bytes that standard input may have, as they come: 8 GiB. */
const maxInputBytes = 8 * 1024 ** 3;

/** What was read from standard input. */
interface Received {
  readonly path: string;
  /** SHA-256 of the bytes. */
  readonly digest: string;
}

/**
 * Reads the context from standard input: a tar, plain or compressed, or a lone Dockerfile, which has an empty context (as docker buildx).
 *
 * Throws `CONTEXT_INVALID`, `CONTEXT_TOO_LARGE`, `DOCKERFILE_MISSING` (kind `input`).
 */
export async function openStandardInput(file: string | undefined, inputs: ContextInputs): Promise<OpenContext> {
  const received = await receive(inputs, "a tar of the build context, or a Dockerfile");
  const directory = join(inputs.scratch, "context");
  await mkdir(directory);
  if (!(await looksLikeArchive(received.path))) {
    const dockerfile = join(inputs.scratch, "Dockerfile");
    await rename(received.path, dockerfile);
    return {
      directory,
      dockerfile,
      dockerfileName: "Dockerfile (standard input)",
      identity: `stdin ${received.digest}`,
    };
  }
  await unpack(received.path, directory, inputs.signal);
  await rm(received.path);
  const dockerfile = resolve(directory, file ?? "Dockerfile");
  const located = await locatedInside(directory, directory, dockerfile, "The tar on standard input");
  return { ...located, identity: `stdin ${received.digest}` };
}

/** Reads a Dockerfile from standard input (`-f -`). Throws `CONTEXT_INVALID`, `CONTEXT_TOO_LARGE` (kind `input`). */
export async function dockerfileFromStandardInput(inputs: ContextInputs): Promise<string> {
  const received = await receive(inputs, "a Dockerfile");
  const dockerfile = join(inputs.scratch, "Dockerfile");
  await rename(received.path, dockerfile);
  return dockerfile;
}

async function receive(inputs: ContextInputs, what: string): Promise<Received> {
  const path = join(inputs.scratch, "stdin");
  const hash = createHash("sha256");
  let bytes = 0;
  await pipeline(
    inputs.stdin,
    async function* bounded(chunks: AsyncIterable<string | Uint8Array>) {
      for await (const chunk of chunks) {
        bytes += Buffer.byteLength(chunk);
        hash.update(chunk);
        if (bytes > maxInputBytes) {
          throw new ArchwayError({
            code: "CONTEXT_TOO_LARGE",
            kind: "input",
            message: "The build context on standard input is larger than 8 GiB.",
            hint: "Give a directory with a .dockerignore instead.",
          });
        }
        yield chunk;
      }
    },
    createWriteStream(path),
    { signal: inputs.signal },
  );
  if (bytes === 0) {
    throw new ArchwayError({
      code: "CONTEXT_INVALID",
      kind: "input",
      message: `Standard input is empty; it should be ${what}.`,
      hint: "For example: tar -c . | archway build -",
    });
  }
  return { path, digest: hash.digest("hex") };
}

async function unpack(archive: string, directory: string, signal: AbortSignal): Promise<void> {
  const child = spawn("tar", ["--extract", "--no-same-owner", "--file", archive, "--directory", directory], {
    stdio: ["ignore", "ignore", "pipe"],
    signal,
  });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  const [code]: unknown[] = await once(child, "close");
  if (code === 0) return;
  throw new ArchwayError({
    code: "CONTEXT_INVALID",
    kind: "input",
    message: `The tar on standard input could not be unpacked:\n${errors.trim()}`,
    hint: "Send a tar, plain or compressed with gzip, bzip2, xz or zstd.",
  });
}

/** True for a tar, or for one of the compressions that tar unpacks (gzip, bzip2, xz, zstd), by magic bytes. */
async function looksLikeArchive(path: string): Promise<boolean> {
  const handle = await open(path);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const magic = buffer.subarray(0, bytesRead).toString("latin1");
    return (
      magic.slice(257, 262) === "ustar" ||
      ["\x1f\x8b", "BZh", "\xfd7zXZ\0", "\x28\xb5\x2f\xfd"].some((start) => magic.startsWith(start))
    );
  } finally {
    await handle.close();
  }
}

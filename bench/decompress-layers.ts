/**
 * `node decompress-layers.ts gzip|zstd REPOSITORY-URL DIGEST…`: fetches blobs from a registry, decompresses them and computes the SHA-256 of both
 * sides, two blobs at a time, and does nothing else: what any proof that reads all layers takes at the least on this runtime.
 */
import { createHash } from "node:crypto";
import { get } from "node:http";
import type { IncomingMessage } from "node:http";
import { createGunzip, createZstdDecompress } from "node:zlib";

/** As `archway verify` decompresses. */
const chunkSize = 256 * 1024;

const [compression, url = "", ...digests] = process.argv.slice(2);
await Promise.all([readAll(), readAll()]);

async function readAll(): Promise<void> {
  for (let digest = digests.shift(); digest !== undefined; digest = digests.shift()) {
    const blob = await fetchBlob(`${url}/blobs/${digest}`);
    const compressed = createHash("sha256");
    const plain = createHash("sha256");
    const decoder = compression === "zstd" ? createZstdDecompress({ chunkSize }) : createGunzip({ chunkSize });
    blob.on("data", (chunk: Buffer) => compressed.update(chunk));
    blob.pipe(decoder);
    for await (const chunk of decoder) plain.update(chunk);
    if (`sha256:${compressed.digest("hex")}` !== digest) throw new Error(`${digest} is damaged`);
    plain.digest();
  }
}

function fetchBlob(from: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(from, (answer) =>
      answer.statusCode === 200 ? resolve(answer) : reject(new Error(`${from}: ${answer.statusCode}`)),
    ).on("error", reject);
  });
}

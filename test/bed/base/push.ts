import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { text } from "node:stream/consumers";
import * as z from "zod";
import { ArchwayError } from "../../../src/error/error.ts";
import { indexType, manifestType, type BaseLayout } from "./image.ts";

const descriptorSchema = z.object({ mediaType: z.string(), digest: z.string(), size: z.number() });
const indexSchema = z.object({ manifests: z.array(descriptorSchema) });
const manifestSchema = z.object({ config: descriptorSchema, layers: z.array(descriptorSchema) });

/**
 * Pushes all tags of a base image into an open registry on this machine (distribution API). It is the bed's own few lines, apart
 * from the store that the tests test, and needs no program.
 *
 * @param url the registry, for example `http://127.0.0.1:5000`
 * @param repository for example `library/busybox`
 */
export async function pushLayout(
  { layout, tags }: Pick<BaseLayout, "layout" | "tags">,
  url: string,
  repository: string,
): Promise<void> {
  const base = `${url}/v2/${repository}`;
  const read = (digest: string) => readFile(join(layout, "blobs", digest.replace(":", "/")));
  const putManifest = (name: string, type: string, bytes: Buffer) =>
    expect(201, { method: "PUT", url: `${base}/manifests/${name}`, headers: { "content-type": type }, body: bytes });
  const pushed = new Set<string>();
  for (const { tag, digest } of tags) {
    const index = await read(digest);
    for (const child of indexSchema.parse(JSON.parse(index.toString())).manifests) {
      if (pushed.has(child.digest)) continue;
      const manifest = await read(child.digest);
      const { config, layers } = manifestSchema.parse(JSON.parse(manifest.toString()));
      for (const blob of [config, ...layers]) {
        if (!pushed.has(blob.digest)) await pushBlob(base, layout, blob);
        pushed.add(blob.digest);
      }
      await putManifest(child.digest, manifestType, manifest);
      pushed.add(child.digest);
    }
    await putManifest(tag, indexType, index);
  }
}

async function pushBlob(
  base: string,
  layout: string,
  { digest, size }: z.infer<typeof descriptorSchema>,
): Promise<void> {
  const file = join(layout, "blobs", digest.replace(":", "/"));
  const upload = await expect(202, { method: "POST", url: `${base}/blobs/uploads/` });
  const target = new URL(upload.location, base);
  target.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream", "content-length": String(size) };
  await expect(201, { method: "PUT", url: target.href, headers, body: file });
}

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes, or the name of a file to stream. */
  readonly body?: Buffer | string;
}

/** Sends one request; throws `BED_PUSH_FAILED` with the registry's words for another status than the expected one. */
async function expect(status: number, call: Call): Promise<{ location: string }> {
  const outgoing = request(call.url, { method: call.method, headers: call.headers });
  const answered = new Promise<{ status: number; location: string; body: string }>((resolve, reject) => {
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      text(incoming).then(
        (body) => resolve({ status: incoming.statusCode ?? 0, location: incoming.headers.location ?? "", body }),
        reject,
      );
    });
  });
  if (typeof call.body === "string") await Promise.all([pipeline(createReadStream(call.body), outgoing), answered]);
  else outgoing.end(call.body);
  const answer = await answered;
  if (answer.status === status) return answer;
  throw new ArchwayError({
    code: "BED_PUSH_FAILED",
    kind: "failed",
    message: `${call.method} ${call.url} answered ${answer.status}, not ${status}: ${answer.body.slice(0, 500)}`,
  });
}

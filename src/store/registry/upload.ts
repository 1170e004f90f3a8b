import { checkedContent } from "../checked-content.ts";
import { uploadInChunks } from "./chunked-upload.ts";
import { pause, backoff, PassingError } from "./retry.ts";
import type { Upload, UploadSession } from "./upload-session.ts";
import { commit, endSession, isUploaded, startSession } from "./upload-session.ts";

/**
 * Uploads a blob. First whole in one request, which every registry takes. When that breaks, in chunks, which continue where they broke
 * and pass proxies that limit the size of a request; then the two take turns, because some registries take only one of them.
 *
 * @param session Is one that a failed mount has opened.
 * @throws ArchwayError the source's own errors, `DIGEST_MISMATCH`, `REGISTRY_ERROR`, `UNREACHABLE`, `DENIED`, `UNAUTHORIZED`.
 */
export async function uploadBlob(upload: Upload, session?: UploadSession): Promise<void> {
  const { policy } = upload.repository.transport;
  for (let attempt = 1; ; attempt++) {
    const current = attempt === 1 && session !== undefined ? session : await startSession(upload);
    try {
      await (attempt % 2 === 1 ? uploadWhole(upload, current) : uploadInChunks(upload, current));
      return;
    } catch (error) {
      await endSession(upload, current);
      if (!(error instanceof PassingError)) throw error;
      // The answer may have been lost after the registry took the blob.
      if (await isUploaded(upload)) return;
      if (attempt >= policy.attempts) throw error.reason;
    }
    await pause(backoff(policy, attempt), upload.options.signal);
  }
}

function uploadWhole(upload: Upload, session: UploadSession): Promise<void> {
  const { descriptor, source } = upload;
  return commit(upload, session.url, { length: descriptor.size, open: () => checkedContent(source, descriptor) });
}

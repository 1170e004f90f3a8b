import type { Web } from "./web.ts";

/**
 * Whether a URL can be fetched: asked by its head, and by its first byte where a server does not answer that (signed links of storage services are for one method).
 * Undefined for everything but a clear answer: a server that is down, refuses us or wants a login says nothing about the file.
 */
export async function lookUpUrl(web: Web, url: string, signal: AbortSignal): Promise<boolean | undefined> {
  const head = await web.ask({ method: "HEAD", url }, signal);
  const asked = judge(head?.status);
  if (head === undefined || asked !== undefined) return asked;
  if (![400, 403, 405, 501].includes(head.status)) return undefined;
  const first = await web.ask({ method: "GET", url, headers: { range: "bytes=0-0" } }, signal);
  return judge(first?.status);
}

function judge(status: number | undefined): boolean | undefined {
  if (status === undefined) return undefined;
  if (status >= 200 && status < 300) return true;
  return status === 404 || status === 410 ? false : undefined;
}

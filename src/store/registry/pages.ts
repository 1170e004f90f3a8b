import { ArchwayError } from "../../error/error.ts";
import type { HttpAnswer } from "./http.ts";
import type { Repository } from "./repository.ts";

/** Most pages of one listing. */
const maxPages = 10_000;

/** Most bytes of one page: 1,000 tags of 128 characters, or a large list of referrers, with room. */
const pageLimit = 8 * 1024 * 1024;

/**
 * Reads a listing page by page, following `Link: <…>; rel="next"` (distribution-spec, "Listing Tags").
 *
 * @param first Path of the first page, below the repository.
 * @returns The answers, of any status; one other than 200 is the last.
 */
export async function* pages(
  repository: Repository,
  first: string,
  options: { readonly doing: string; readonly accept: string; readonly signal?: AbortSignal },
): AsyncIterable<HttpAnswer> {
  const { doing, accept, signal } = options;
  const visited = new Set<string>();
  let target: string | URL = first;
  for (let page = 0; page < maxPages; page++) {
    const answer = await repository.send({
      method: "GET",
      target,
      access: "pull",
      doing,
      headers: { accept },
      limit: pageLimit,
      ...(signal === undefined ? {} : { signal }),
    });
    yield answer;
    const next = nextOf(answer.headers.link);
    if (answer.status !== 200 || next === undefined) return;
    const url = await repository.transport.locate(next, answer);
    if (url.origin !== answer.url.origin) throw wrongLink(answer.url, `at ${url.host}`);
    if (visited.has(url.href)) throw wrongLink(answer.url, "where it has been before");
    visited.add(url.href);
    target = url;
  }
  throw new ArchwayError({
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    message: `cannot ${doing} ${repository.name}: there are more than ${maxPages} pages`,
  });
}

/** The target of the link with relation `next` (RFC 8288). */
function nextOf(header: string | string[] | undefined): string | undefined {
  const text = Array.isArray(header) ? header.join(", ") : (header ?? "");
  for (const [, target, parameters] of text.matchAll(/<([^>]*)>((?:\s*;[^,<]*)*)/g)) {
    if (/;\s*rel\s*=\s*"?next"?\s*(?:;|$)/i.test(parameters ?? "")) return target;
  }
  return undefined;
}

function wrongLink(from: URL, where: string): ArchwayError {
  return new ArchwayError({
    code: "REGISTRY_ERROR",
    kind: "unreachable",
    message: `${from.host} says that its listing goes on ${where}: that is not followed`,
  });
}

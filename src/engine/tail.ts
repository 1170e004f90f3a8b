/** Characters of a log that are kept for messages: the last 20 lines of almost every program. */
const tailLimit = 16 * 1024;

/** Adds text to the kept end of a log and forgets its beginning. */
export function appendTail(kept: string, text: string): string {
  const joined = kept + text;
  // Cut rarely, so that long logs do not cost a copy a line.
  return joined.length > 2 * tailLimit ? joined.slice(-tailLimit) : joined;
}

/** The last lines that say something, for messages. */
export function lastLines(text: string, count = 20): string {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines.slice(-count).join("\n");
}

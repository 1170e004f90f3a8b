import { createWriteStream, mkdirSync } from "node:fs";
import type { WriteStream } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { formatPlatform } from "../platform/platform.ts";
import type { BuildEvent } from "./events.ts";
import { platformFolder } from "./sink.ts";

/** How many builds' logs are kept. */
const keptBuilds = 20;
/** Bytes of one platform's log; what a step prints beyond is left out, and the log says so. */
const maxLogBytes = 64 * 1024 ** 2;

/** The full logs of one build, a file a platform. */
export interface BuildLogs {
  /** Folder of the files. */
  readonly folder: string;
  event(event: BuildEvent): void;
  /** Whether there is anything to read. */
  written(): boolean;
  /** Ends the files. */
  close(): Promise<void>;
}

/**
 * Keeps everything that each platform's build printed in `parent/TIME-PROCESS/PLATFORM.log`, and removes the folders of all but the last
 * builds. Logs are a help: a disk that takes none stops no build.
 */
export function keepLogs(parent: string, now: () => number): BuildLogs {
  const stamp = new Date(now()).toISOString().replaceAll(":", "-");
  const folder = join(parent, `${stamp}-${process.pid}`);
  const files = new Map<string, { stream: WriteStream; bytes: number; broken: boolean }>();

  const fileOf = (name: string, path: string) => {
    const known = files.get(name);
    if (known) return known;
    const entry = { stream: createWriteStream(path), bytes: 0, broken: false };
    entry.stream.on("error", () => (entry.broken = true));
    files.set(name, entry);
    return entry;
  };
  const write = (event: Extract<BuildEvent, { type: "engine" }>, text: string) => {
    const file = fileOf(formatPlatform(event.platform), join(folder, `${platformFolder(event.platform)}.log`));
    if (file.broken || file.bytes > maxLogBytes) return;
    file.bytes += text.length;
    file.stream.write(file.bytes > maxLogBytes ? "\n[the log ends here: it is longer than 64 MiB]\n" : text);
  };
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch {
    return { folder, event: () => undefined, written: () => false, close: async () => undefined };
  }
  return {
    folder,
    event(event) {
      if (event.type !== "engine") return;
      const line = lineOf(event.event);
      if (line !== undefined) write(event, line);
    },
    written: () => files.size > 0,
    async close() {
      await Promise.all(
        [...files.values()].map(async ({ stream, broken }) => broken || new Promise((end) => stream.end(end))),
      );
      const folders = await readdir(parent).catch(() => []);
      for (const old of folders.toSorted((a, b) => (a < b ? -1 : 1)).slice(0, -keptBuilds)) {
        await rm(join(parent, old), { recursive: true, force: true }).catch(() => undefined);
      }
    },
  };
}

function lineOf(event: Extract<BuildEvent, { type: "engine" }>["event"]): string | undefined {
  switch (event.type) {
    case "log":
      return event.text.endsWith("\n") ? event.text : `${event.text}\n`;
    case "step":
      return `--- ${new Date(event.at).toISOString()} ${event.state}: ${event.name}${event.error ? `: ${event.error}` : ""}\n`;
    case "warning":
      return `--- warning: ${event.text}\n`;
    case "progress":
      return undefined;
  }
}

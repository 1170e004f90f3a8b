import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { withLayoutLock } from "../store/layout-lock.ts";
import { isRunning } from "../store/process-mark.ts";

/** A job's turn in its concurrency group. */
export interface Turn {
  /** Aborted when a newer run takes the group over. */
  readonly superseded: AbortSignal;
  leave(): Promise<void>;
}

/** What asks for a turn. */
export interface TurnRequest {
  /** Folder of all groups, shared by the processes of one user. */
  readonly folder: string;
  readonly group: string;
  /** Makes the older ones end, those of this process excepted. */
  readonly cancel: boolean;
  /** Mark of this process. */
  readonly owner: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Milliseconds between two looks at the folder of a group. */
const interval = 200;
let tickets = 0;

/**
 * Waits until no older job is in the group, in this process or in another one on this machine. Every job has a ticket, a file `TIME-NUMBER-MARK` in the folder of the
 * group; the lowest one of a process that still runs has the turn, and `TICKET.cancel` tells its owner to end. Throws the reason of the signal.
 */
export async function joinGroup(request: TurnRequest, signal: AbortSignal): Promise<Turn> {
  const { group, cancel, owner, now } = request;
  const folder = join(request.folder, createHash("sha256").update(group).digest("hex").slice(0, 32));
  await mkdir(folder, { recursive: true });
  tickets += 1;
  const number = String(tickets).padStart(6, "0");
  // One at a time: a ticket with an earlier time must not come into sight after a later one has its turn.
  const ticket = await withLayoutLock(
    folder,
    async () => {
      const name = `${String(now()).padStart(15, "0")}-${number}-${owner}`;
      await writeFile(join(folder, name), group);
      return name;
    },
    signal,
  );
  const file = join(folder, ticket);
  const word = `${file}.cancel`;
  const superseded = new AbortController();
  const watch = setInterval(() => {
    if (existsSync(word)) superseded.abort();
  }, interval);
  watch.unref();
  const leave = async (): Promise<void> => {
    clearInterval(watch);
    await Promise.all([rm(file, { force: true }), rm(word, { force: true })]);
  };
  try {
    for (;;) {
      const older = await olderTickets(folder, ticket);
      if (older.length === 0) return { superseded: superseded.signal, leave };
      for (const one of older) if (cancel && ownerOf(one) !== owner) await writeFile(join(folder, `${one}.cancel`), "");
      await sleep(interval, undefined, { signal: AbortSignal.any([signal, superseded.signal]) });
    }
  } catch (error) {
    // A newer run took over while this one waited: it gets a turn that is over already.
    if (superseded.signal.aborted && !signal.aborted) return { superseded: superseded.signal, leave };
    await leave();
    throw error;
  }
}

/** Tickets before this one whose processes run; what gone ones left is removed. */
async function olderTickets(folder: string, ticket: string): Promise<readonly string[]> {
  const older: string[] = [];
  for (const name of (await readdir(folder)).toSorted()) {
    if (!/^\d/.test(name) || name.endsWith(".cancel") || name >= ticket) continue;
    if ((await isRunning(ownerOf(name))) === false) {
      await Promise.all([".cancel", ""].map((end) => rm(join(folder, `${name}${end}`), { force: true })));
    } else older.push(name);
  }
  return older;
}

function ownerOf(ticket: string): string {
  return ticket.split("-").slice(2).join("-");
}

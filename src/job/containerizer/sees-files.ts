import { randomUUID } from "node:crypto";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { EngineFacts } from "./containerizer.ts";
import { createdAnswer } from "./docker-answers.ts";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";
import { writeLabels } from "./labels.ts";
import { retryTransient } from "./transient-refusal.ts";

/**
 * Whether an engine mounts the files of this machine: tried, not guessed from its endpoint, since a socket of this machine may lead to a virtual machine, to another mount namespace, or through ssh to
 * elsewhere. A folder with a name that nobody else has is made below `folder`, in that of this process, which a later start removes when this one is killed; and a container asked for that needs it; nothing of it stays. False when that cannot be told: an engine that does not see files
 * gets them sent.
 */
export async function seesFiles(
  engine: EngineHttp,
  { kind, owner }: Pick<EngineFacts, "kind"> & { readonly owner: string },
  folder: string,
  signal: AbortSignal,
): Promise<boolean> {
  const word = randomUUID();
  const own = join(folder, owner);
  const unique = join(own, `probe-${word}`);
  await mkdir(unique, { recursive: true });
  try {
    return kind === "docker"
      ? await isImageAllThatLacks(engine, unique, word, signal)
      : await isRootFound(engine, unique, { word, owner }, signal);
  } finally {
    await rm(unique, { force: true, recursive: true });
    // Only when nothing else is in it.
    await rmdir(own).catch(() => undefined);
  }
}

/** Docker looks at mounts first: an image that is missing (404) is then all that it has to complain of; a path that is missing is a wrong request (400). */
async function isImageAllThatLacks(
  engine: EngineHttp,
  folder: string,
  word: string,
  signal: AbortSignal,
): Promise<boolean> {
  // The old form of a mount would make a folder where there is nothing.
  const Mounts = [{ Type: "bind", Source: folder, Target: "/probe", ReadOnly: true }];
  const body = { Image: `localhost/archway-absent:${word}`, HostConfig: { Mounts } };
  try {
    await engine.json({ method: "POST", path: "/containers/create", body }, signal);
    return false;
  } catch (error) {
    if (error instanceof EngineRefusal) return error.status === 404;
    throw error;
  }
}

/** Podman looks at the image first, but takes a folder in its place, which must be there. */
async function isRootFound(
  engine: EngineHttp,
  folder: string,
  { word, owner }: { readonly word: string; readonly owner: string },
  signal: AbortSignal,
): Promise<boolean> {
  // Labelled as all of ours: one that a cancel leaves behind is removed by a later start.
  const labels = writeLabels({ owner, run: "" });
  const body = { name: `archway-probe-${word}`, rootfs: folder, command: ["none"], labels };
  try {
    const path = "/v4.0.0/libpod/containers/create";
    const ask = () => engine.json({ method: "POST", path, body }, signal);
    const { Id } = createdAnswer.parse(await retryTransient(ask, { signal }));
    const gone = { method: "DELETE", path: `/containers/${Id}?force=true` } as const;
    await engine.json(gone, AbortSignal.timeout(30_000));
    return true;
  } catch (error) {
    if (error instanceof EngineRefusal) return false;
    throw error;
  }
}

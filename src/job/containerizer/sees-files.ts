import { randomUUID } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { extract } from "tar-stream";
import type { EngineFacts } from "./containerizer.ts";
import { createdAnswer } from "./docker-answers.ts";
import { getArchive } from "./engine-archive.ts";
import { type EngineHttp, EngineRefusal } from "./engine-http.ts";

/**
 * Whether an engine mounts the files of this machine: tried, not guessed from its endpoint, since a socket of this machine may lead to a virtual machine, to another mount namespace, or through ssh to
 * elsewhere. A file that nobody else has is made in a folder, and asked for. False when that cannot be told: an engine that does not see files gets them sent.
 *
 * @param empty loads an image with nothing in it and gives its name; for Podman alone, which looks for images before it looks at mounts
 */
export async function seesFiles(
  engine: EngineHttp,
  { kind }: EngineFacts,
  folder: string,
  empty: () => Promise<string>,
  signal: AbortSignal,
): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  const word = randomUUID();
  const file = join(folder, `.archway-${word}`);
  await writeFile(file, word, { flag: "wx" });
  const create = async (Image: string) => {
    // The old form of a mount would make a folder where there is nothing.
    const Mounts = [{ Type: "bind", Source: file, Target: "/probe", ReadOnly: true }];
    const body = { Image, HostConfig: { Mounts } };
    const answer = await engine.json({ method: "POST", path: "/containers/create", body }, signal);
    return createdAnswer.parse(answer).Id;
  };
  try {
    if (kind === "docker") return await isLackingAlone(() => create(`localhost/archway-absent:${word}`));
    const id = await create(await empty());
    try {
      return await hasContent(engine, id, word, signal);
    } finally {
      await engine.json({ method: "DELETE", path: `/containers/${id}?force=true` }, AbortSignal.timeout(30_000));
    }
  } catch (error) {
    if (error instanceof EngineRefusal) return false;
    throw error;
  } finally {
    await rm(file, { force: true });
  }
}

/** Docker looks at mounts first: an image that is missing (404) is then all that it has to complain of; a path that is missing is a wrong request (400). */
async function isLackingAlone(create: () => Promise<string>): Promise<boolean> {
  try {
    await create();
    return false;
  } catch (error) {
    if (error instanceof EngineRefusal) return error.status === 404;
    throw error;
  }
}

async function hasContent(engine: EngineHttp, id: string, word: string, signal: AbortSignal): Promise<boolean> {
  const tar = await getArchive(engine, id, "/probe", signal);
  if (tar === undefined) return false;
  for await (const entry of tar.pipe(extract())) if ((await text(entry)) === word) return true;
  return false;
}

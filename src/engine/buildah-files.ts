import { copyFile, mkdir, stat, symlink, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { cpuSecret, withCpuModel } from "./cpu-model.ts";
import type { EmulatedCpu, EngineRequest, Secret } from "./engine.ts";
import { withPinnedBases } from "./pinned-dockerfile.ts";
import { plainHttpHosts, registriesConf } from "./registries-conf.ts";

/** What Archway itself adds to one build of Buildah, beside the request. */
export interface BuildahFiles {
  /** Where it writes the digest of what it pushed into the layout. */
  readonly digest: string;
  /** The Dockerfile with pinned bases. */
  readonly dockerfile: string;
  /** The ignore file that belongs to the Dockerfile alone. */
  readonly ignoreFile?: string;
  /** The request's secrets, and those that the changed Dockerfile uses. */
  readonly secrets: readonly Secret[];
  /** Folder with the certificates of registries' authorities. */
  readonly certificates?: string;
  /** Variables for Buildah. */
  readonly env: Readonly<Record<string, string>>;
}

/** Writes the files of one build into its scratch folder. */
export async function writeBuildahFiles(
  directory: string,
  request: EngineRequest,
  cpu: EmulatedCpu | undefined,
  env: NodeJS.ProcessEnv,
): Promise<BuildahFiles> {
  const { source, context, dockerfile, registries = {} } = request;
  const pinned = withPinnedBases(source);
  const path = join(directory, "Dockerfile");
  await writeFile(path, cpu === undefined ? pinned : withCpuModel(pinned, cpu));

  const hosts = plainHttpHosts(
    [...Object.values(request.bases), ...source.bases.map((use) => use.manifest)],
    registries,
  );
  const settings = join(directory, "registries.conf");
  if (hosts.length > 0) await writeFile(settings, await registriesConf(hosts, env));

  const authorities = Object.values(registries).flatMap(({ ca }) => ca ?? []);
  const certificates = join(directory, "certificates");
  if (authorities.length > 0) await mkdir(certificates);
  for (const [index, ca] of authorities.entries()) await copyFile(ca, join(certificates, `${index}.crt`));

  const ignoreFile = `${dockerfile}.dockerignore`;
  return {
    digest: join(directory, "digest"),
    dockerfile: path,
    ...(context.kind === "directory" && (await exists(ignoreFile)) ? { ignoreFile } : {}),
    secrets: [...(await nameableSecrets(directory, request.secrets)), ...(cpu === undefined ? [] : [cpuSecret])],
    ...(authorities.length === 0 ? {} : { certificates }),
    env: {
      ...(hosts.length === 0 ? {} : { CONTAINERS_REGISTRIES_CONF: settings }),
      ...(cpu === undefined ? {} : { [cpuSecret.env]: cpu.model }),
    },
  };
}

/** Buildah's flags know no quotes: a file with a comma in its path gets a link without. */
async function nameableSecrets(directory: string, secrets: readonly Secret[]): Promise<Secret[]> {
  const nameable: Secret[] = [];
  for (const [index, secret] of secrets.entries()) {
    if ("env" in secret || !/[,"]/.test(secret.file)) {
      nameable.push(secret);
      continue;
    }
    const file = join(directory, `secret-${index}`);
    await symlink(resolve(secret.file), file);
    nameable.push({ id: secret.id, file });
  }
  return nameable;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

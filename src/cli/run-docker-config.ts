import { readFile, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { CliContext } from "./context.ts";

type Environment = CliContext["env"];

/** What of the user's own `config.json` says where engines and plug-ins are; all the rest of it may be a login. */
const ownSettings = z.object({
  currentContext: z.string().exactOptional(),
  cliPluginsExtraDirs: z.array(z.string()).exactOptional(),
});

/**
 * Makes a folder the Docker configuration of one job, and returns the variables that lead Docker's and Podman's programs, and ourselves, to it and away from the user's.
 *
 * Where the job starts `docker` it finds the user's engine as the user does: by the current context, and by the plug-ins and the builders of buildx. Of these
 * the contexts are linked, which Docker's client has no other way to look for.
 *
 * @param folder empty, closed to others, and removed with the job
 * @param parts.logins `config.json` with the logins of the job
 */
export async function writeDockerConfig(
  folder: string,
  { logins, env, startsDocker }: { readonly logins: string; readonly env: Environment; readonly startsDocker: boolean },
): Promise<Readonly<Record<string, string>>> {
  const file = join(folder, "config.json");
  const leads = { DOCKER_CONFIG: folder, REGISTRY_AUTH_FILE: file };
  if (!startsDocker) {
    await writeFile(file, logins, { mode: 0o600 });
    return leads;
  }
  const own = env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker");
  const { currentContext, cliPluginsExtraDirs = [] } = await readOwn(join(own, "config.json"));
  const settings = {
    ...z.record(z.string(), z.unknown()).parse(JSON.parse(logins)),
    ...(currentContext === undefined ? {} : { currentContext }),
    cliPluginsExtraDirs: [join(own, "cli-plugins"), ...cliPluginsExtraDirs],
  };
  await writeFile(file, `${JSON.stringify(settings)}\n`, { mode: 0o600 });
  await symlink(join(own, "contexts"), join(folder, "contexts"));
  return { ...leads, BUILDX_CONFIG: env["BUILDX_CONFIG"] || join(own, "buildx") };
}

/** A file that is missing or broken says nothing: whoever uses Docker by hand is told by Docker. */
async function readOwn(file: string): Promise<z.output<typeof ownSettings>> {
  try {
    return ownSettings.safeParse(JSON.parse(await readFile(file, "utf8"))).data ?? {};
  } catch {
    return {};
  }
}

/** What engines search when the image sets no `PATH` (runc, Docker). */
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Value of a variable in a config's environment. */
export function environmentValue(environment: readonly string[], name: string): string | undefined {
  return environment.findLast((line) => line.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The directories that commands are looked for in. */
export function pathDirectories(environment: readonly string[]): string[] {
  const path = environmentValue(environment, "PATH") ?? defaultPath;
  return path.split(":").filter((directory) => directory.startsWith("/"));
}

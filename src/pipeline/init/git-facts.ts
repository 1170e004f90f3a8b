import type { RepositoryFiles } from "./repository-files.ts";

/** The branch that pushes are watched on: the remote's own, else `master` where the repository is on it, else `main`. */
export function mainBranch(files: Pick<RepositoryFiles, "read">): string {
  const remote = /^ref: refs\/remotes\/origin\/(\S+)/.exec(files.read(".git/refs/remotes/origin/HEAD") ?? "")?.[1];
  const here = /^ref: refs\/heads\/(\S+)/.exec(files.read(".git/HEAD") ?? "")?.[1];
  return remote ?? (here === "master" ? here : "main");
}

/** Where the images of the repository could go, by the address of its remote. */
export function suggestDestination(files: Pick<RepositoryFiles, "read">): string {
  const config = files.read(".git/config") ?? "";
  const [, host, path] =
    /^\s*url\s*=\s*(?:\w+:\/\/)?(?:[^@\s/]+@)?([^:/\s]+)[:/](?:\d+\/)?(\S+?)(?:\.git)?\/?\s*$/m.exec(config) ?? [];
  const name = path?.toLowerCase();
  if (name === undefined || !/^[a-z0-9]+(?:[._/-][a-z0-9]+)*$/.test(name)) return "registry.example/app";
  if (host === "github.com") return `ghcr.io/${name}`;
  if (host === "gitlab.com") return `registry.gitlab.com/${name}`;
  return `registry.example/${name}`;
}

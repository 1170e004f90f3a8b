/**
 * What to install for an engine, for the distribution that `/etc/os-release` describes (fields `ID` and `ID_LIKE`, os-release.5); in general terms for
 * others.
 */
export function installHint(system: NodeJS.Platform, osRelease: string): string {
  if (system !== "linux") return "Install Docker Desktop, or start buildkitd somewhere and name it in BUILDKIT_HOST.";
  const field = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, "m").exec(osRelease)?.[1] ?? "";
  const families = [field("ID"), ...field("ID_LIKE").split(" ")];
  const command = families.flatMap((family) => commands[family] ?? [])[0];
  const other = "Or start buildkitd somewhere and name it in BUILDKIT_HOST.";
  return command === undefined
    ? `Install Buildah, or Docker with its buildx plugin, from your distribution. ${other}`
    : `For Buildah and emulators: ${command}. ${other}`;
}

const commands: Readonly<Record<string, string>> = {
  debian: "apt-get install buildah runc qemu-user-static",
  ubuntu: "apt-get install buildah runc qemu-user-static",
  raspbian: "apt-get install buildah runc qemu-user-static",
  fedora: "dnf install buildah qemu-user-static",
  rhel: "dnf install buildah",
  alpine: "apk add buildah qemu-openrc qemu-aarch64 qemu-arm",
  arch: "pacman -S buildah qemu-user-static qemu-user-static-binfmt",
  suse: "zypper install buildah qemu-linux-user",
};

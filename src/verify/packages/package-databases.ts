import type { OwningPackage } from "../../finding/finding.ts";
import type { InstalledPackage } from "../layer/facts.ts";
import type { FileSystemView, ViewFile } from "../view/view.ts";

/** A package that a database of the image has. */
export interface Installed {
  readonly package: InstalledPackage;
  /** Absolute paths that may hold machine code, as the package names them. */
  readonly files: readonly string[];
}

/** The database of a package manager in the merged file system. */
export interface PackageDatabase {
  readonly kind: OwningPackage["database"];
  /** Absolute path of the file, or of the folder of files. */
  readonly path: string;
  readonly file: ViewFile;
  readonly installed: readonly Installed[];
}

/** A database that is there and was not read. */
export interface UnreadDatabase {
  readonly path: string;
  readonly file: ViewFile;
  /** Ends the sentence "it …". */
  readonly reason: string;
}

/** A file in which a package manager keeps names of architectures. */
export interface ArchitectureFile {
  readonly path: string;
  readonly file: ViewFile;
  readonly words: readonly string[];
}

/** What package managers say about an image. */
export interface PackageDatabases {
  readonly databases: readonly PackageDatabase[];
  readonly unread: readonly UnreadDatabase[];
  /** dpkg's own architecture and those that were added (`dpkg --add-architecture`); the file is absent without any. */
  readonly dpkgArchitectures?: ArchitectureFile;
  /** The architecture that apk installs for. */
  readonly apkArchitecture?: ArchitectureFile;
}

const dpkgStatus = "/var/lib/dpkg/status";
const dpkgFolder = "/var/lib/dpkg/status.d";
const apkFiles = ["/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
const rpmFolders = ["/var/lib/rpm", "/usr/lib/sysimage/rpm", "/usr/share/rpm"];
/** A conversion leaves the older file behind, which no longer counts. */
const rpmFiles = ["rpmdb.sqlite", "Packages.db", "Packages"];

/** Finds the databases of package managers in a file system. */
export function packageDatabases(view: FileSystemView): PackageDatabases {
  const databases: PackageDatabase[] = [];
  const unread: UnreadDatabase[] = [];
  const seen = new Set<string>();
  const resolve = (path: string): { path: string; file: ViewFile } | undefined => {
    const found = view.resolve(path);
    return found.kind === "file" && found.file.entry.size > 0 ? found : undefined;
  };
  /** Whether a database is there that was not met by another path. */
  const isNew = ({ path, file }: { path: string; file: ViewFile }): boolean => {
    if (seen.has(path)) return false;
    seen.add(path);
    if (file.entry.packages !== undefined) return true;
    unread.push({ path, file, reason: file.entry.unread ?? "is kept in another place than usual" });
    return false;
  };
  const add = (kind: PackageDatabase["kind"], found: { path: string; file: ViewFile } | undefined) => {
    if (found === undefined || !isNew(found)) return;
    const packages = found.file.entry.packages ?? [];
    const installed = packages.map((one) => ({ package: one, files: one.files ?? dpkgFiles(view, one) }));
    databases.push({ kind, path: found.path, file: found.file, installed });
  };
  add("dpkg", resolve(dpkgStatus));
  const folder = view.list(dpkgFolder).filter((name) => !name.endsWith(".md5sums"));
  const single = folder
    .sort()
    .flatMap((name) => resolve(`${dpkgFolder}/${name}`) ?? [])
    .filter(isNew);
  const [first] = single;
  if (first !== undefined) {
    const installed = single.flatMap(({ path, file }) =>
      (file.entry.packages ?? []).map((one) => ({ package: one, files: owned(view, `${path}.md5sums`) ?? [] })),
    );
    databases.push({ kind: "dpkg", path: dpkgFolder, file: first.file, installed });
  }
  for (const path of apkFiles) add("apk", resolve(path));
  for (const rpm of rpmFolders) {
    const [newest] = rpmFiles.flatMap((name) => resolve(`${rpm}/${name}`) ?? []);
    add("rpm", newest);
    const log = resolve(`${rpm}/rpmdb.sqlite-wal`);
    if (log !== undefined && !seen.has(log.path)) {
      seen.add(log.path);
      unread.push({ ...log, reason: "is a log of changes that are not in the database yet" });
    }
  }
  const dpkgArchitectures = architectureFile(view, "/var/lib/dpkg/arch");
  const apkArchitecture = architectureFile(view, "/etc/apk/arch");
  return {
    databases,
    unread,
    ...(dpkgArchitectures === undefined ? {} : { dpkgArchitectures }),
    ...(apkArchitecture === undefined ? {} : { apkArchitecture }),
  };
}

/** dpkg adds the architecture to the names of packages that may be installed for several. */
function dpkgFiles(view: FileSystemView, { name, architecture }: InstalledPackage): readonly string[] {
  const info = `/var/lib/dpkg/info/${name}`;
  return owned(view, `${info}:${architecture}.list`) ?? owned(view, `${info}.list`) ?? [];
}

function owned(view: FileSystemView, path: string): readonly string[] | undefined {
  const found = view.resolve(path);
  return found.kind === "file" ? found.file.entry.owns : undefined;
}

function architectureFile(view: FileSystemView, path: string): ArchitectureFile | undefined {
  const found = view.resolve(path);
  const text = found.kind === "file" ? found.file.entry.text : undefined;
  if (found.kind !== "file" || text === undefined) return undefined;
  return { path: found.path, file: found.file, words: text.split(/\s+/).filter((word) => word !== "") };
}

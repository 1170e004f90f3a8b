import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A package in a database made for a test. */
export interface MadePackage {
  readonly name: string;
  /** "1.0-1" by default. */
  readonly version?: string;
  readonly architecture: string;
  /** Absolute paths. */
  readonly files?: readonly string[];
}

/** dpkg's `status`. */
export function makeDpkgStatus(packages: readonly MadePackage[]): string {
  return packages
    .map(
      ({ name, version = "1.0-1", architecture }) =>
        `Package: ${name}\nStatus: install ok installed\nPriority: optional\nArchitecture: ${architecture}\n` +
        `Version: ${version}\nDescription: a package\n with more lines: of text\n .\n Package: this is text\n`,
    )
    .join("\n");
}

/** apk's `installed`. */
export function makeApkInstalled(packages: readonly MadePackage[]): string {
  return packages
    .map(({ name, version = "1.0-r0", architecture, files = [] }) => {
      const lines = files.map((path) => {
        const slash = path.lastIndexOf("/");
        return `F:${path.slice(1, slash)}\nM:0:0:755\nR:${path.slice(slash + 1)}\na:0:0:755\nZ:Q1abc=\n`;
      });
      return `C:Q1abc=\nP:${name}\nV:${version}\nA:${architecture}\nT:a package\n${lines.join("")}\n`;
    })
    .join("");
}

/** The header of an RPM package, as the database keeps it; `version` is `VERSION-RELEASE`. */
export function makeRpmHeader({ name, version = "1.0-1", architecture, files = [] }: MadePackage): Buffer {
  const [upstream = "", release = ""] = version.split("-");
  const folders = [...new Set(files.map((path) => path.slice(0, path.lastIndexOf("/") + 1)))];
  const strings = (...values: readonly string[]) => Buffer.from(values.map((value) => `${value}\0`).join(""));
  const indexes = Buffer.alloc(files.length * 4);
  files.forEach((path, index) =>
    indexes.writeUInt32BE(folders.indexOf(path.slice(0, path.lastIndexOf("/") + 1)), index * 4),
  );
  // The numbers come first, so that they are aligned.
  const parts: (readonly [tag: number, type: number, count: number, data: Buffer])[] = [
    [1116, 4, files.length, indexes],
    [1000, 6, 1, strings(name)],
    [1001, 6, 1, strings(upstream)],
    [1002, 6, 1, strings(release)],
    [1022, 6, 1, strings(architecture)],
    [1117, 8, files.length, strings(...files.map((path) => path.slice(path.lastIndexOf("/") + 1)))],
    [1118, 8, folders.length, strings(...folders)],
  ];
  const used = parts.filter(([, , count]) => count > 0);
  const index = Buffer.alloc(8 + used.length * 16);
  index.writeUInt32BE(used.length, 0);
  let offset = 0;
  used.forEach(([tag, type, count, data], position) => {
    [tag, type, offset, count].forEach((value, field) => index.writeUInt32BE(value, 8 + position * 16 + field * 4));
    offset += data.length;
  });
  index.writeUInt32BE(offset, 4);
  return Buffer.concat([index, ...used.map(([, , , data]) => data)]);
}

/** The bytes of a database that SQLite itself wrote. */
export function makeSqlite(fill: (database: DatabaseSync) => void): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "archway-sqlite-"));
  try {
    const file = join(folder, "test.sqlite");
    const database = new DatabaseSync(file);
    fill(database);
    database.close();
    return readFileSync(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** RPM's `rpmdb.sqlite`, with the tables that RPM makes. */
export function makeRpmSqlite(packages: readonly MadePackage[]): Buffer {
  return makeSqlite((database) => {
    database.exec("CREATE TABLE IF NOT EXISTS 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)");
    database.exec("CREATE TABLE 'Name' (key TEXT NOT NULL, hnum INTEGER NOT NULL, idx INTEGER NOT NULL)");
    const insert = database.prepare("INSERT INTO Packages (blob) VALUES (?)");
    for (const one of packages) insert.run(makeRpmHeader(one));
  });
}

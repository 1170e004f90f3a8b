import type { PackagesRead } from "./package-list.ts";
import { linesOf, readingPackages } from "./package-list.ts";

/**
 * Reads the database of Alpine's package manager, `/lib/apk/db/installed`: paragraphs of `X:value` lines, of which `P` is the
 * name, `V` the version, `A` the architecture, `F` a folder (relative to the root) and `R` a file in the last folder
 * (Alpine wiki, "Apk spec": installed database V2).
 */
export function readApkInstalled(bytes: Uint8Array): PackagesRead {
  return readingPackages((list) => {
    let name = "";
    let version = "";
    let architecture = "";
    let folder = "/";
    let files: string[] = [];
    const finish = () => {
      list.add(name, version, architecture, files);
      name = version = architecture = "";
      folder = "/";
      files = [];
    };
    for (const line of linesOf(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"))) {
      if (line === "") {
        finish();
        continue;
      }
      if (line[1] !== ":") continue;
      const value = line.slice(2);
      if (line.startsWith("P")) name = value;
      else if (line.startsWith("V")) version = value;
      else if (line.startsWith("A")) architecture = value;
      else if (line.startsWith("F")) folder = `/${value}`;
      else if (line.startsWith("R")) {
        const path = list.path(folder, value);
        if (path !== undefined) files.push(path);
      }
    }
    finish();
  });
}

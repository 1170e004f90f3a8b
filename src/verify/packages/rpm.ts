import { readHashValues } from "./berkeley-hash.ts";
import type { PackagesRead } from "./package-list.ts";
import { readingPackages } from "./package-list.ts";
import { addRpmHeader } from "./rpm-header.ts";
import { readNdbBlobs } from "./rpm-ndb.ts";
import { readTable } from "./sqlite-pages.ts";

/** Reads `rpmdb.sqlite`, RPM's database since 4.16: Fedora 33, RHEL 9. */
export function readRpmSqlite(bytes: Uint8Array): PackagesRead {
  return readingPackages((list) => {
    for (const values of readTable(bytes, "Packages")) {
      const blob = values[1];
      if (blob instanceof Uint8Array) addRpmHeader(blob, list);
    }
  });
}

/** Reads `Packages.db`, RPM's own format of a database: openSUSE and SLE since 15. */
export function readRpmNdb(bytes: Uint8Array): PackagesRead {
  return readingPackages((list) => {
    for (const blob of readNdbBlobs(bytes)) addRpmHeader(blob, list);
  });
}

/** Reads `Packages`, a hash table of Berkeley DB: CentOS 7, RHEL 8, Amazon Linux 2. */
export function readRpmBerkeley(bytes: Uint8Array): PackagesRead {
  return readingPackages((list) => {
    for (const value of readHashValues(bytes)) {
      // The key 0 has the number of the next package, four bytes.
      if (value.length > 4) addRpmHeader(value, list);
    }
  });
}

/** Folders that hold no machine code that a container runs: settings, state, headers, sources, links by build id. */
const dataFolders = [
  "/etc/",
  "/var/",
  "/proc/",
  "/sys/",
  "/dev/",
  "/run/",
  "/tmp/",
  "/usr/include/",
  "/usr/src/",
  "/usr/lib/.build-id/",
];

/** Folders of what all architectures share; some packages keep jars and add-ons there all the same. */
const sharedFolders = ["/usr/share/", "/usr/local/share/"];

/** Endings of libraries, programs and archives. */
const codeEndings = wordsOf("so jar war ear aar whl egg zip node dll exe dylib");

/** Endings of files that are text or data whatever folder they are in. */
const dataEndings = wordsOf(
  "py pyi pyc pyo pyx pxd pth h hh hpp hxx inc c cc cpp cxx s go rs rb pl pm pod ph al ix t tcl lua php js cjs mjs jsx ts cts mts " +
    "tsx map json yaml yml toml xml xsl xslt xsd dtd rng html htm css md rst txt tex conf cfg ini cnf properties desktop service " +
    "socket timer target mount path slice rules preset wants mo po pot gmo qm gz bz2 xz zst lz bc mod cmd bat ps1 tpl manifest " +
    "catalog gitignore png jpg jpeg gif svg ico ttf otf woff woff2 pem crt cer list la pc m4 cmake mk am in sh bash fish zsh awk sed " +
    "vim el elc glade ui gir rda rdb rdx gresource dat db sql csv tsv hwdb enc supp spec specs modulemap typed metadata license log",
);

const dataNames = wordsOf("LICENSE COPYING README NOTICE RECORD METADATA WHEEL INSTALLER PKG-INFO Makefile");

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.split(" "));
}

/**
 * Whether the file at an absolute path may hold machine code, by its name alone. The lists of files that package managers keep
 * are cut down to these: all others are never in a finding.
 */
export function mayHoldCode(path: string): boolean {
  if (dataFolders.some((folder) => path.startsWith(folder))) return false;
  const slash = path.lastIndexOf("/");
  const dot = path.lastIndexOf(".");
  const ending = dot > slash ? path.slice(dot + 1).toLowerCase() : "";
  if (codeEndings.has(ending) || path.includes(".so.", slash)) return true;
  if (sharedFolders.some((folder) => path.startsWith(folder))) return false;
  return !dataEndings.has(ending) && !dataNames.has(path.slice(slash + 1));
}

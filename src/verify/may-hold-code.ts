/** Folders that hold no machine code that a container runs: settings, state, headers, sources, links by build id. */
const dataFolders = /^\/(?:etc|var|proc|sys|dev|run|tmp|usr\/(?:include|src)|usr\/lib\/\.build-id)(?:\/|$)/;

/** `/usr/share` is for what all architectures share; some keep jars and add-ons there all the same. */
const sharedFolder = /^\/usr\/(?:local\/)?share\//;

const codeNames = /\.(?:jar|war|ear|aar|whl|egg|zip|node|dll|exe|dylib|so(?:\.[\w.-]+)?)$/i;

/** Endings of files that are text or data whatever folder they are in. */
const dataNames =
  /\.(?:pyi?|pyc|pyo|pyx|pxd|pth|h|hh|hpp|hxx|inc|c|cc|cpp|cxx|s|go|rs|rb|pl|pm|pod|ph|al|ix|t|tcl|lua|php|js|cjs|mjs|jsx|ts|cts|mts|tsx|map|json|ya?ml|toml|xml|xsl|xslt|xsd|dtd|rng|html?|css|md|rst|txt|tex|conf|cfg|ini|cnf|properties|desktop|service|socket|timer|target|mount|path|slice|rules|preset|mo|po|pot|gmo|qm|gz|bz2|xz|zst|lz|bc|mod|cmd|bat|ps1|tpl|manifest|catalog|wants|gitignore|png|jpe?g|gif|svg|ico|ttf|otf|woff2?|pem|crt|cer|list|la|pc|m4|cmake|mk|am|in|sh|bash|fish|zsh|awk|sed|vim|el|elc|glade|ui|gir|rda|rdb|rdx|gresource|dat|db|sql|csv|tsv|hwdb|enc|supp|spec|specs|ld|x[abcdensuwr]*|modulemap|typed|metadata|license|log)$/i;

/** Names without an ending that are never code. */
const dataFileNames = /\/(?:LICENSE|COPYING|README|NOTICE|RECORD|METADATA|WHEEL|INSTALLER|PKG-INFO|Makefile)$/;

/**
 * Whether the file at an absolute path may hold machine code, by its name alone. The lists of files that package managers keep
 * are cut down to these: all others are never in a finding.
 */
export function mayHoldCode(path: string): boolean {
  if (codeNames.test(path)) return !dataFolders.test(path);
  return !dataFolders.test(path) && !sharedFolder.test(path) && !dataNames.test(path) && !dataFileNames.test(path);
}

/**
 * What a downloaded file is by its URL: `source` is compiled or unpacked from source code, `checksum` a sum, signature or certificate, `text` something
 * that people or interpreters read, `portable` a program for a virtual machine, `file` all else: probably made for one architecture.
 */
export type AssetKind = "source" | "checksum" | "text" | "portable" | "file";

const checksum =
  /\.(?:sha\d*(?:sums?)?|md5(?:sums?)?|b2sum|asc|sig|sign|minisig|sigstore|pem|crt|cer|sbom|spdx|intoto\.jsonl|digest)(?:\.txt)?$|(?:sha\d*|md5)?[-_.]?(?:sums?|checksums?|SHASUMS?)\d*(?:\.(?:txt|asc|sig))?$/i;

const text =
  /\.(?:txt|md|html?|xml|json|ya?ml|toml|ini|cfg|conf|csv|tsv|list|repo|sources|key|gpg|pub|crl|css|svg|png|jpe?g|gif|ico|ttf|otf|woff2?|pdf|sql|patch|diff|proto|tmpl|tpl|service|rules|lua|awk|vim|fish|bash|zsh|completion|dat|mmdb|pb|onnx|pt|bin\.gz|model|geojson|po|mo|1|8)$/i;

const portable =
  /\.(?:jar|war|ear|pom|phar|py|pyz|rb|pl|php|js|mjs|wasm|gem|nupkg|whl|vsix|hpi|jpi|crx|xpi|egg|dll|class|tm|groovy|kts?)$|noarch|[-_.](?:all|any|noarch|universal|multiarch|multi-arch)\.(?:deb|rpm|apk|whl)$|py[23](?:\.py3)?-none-any|registry\.npmjs\.org|repo\.packagist/i;

const source =
  /\/archive\/|\/(?:tar|zip)ball\/|\/\/codeload\.github|[-_.](?:src|source|sources|orig)(?=[-_.]|$)|\/sources?\/|\/-\/archive\/|\/get\/[^/]+\.(?:tar|zip)|\/snapshot\/|\/\/ftp\.gnu\.org|\/\/(?:ftpmirror|ftp)\.gnu|pypi\.[^/]+\/.*\.tar\.gz|pythonhosted\.org\/.*\.tar\.gz|\.git$|\.(?:src\.rpm|dsc|crate)$/i;

/** Says what a downloaded file is. The URL may hold parts that are unknown. */
export function assetKind(url: string): AssetKind {
  const path = pathOf(url);
  if (checksum.test(path)) return "checksum";
  if (source.test(path)) return "source";
  if (portable.test(path)) return "portable";
  if (text.test(path)) return "text";
  return "file";
}

/** A URL without its query and fragment. */
export function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? "";
}

/** The name of the file that a URL is of: its last part; empty for a folder. */
export function fileNameOf(url: string): string {
  const path = pathOf(url);
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether a text is a URL that a download tool gets. */
export function isUrl(text: string): boolean {
  return /^(?:https?|ftp|s3|gs):\/\/\S/.test(text);
}

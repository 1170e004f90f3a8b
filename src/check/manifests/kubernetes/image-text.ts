/** A reference to an image, as a whole text: `host:5000/path/name:tag@sha256:…`. Marks of templates may stand for parts. */
const reference =
  /^(?:[\w\uFFFC.-]+(?::[\d\uFFFC]+)?\/)?(?:[\w\uFFFC.-]+\/)*[\w\uFFFC.-]*[\w\uFFFC](?::[\w\uFFFC][\w.\uFFFC-]*)?(?:@sha256:[0-9a-f\uFFFC]+)?$/;

/** True when a text may be a reference to an image where one is expected. */
export function mayBeImage(text: string): boolean {
  return (
    text.length < 500 && reference.test(text) && /[a-z\uFFFC]/i.test(text) && !/^(?:true|false|null|\d+)$/.test(text)
  );
}

/** True when a text is a reference to an image by its form alone: a path of several parts and a tag that is no port, or a digest. */
export function isImageByForm(text: string): boolean {
  if (!mayBeImage(text)) return false;
  const match = /^(?:.*\/)([^/:@]+):([^/@]+)/.exec(text);
  if (/\/[^/]+@sha256:/.test(text)) return true;
  if (match === null) return false;
  const [host = ""] = text.split("/");
  const tag = match[2] ?? "";
  // `host.name/path:8080` is rather an address; a version of digits alone is short.
  return !/^\d{4,5}$/.test(tag) && !/^\d+\.\d+\.\d+\.\d+$/.test(host);
}

/** True when the name of a variable or a field says that it holds an image. */
export function namesImage(name: string): boolean {
  return (
    /(?:^|[^a-z])image(?:s|$|[^a-z])|[a-z]Image(?:$|[^a-z])|IMAGE|image$/.test(name) &&
    !/pull|policy|secret|size|type|format|builder_url|name_?space|tag$|version$|url$|path$|dir$/i.test(name)
  );
}

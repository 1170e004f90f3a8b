/** Joins paths relative to the repository; undefined when the result is outside of it. `""` is the repository itself. */
export function joinPath(folder: string, path: string): string | undefined {
  const parts: string[] = [];
  for (const part of `${folder}/${path}`.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/** Joins as {@link joinPath} does; undefined also for an absolute path, which is one of the machine or of an image. */
export function joinRelative(folder: string, path: string): string | undefined {
  return path.startsWith("/") ? undefined : joinPath(folder, path);
}

/** The folder of a path; `""` for a file of the repository's root. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

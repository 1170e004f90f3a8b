import { realpath } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";
import { ArchwayError, type ErrorPlace } from "../error/error.ts";
import { isMapping } from "./merge-sources.ts";
import { requireReadable } from "./yaml-bounds.ts";
import { parseYaml, type YamlSource } from "./yaml-source.ts";

/** Files that one configuration may extend. */
const maxExtended = 20;

/**
 * Reads the files that `extends` names, in its order. They are files of the repository, and extend nothing themselves. Anything that is no text there is left to the schema.
 *
 * @param file absolute path of the configuration; the names are relative to it
 * @param root folder that the files must be in
 * @throws ArchwayError `EXTENDS_INVALID` (kind `input`), and what `read` throws.
 */
export async function readExtended(
  source: YamlSource,
  {
    file,
    root,
    read,
  }: { readonly file: string; readonly root: string; readonly read: (file: string) => Promise<string> },
): Promise<readonly YamlSource[]> {
  const written = isMapping(source.value) ? source.value["extends"] : undefined;
  if (written === undefined) return [];
  const names: readonly unknown[] = Array.isArray(written) ? written : [written];
  if (names.length > maxExtended) {
    throw refuse(source.place(["extends"]), `extends names ${names.length} files; ${maxExtended} are allowed.`);
  }
  const extended: YamlSource[] = [];
  for (const [index, name] of names.entries()) {
    if (typeof name !== "string" || name === "") continue;
    const place = source.place(Array.isArray(written) ? ["extends", index] : ["extends"]);
    const path = await realpath(resolve(dirname(file), name)).catch((cause: unknown) => {
      throw refuse(place, `extends names ${name}, which cannot be read.`, "Names are relative to this file.", cause);
    });
    const within = relative(await realpath(root), path);
    if (within === ".." || within.startsWith(`..${sep}`) || isAbsolute(within)) {
      throw refuse(place, `extends names ${name}, which is outside of the repository.`, "Copy it into the repository.");
    }
    if (path === (await realpath(file))) throw refuse(place, `${name} extends itself.`);
    const content = await read(path);
    requireReadable(content, path);
    const base = parseYaml(content, path);
    if (base.value === undefined || base.value === null) continue;
    if (!isMapping(base.value)) throw refuse(base.place([]), `${name}, which is extended, must be a mapping.`);
    if (Object.hasOwn(base.value, "extends")) {
      throw refuse(
        base.keyPlace([], "extends"),
        "a file that is extended cannot extend another.",
        `Name the other file in extends of ${file}.`,
      );
    }
    extended.push(base);
  }
  return extended;
}

function refuse(place: ErrorPlace, message: string, hint?: string, cause?: unknown): ArchwayError {
  return new ArchwayError({
    code: "EXTENDS_INVALID",
    kind: "input",
    message,
    place,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Secret } from "../engine/engine.ts";
import { ArchwayError } from "../error/error.ts";
import type { CliContext } from "./context.ts";
import { parseAttributes } from "./parse-csv.ts";
import { optionError, readChoice } from "./parse-option.ts";

/** Bytes that a secret may have: BuildKit refuses more than 500 KiB (its `session/secrets`). */
const maxSecretBytes = 500 * 1024;

/**
 * Reads `id=ID[,type=file|env][,src=FILE][,env=VARIABLE]` with docker buildx's meaning: `src` of `type=env` names a variable, and an id alone
 * is the environment variable of that name when there is one, else the file.
 */
export function parseSecret(text: string, env: CliContext["env"]): Secret {
  const attributes = parseAttributes("--secret", text, ["id", "type", "src", "source", "env"]);
  const id = attributes.get("id");
  if (!id) throw optionError("--secret", text, "an id is missing.", "Write id=ID,src=FILE or id=ID,env=VARIABLE.");
  const type = attributes.get("type");
  if (type !== undefined) readChoice("--secret", type, ["file", "env"]);
  if (attributes.has("src") && attributes.has("source")) throw optionError("--secret", text, "src is given twice.");
  const source = attributes.get("src") ?? attributes.get("source");
  const variable = attributes.get("env") ?? (type === "env" ? (source ?? id) : undefined);
  if (variable !== undefined) {
    if (type === "file" || (source !== undefined && attributes.has("env"))) {
      throw optionError("--secret", text, "it names a file and an environment variable; give one of them.");
    }
    return { id, env: requireVariable(text, variable, env) };
  }
  if (source === undefined && type === undefined && env[id] !== undefined) return { id, env: id };
  return { id, file: source ?? id };
}

function requireVariable(text: string, name: string, env: CliContext["env"]): string {
  if (env[name] !== undefined) return name;
  throw optionError("--secret", text, `the environment variable ${name} is not set.`);
}

/**
 * The secrets with absolute file names, after a look at every file. Throws `SECRET_UNREADABLE` (kind `input`) for one that is
 * missing, no file, unreadable, or larger than BuildKit takes: before a build, not in the middle of it.
 */
export async function resolveSecrets(secrets: readonly Secret[], cwd: string): Promise<Secret[]> {
  return Promise.all(
    secrets.map(async (secret) => {
      if (!("file" in secret)) return secret;
      const file = resolve(cwd, secret.file);
      const problem = await secretFileProblem(file);
      if (problem === undefined) return { id: secret.id, file };
      throw new ArchwayError({
        code: "SECRET_UNREADABLE",
        kind: "input",
        message: `The secret "${secret.id}" cannot be read: ${secret.file} ${problem}.`,
        hint: "Files of --secret are relative to the working directory.",
      });
    }),
  );
}

async function secretFileProblem(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return "does not exist";
  if (!found.isFile()) return "is not a file";
  if (found.size > maxSecretBytes) return `has ${found.size} bytes, and a secret may have ${maxSecretBytes}`;
  return access(file, constants.R_OK).then(
    () => undefined,
    () => "may not be read by this user",
  );
}

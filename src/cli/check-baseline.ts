import { resolve } from "node:path";
import { baselineOf, type Fingerprints } from "../check/ignore/baseline.ts";
import type { Baseline } from "../check/ignore/baseline-file.ts";
import { ArchwayError } from "../error/error.ts";
import type { Finding } from "../finding/finding.ts";
import { readUserFile } from "./user-file.ts";
import { writeJsonFile } from "./write-json.ts";

/** Reads `--baseline FILE`. Throws `BASELINE_INVALID`, `FILE_UNREADABLE` (kind `input`). */
export async function readBaseline(cwd: string, file: string): Promise<Baseline> {
  const path = resolve(cwd, file);
  const content = await readUserFile(path, file).catch((error: unknown) => {
    if (!(error instanceof ArchwayError)) throw error;
    const { code, kind, message, cause } = error;
    throw new ArchwayError({ code, kind, message, hint: `Make it with --write-baseline ${file}.`, cause });
  });
  const [{ baselineSchema }, { parseDocument }] = await Promise.all([
    import("../check/ignore/baseline-file.ts"),
    import("../config/parse-document.ts"),
  ]);
  return parseDocument(content, path, { code: "BASELINE_INVALID", name: "the baseline", schema: baselineSchema });
}

/** Writes `--write-baseline FILE`. Throws `FILE_UNWRITABLE` (kind `input`). */
export async function writeBaseline(
  cwd: string,
  file: string,
  findings: readonly Finding[],
  fingerprints: Fingerprints,
): Promise<void> {
  await writeJsonFile(cwd, file, baselineOf(findings, fingerprints));
}

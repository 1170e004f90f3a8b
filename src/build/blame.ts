import { suspects } from "../dockerfile/causes.ts";
import type { Evaluation } from "../dockerfile/evaluation.ts";
import type { Dockerfile } from "../dockerfile/parse.ts";
import type { Finding } from "../finding/finding.ts";

/** What was built, as far as the search for a cause goes. */
export interface Built {
  readonly dockerfile: Dockerfile;
  /** What the Dockerfile means for the platform that the finding is about. */
  readonly evaluation: Evaluation;
  /** How a person names the Dockerfile. */
  readonly name: string;
}

/** Rules about code of another platform: what the search for a cause can explain. A missing entrypoint has other causes. */
const aboutForeignCode =
  /-wrong-architecture$|^(?:float-)?abi-mismatch$|^entrypoint-foreign-program$|^variant-too-new$|^native-build-missing$/;

/**
 * Gives a finding of the gate the cause that the Dockerfile shows: the line that let the wrong file in, with its code in the catalogue of silent failures. What
 * the layers alone suggested stays when the Dockerfile has nothing to say. Notes are left alone.
 */
export function blame(finding: Finding, { dockerfile, evaluation, name }: Built): Finding {
  if (finding.severity === "note" || !aboutForeignCode.test(finding.rule)) return finding;
  const createdBy = finding.layer?.createdBy;
  const [likely] = suspects(dockerfile, evaluation, {
    path: finding.path,
    ...(createdBy === undefined ? {} : { createdBy }),
  });
  if (!likely) return finding;
  return {
    ...finding,
    cause: { code: likely.code, text: `${name}:${likely.line}: ${likely.text}` },
    fix: { title: likely.fix },
  };
}

import type { Cause, Finding, LayerPlace } from "../../finding/finding.ts";

/** Why something is wrong, and what to do: the two fields of a finding. */
export type Explanation = Required<Pick<Finding, "cause" | "fix">>;

/** What a cause is told from. */
export interface Blame {
  /** The layer that holds the wrong file. */
  readonly layer: LayerPlace | undefined;
  /** OCI architecture that the file is code of. */
  readonly found: string;
  /** OCI architecture that it should be code of. */
  readonly wanted: string;
}

/** Characters of an instruction that are looked at. */
const maxLine = 10_000;

const copies = /^(?:\/bin\/sh -c )?#\(nop\)\s+(?:COPY|ADD)|^(?:COPY|ADD)\b/i;
const rootFileSystem =
  /^(?:\/bin\/sh -c )?#\(nop\)\s+ADD file:\S+ in \/\s*$|^ADD \S*(?:rootfs|\.tar)\S* \/(?:\s|$)|^#?\s*debian\.sh/i;
const downloads = /\b(?:curl|wget|aria2c|ADD\s+(?:--\S+\s+)*https?:)/i;
const compiles =
  /\b(?:go (?:build|install)|cargo (?:build|install)|gcc|g\+\+|clang|make|cmake|dotnet publish|npm (?:ci|install)|pip3? install|GOARCH=)/;

/**
 * The likely cause of wrong machine code in a layer, from the instruction that made it (silent failures S01 to S16 of the
 * catalogue). What happens in an earlier stage of the build is not in an image's history, so a copied file names the causes
 * that it may have.
 */
export function explainWrongCode(blame: Blame): Explanation {
  const { layer, found, wanted } = blame;
  const line = (layer?.createdBy ?? "").slice(0, maxLine);
  const argument = /\b(?:TARGETARCH|TARGETPLATFORM)=(?:linux\/)?([a-z0-9]+)/.exec(line)?.[1];
  if (argument !== undefined && argument !== wanted) return shadowedArgument(argument, wanted);
  // A root file system comes first; an archive that is added later is a file like others.
  if (layer?.index === 0 && (rootFileSystem.test(line) || (!copies.test(line) && !/^RUN\b/.test(line)))) {
    return wrongBase(found, wanted);
  }
  if (copies.test(line) && !/https?:\/\//.test(line)) return copied(found, wanted);
  if (usesMissingArgument(line)) return missingArgument(found);
  if (downloads.test(line)) return downloaded(line, found, wanted);
  if (compiles.test(line)) return compiled(line, found, wanted);
  const text =
    line === ""
      ? `A layer holds ${found} code; the config does not tell which instruction made it.`
      : `This instruction put ${found} code into the image.`;
  return { cause: cause("wrong-step", text), fix: look(wanted) };
}

/** The cause of a whole userland of another architecture. */
export function wrongBase(found: string, wanted: string): Explanation {
  return {
    cause: cause(
      "S01",
      `The final stage stands on the base image for ${found}: \`FROM --platform=$BUILDPLATFORM\` (or a fixed platform) in the final stage, a base pinned to the digest ` +
        "of one platform, or an engine that mixed up the platforms of a base (Buildah 1.39).",
    ),
    fix: {
      title:
        `Write the final \`FROM\` without \`--platform\`, and pin bases by the digest of their index; then the ${wanted} build takes the base for ${wanted}. ` +
        "If Buildah 1.39 built it, take another version or engine.",
    },
  };
}

function copied(found: string, wanted: string): Explanation {
  return {
    cause: cause(
      "S04",
      `A file for ${found} was copied: it was built before the image build, or in a stage that compiles for ${found} whatever the target is ` +
        "(fixed GOARCH or target triple, `ARG TARGETARCH` with a default, a build stage on $BUILDPLATFORM that does not use TARGETARCH).",
    ),
    fix: {
      title:
        `Declare \`ARG TARGETOS TARGETARCH\` without a default in the stage that compiles and hand them to the compiler; of prebuilt files copy the one named by ` +
        `$TARGETARCH (${wanted}).`,
    },
  };
}

function shadowedArgument(argument: string, wanted: string): Explanation {
  return {
    cause: cause(
      "S02",
      `The instruction ran with the architecture "${argument}" in a build for ${wanted}: a default (\`ARG TARGETARCH=${argument}\`) or a build argument shadows the ` +
        "automatic value.",
    ),
    fix: { title: "Write `ARG TARGETARCH` without a default, and pass no build argument of that name." },
  };
}

function missingArgument(found: string): Explanation {
  return {
    cause: cause(
      "S16",
      `The instruction uses an automatic platform variable that its stage does not declare, so it was empty and the tool took ${found} by itself.`,
    ),
    fix: { title: "Add `ARG TARGETARCH` (each variable that is used) to the stage, before the instruction." },
  };
}

function downloaded(line: string, found: string, wanted: string): Explanation {
  const literal = line.split(/[\s"'=]+/).find((word) => /x86[_-]64|amd64|x64|aarch64|arm64|armhf|armv7/.test(word));
  const named = literal === undefined ? "" : ` ("${literal.slice(-80)}")`;
  return {
    cause: cause("S05", `The instruction downloads a file for ${found}, whatever the target is${named}.`),
    fix: { title: `Choose the download by $TARGETARCH, with the name that its publisher gives to ${wanted}.` },
  };
}

function compiled(line: string, found: string, wanted: string): Explanation {
  const fixed = /\b(?:GOARCH|CARGO_BUILD_TARGET|--target)[= ]([\w-]+)/.exec(line)?.[0];
  return {
    cause: cause(
      "S03",
      `The instruction compiles for ${found}${fixed === undefined ? "" : `: it says ${fixed}`}, whatever the target is.`,
    ),
    fix: { title: `Take the target from $TARGETARCH (${wanted} here) instead of a fixed one.` },
  };
}

/**
 * BuildKit writes the declared arguments before the command: `RUN |1 TARGETARCH=arm64 /bin/sh -c …`. One that is used and not
 * among them was empty.
 */
function usesMissingArgument(line: string): boolean {
  if (!/^RUN (?:\|\d+ |\/bin\/(?:ba)?sh )/.test(line)) return false;
  return [...line.matchAll(/\$\{?((?:TARGET|BUILD)(?:ARCH|PLATFORM|VARIANT|OS))\b/g)].some(
    // A command may also set the variable itself.
    ([, name = ""]) => !line.includes(`${name}=`),
  );
}

function cause(code: string, text: string): Cause {
  return { code, text };
}

function look(wanted: string): Explanation["fix"] {
  return { title: `Make the instruction produce ${wanted} code, or allow the file with a reason under verify.allow.` };
}

import type { ArchwayError } from "../error/error.ts";
import { parseAttributes, refuseUnknownKeys } from "./parse-csv.ts";
import { optionError, readBoolean, readChoice } from "./parse-option.ts";

/** Where a build puts its result, as `--output` says. */
export type OutputSpec =
  /** The whole index as an OCI layout: a tar file (`-` is standard output), or a folder when `tar` is false. */
  | { readonly type: "oci"; readonly dest: string; readonly tar: boolean }
  /** This machine's platform: a `docker load` archive, or loaded into the local engine when `dest` is absent. */
  | { readonly type: "docker"; readonly dest?: string }
  /** The files of the result: a folder, one a platform when there are several, or the tar file of one platform. */
  | { readonly type: "local" | "tar"; readonly dest: string }
  /** Published; `names` are repositories or references besides the tags. By digest alone, without a tag, with `pushByDigest`. */
  | { readonly type: "registry"; readonly names: readonly string[]; readonly pushByDigest: boolean };

const outputTypes = ["oci", "docker", "local", "tar", "image", "registry"] as const;

/** Attributes that each type of `--output` takes, besides `type`. */
const attributesOf: Readonly<Record<(typeof outputTypes)[number], readonly string[]>> = {
  oci: ["dest", "tar"],
  docker: ["dest"],
  local: ["dest"],
  tar: ["dest"],
  image: ["name", "push", "push-by-digest"],
  registry: ["name", "push-by-digest"],
};

/**
 * Reads one value of `--output`: `type=…,key=value,…`, or a folder alone (`type=local`).
 * Throws `OPTION_INVALID` for an unknown type or attribute, with the nearest, and for a destination that is missing or standard output.
 */
export function parseOutput(text: string): OutputSpec {
  const option = "--output";
  if (text === "-") throw noStandardOutput(option, text, "tar");
  if (text !== "" && !text.includes("=") && !text.includes(",")) return { type: "local", dest: text };

  const attributes = parseAttributes(option, text);
  const given = attributes.get("type");
  if (given === undefined)
    throw optionError(option, text, "a type is missing.", "For example type=oci,dest=image.tar.");
  const type = readChoice(option, given, outputTypes);
  refuseUnknownKeys(option, text, attributes.keys(), ["type", ...attributesOf[type]]);
  const dest = attributes.get("dest");
  if (dest === "-") throw noStandardOutput(option, text, type);
  const flag = (key: string) => readBoolean(option, text, key, attributes.get(key) ?? "false");

  switch (type) {
    case "docker":
      return { type, ...(dest === undefined ? {} : { dest }) };
    case "oci":
    case "local":
    case "tar":
      if (!dest) throw optionError(option, text, "dest is missing.", `For example type=${type},dest=PATH.`);
      if (type !== "oci") return { type, dest };
      return { type, dest, tar: readBoolean(option, text, "tar", attributes.get("tar") ?? "true") };
    case "image":
    case "registry": {
      if (type === "image" && !flag("push")) {
        throw optionError(
          option,
          text,
          "an image that is not pushed has no place to be.",
          "Add push=true, or use type=oci or type=docker.",
        );
      }
      const names = (attributes.get("name") ?? "").split(",").filter((name) => name !== "");
      return { type: "registry", names, pushByDigest: flag("push-by-digest") };
    }
  }
}

/** An archive among the words of the result would be neither. */
function noStandardOutput(option: string, text: string, type: string): ArchwayError {
  const why = "nothing else is written to standard output, which has the result of the build in words or JSON.";
  return optionError(option, text, why, `For example type=${type},dest=${type === "local" ? "out" : "image.tar"}.`);
}

import type { EngineOutput, EngineRequest, Secret } from "./engine.ts";

/** One field of the comma-separated values that the engines' flags take: quoted when it has to be. */
export function csvField(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/** `key=value` fields as one flag's value. */
function csvFields(fields: readonly (readonly [key: string, value: string])[]): string {
  return fields.map(([key, value]) => csvField(`${key}=${value}`)).join(",");
}

/**
 * The name of a build context as BuildKit looks it up (dockerui `NamedContext`): an image reference in its familiar form, without
 * `:latest`. So one context answers for every spelling of a base in the Dockerfile: `alpine`, `library/alpine:latest`, `docker.io/library/alpine`.
 * A platform of its own (`NAME::linux/arm64`) stays.
 */
export function contextName(name: string): string {
  const [image = "", ...platform] = name.split("::");
  const familiar = image
    .replace(/^(?:index\.)?docker\.io\//, "")
    .replace(/^library\/(?=[^/]+$)/, "")
    .replace(/:latest$/, "");
  return [familiar, ...platform].join("::");
}

/** A cache as the user wrote it: a bare reference means a registry cache, as for docker buildx. */
export function cacheValue(cache: string): string {
  return cache.includes("=") ? cache : `type=registry,ref=${csvField(cache)}`;
}

/** An attestation's value as docker buildx takes it (`true`, `mode=max`, `type=provenance,mode=min`), as BuildKit's parameters; nothing for `false`. */
export function attestation(value: string | undefined): string | undefined {
  if (value === undefined || value === "false") return undefined;
  const fields = value === "true" ? [] : value.split(",").filter((field) => !field.startsWith("type="));
  return fields.includes("disabled=true") ? undefined : fields.join(",");
}

/** A secret as buildctl, docker buildx and Buildah take it: its name and place, never its value. */
export function secretValue(secret: Secret): string {
  return csvFields([["id", secret.id], "file" in secret ? ["src", secret.file] : ["env", secret.env]]);
}

/** An output as BuildKit's exporters take it, with the annotations of the manifest. */
export function outputValue(output: EngineOutput, annotations: EngineRequest["annotations"]): string {
  const notes = Object.entries(annotations).map(([key, value]) => [`annotation.${key}`, value] as const);
  switch (output.kind) {
    case "registry":
      return csvFields([
        ["type", "image"],
        ["name", output.repository],
        ["push-by-digest", "true"],
        ["name-canonical", "true"],
        ["push", "true"],
        ["oci-mediatypes", "true"],
        ...(output.plainHttp ? ([["registry.insecure", "true"]] as const) : []),
        ...notes,
      ]);
    case "layout":
      return csvFields([["type", "oci"], ["tar", "false"], ["dest", output.directory], ...notes]);
    case "files":
      // The build of one platform is flat, though its steps are named as those of many.
      return /(?:^|,)platform-split=/.test(output.value) ? output.value : `${output.value},platform-split=false`;
    default:
      return output satisfies never;
  }
}
